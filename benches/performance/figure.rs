//! Figures: what several runs gave, and their median and spread.

use super::targets::{Target, Unit};

/// What was measured, several times.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The row of the table that it is for; none for what is told beside it.
    pub target: Option<Target>,
    pub what: String,
    pub unit: Unit,
    /// One figure a run.
    pub runs: Vec<f64>,
    /// How it came about, where the row's name does not say.
    pub note: String,
}

impl Figure {
    /// Of a row of the table.
    pub fn of(target: Target, runs: Vec<f64>, note: impl Into<String>) -> Self {
        Self { target: Some(target), what: target.what.into(), unit: target.unit, runs, note: note.into() }
    }

    /// Of something that has no target.
    pub fn beside(what: impl Into<String>, unit: Unit, runs: Vec<f64>, note: impl Into<String>) -> Self {
        Self { target: None, what: what.into(), unit, runs, note: note.into() }
    }

    pub fn median(&self) -> f64 {
        median(&self.runs)
    }

    /// Whether its target is met; what was not measured meets none.
    pub fn is_met(&self) -> bool {
        self.target.is_none_or(|target| !self.runs.is_empty() && self.median() < target.below)
    }

    /// Median and spread, as the document writes them.
    pub fn write(&self) -> (String, String) {
        if self.runs.is_empty() {
            return ("not measured".into(), String::new());
        }
        let spread = match self.runs.as_slice() {
            [_] => "1 run".to_owned(),
            runs => {
                let least = runs.iter().copied().fold(f64::INFINITY, f64::min);
                let most = runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                format!("{} to {}, {} runs", self.unit.write(least), self.unit.write(most), runs.len())
            }
        };
        (self.unit.write(self.median()), spread)
    }
}

/// The middle of some figures; of an even number, the mean of the middle two.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The figure that so many of a hundred do not exceed.
pub fn percentile(figures: &[f64], percent: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
