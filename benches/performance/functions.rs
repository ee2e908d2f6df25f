//! What `benches/micro.rs` measured of single functions, as criterion left it: read, if it is of this build.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A function with its median.
#[derive(Debug, Clone)]
pub struct Function {
    /// Group and name, as the micro-benchmarks call it.
    pub name: String,
    nanoseconds: f64,
}

impl Function {
    /// The median, in a unit that suits it.
    pub fn time(&self) -> String {
        match self.nanoseconds {
            ns if ns >= 1e6 => format!("{:.1} ms", ns / 1e6),
            ns if ns >= 1e3 => format!("{:.1} µs", ns / 1e3),
            ns => format!("{ns:.0} ns"),
        }
    }
}

/// Every function measured since this benchmark was built.
pub fn measured() -> Vec<Function> {
    let Some(exe) = std::env::current_exe().ok() else { return Vec::new() };
    let built = fs::metadata(&exe).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Some(folder) = exe.ancestors().nth(3).map(|target| target.join("criterion")) else {
        return Vec::new();
    };
    let mut found: Vec<Function> = below(&folder)
        .into_iter()
        .filter(|path| fs::metadata(path).and_then(|meta| meta.modified()).is_ok_and(|at| at >= built))
        .filter_map(|path| read(&path))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(below(&path));
        } else if path.ends_with("new/estimates.json") {
            found.push(path);
        }
    }
    found
}

fn read(estimates: &Path) -> Option<Function> {
    let json = |path: PathBuf| -> Option<serde_json::Value> {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    };
    let name = json(estimates.with_file_name("benchmark.json"))?["full_id"].as_str()?.to_owned();
    let nanoseconds = json(estimates.to_path_buf())?["median"]["point_estimate"].as_f64()?;
    Some(Function { name, nanoseconds })
}
