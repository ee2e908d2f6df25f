//! Where named files come from: those shipped inside the program, and the operator's own beside the config.
//!
//! Keymaps and themes are found, listed and inherited the same way, so that is written once, here. It refuses to look
//! in the current directory. Only the readers of this folder import it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::complaint::{Complaint, nearest_names};
use super::sheet::Sheet;
use super::surroundings::Surroundings;

/// A named file and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// The name it is asked for by.
    pub(super) name: String,
    /// The file, as complaints name it.
    pub(super) file: String,
    /// Its text.
    pub(super) text: Cow<'static, str>,
    /// Is it one of the program's own?
    pub(super) shipped: bool,
}

impl Source {
    /// A file whose text is at hand; its name is the file's.
    pub(super) fn of(file: &str, text: &str) -> Self {
        Self {
            name: file.trim_end_matches(".toml").to_owned(),
            file: file.to_owned(),
            text: text.to_owned().into(),
            shipped: false,
        }
    }
}

/// Everything of one sort that can be asked for by name.
#[derive(Debug, Clone)]
pub(super) struct Library {
    /// `keymap` or `theme`.
    what: &'static str,
    shipped: &'static [(&'static str, &'static str)],
    dir: Option<PathBuf>,
}

impl Library {
    pub(super) fn new(
        what: &'static str,
        shipped: &'static [(&'static str, &'static str)],
        surroundings: &Surroundings,
    ) -> Self {
        let dir = surroundings.config_dir().map(|dir| dir.join(format!("{what}s")));
        Self { what, shipped, dir }
    }

    /// The program's own file of that name.
    pub(super) fn shipped(&self, name: &str) -> Option<Source> {
        self.shipped.iter().find(|(shipped, _)| *shipped == name).map(|(name, text)| Source {
            name: (*name).to_owned(),
            file: format!("{}s/{name}.toml", self.what),
            text: Cow::Borrowed(*text),
            shipped: true,
        })
    }

    /// The file of that name or path; the operator's own comes before the program's of the same name.
    pub(super) fn find(
        &self,
        name: &str,
        surroundings: &Surroundings,
    ) -> Result<Option<Source>, Vec<Complaint>> {
        let is_path = name.contains('/') || name.ends_with(".toml");
        let path = if is_path {
            Some(surroundings.expand(name))
        } else {
            self.dir.as_ref().map(|dir| dir.join(format!("{name}.toml")))
        };
        let own = match &path {
            Some(path) => self.own(path)?,
            None => None,
        };
        Ok(own.or_else(|| if is_path { None } else { self.shipped(name) }))
    }

    /// The file of that name or path; `asked_by` is the option or the file that named it.
    pub(super) fn asked_for(
        &self,
        name: &str,
        asked_by: &str,
        surroundings: &Surroundings,
    ) -> Result<Source, Vec<Complaint>> {
        self.find(name, surroundings)?.ok_or_else(|| {
            let complaint = Complaint::whole(asked_by, format!("there is no {} {name:?}", self.what));
            vec![self.unknown(complaint, name)]
        })
    }

    /// A file of the operator's; none when it is not there.
    pub(super) fn own(&self, path: &Path) -> Result<Option<Source>, Vec<Complaint>> {
        let Some(text) = super::read(path)? else {
            return Ok(None);
        };
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Some(Source { name, file: path.display().to_string(), text: Cow::Owned(text), shipped: false }))
    }

    /// The operator's own files, sorted by name.
    pub(super) fn own_files(&self) -> Result<Vec<PathBuf>, Vec<Complaint>> {
        let Some(dir) = &self.dir else {
            return Ok(Vec::new());
        };
        let unreadable = |error: std::io::Error| {
            vec![Complaint::whole(dir.display().to_string(), format!("cannot be listed: {error}"))]
        };
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Every name that can be asked for, the program's own first.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.shipped.iter().map(|(name, _)| (*name).to_owned()).collect();
        for path in self.own_files().unwrap_or_default() {
            if let Some(stem) = path.file_stem() {
                let name = stem.to_string_lossy().into_owned();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The complaint about a name that nothing has; `asked` is the option, or the file that asked.
    fn unknown(&self, complaint: Complaint, name: &str) -> Complaint {
        let names = self.names();
        let nearest = nearest_names(name, names.iter().map(String::as_str));
        let place =
            self.dir.as_ref().map_or_else(String::new, |dir| format!("; your own go into {}", dir.display()));
        complaint.nearest(nearest).hint(format!("{}s are: {}{place}", self.what, names.join(", ")))
    }

    /// A file and everything it inherits, the root first. A file that names no parent has the implicit one, unless it
    /// is that one itself or says `inherits = "none"`.
    pub(super) fn chain(
        &self,
        first: Source,
        implicit: Option<&str>,
        surroundings: &Surroundings,
    ) -> Result<Vec<Source>, Vec<Complaint>> {
        let mut chain = vec![first];
        loop {
            let Some(last) = chain.last() else {
                return Ok(chain);
            };
            let (mut sheet, table) = Sheet::parse(&last.file, &last.text);
            let stated = table.and_then(|table| sheet.string(&table, "inherits", "\"default\""));
            let parent = match &stated {
                Some(name) if name.get_ref() == "none" => None,
                Some(name) => Some(name.get_ref().clone()),
                None => implicit.filter(|name| !(last.shipped && *name == last.name)).map(str::to_owned),
            };
            let Some(parent) = parent else {
                chain.reverse();
                return Ok(chain);
            };
            let place = stated.map_or(0..0, |name| name.span());
            // An operator's file may carry the name of a shipped one and build on it.
            let found = if !last.shipped && parent == last.name && self.shipped(&parent).is_some() {
                self.shipped(&parent)
            } else {
                self.find(&parent, surroundings)?
            };
            let Some(found) = found else {
                let complaint =
                    sheet.at(place, format!("inherits a {} {parent:?} that does not exist", self.what));
                return Err(vec![self.unknown(complaint, &parent)]);
            };
            if let Some(start) = chain.iter().position(|known| known.file == found.file) {
                let mut ring: Vec<&str> = chain[start..].iter().map(|known| known.name.as_str()).collect();
                ring.push(&found.name);
                let what = format!("inherits itself: {}", ring.join(" -> "));
                return Err(vec![
                    sheet.at(place, what).hint("one of them has to inherit something else, or nothing"),
                ]);
            }
            chain.push(found);
        }
    }
}
