//! What happened in all nights together. A check says nothing about what never happens, so everything here has to.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    Calls,
    Launches,
    Restores,
    Switches,
    OutcomesUnknown,
    OutcomesFailed,
    UnknownOnScreen,
    Verified,
    SweepsFailed,
    SweepsCutShort,
    RowsGone,
    GreenRows,
    Lies,
    Disagreements,
    Killed,
    KilledBetweenIntentAndCall,
    KilledDuringACall,
    TornLines,
    DisksRefused,
    LogbooksReopened,
    Restarts,
    Takeovers,
    WrongConfirmations,
    PlansReadAgain,
    Frames,
    LeftInGoodOrder,
    Cuts,
    ServersSilent,
    Settled,
    CredentialsEnded,
    ClocksOff,
    Presumed,
    PresumedAndStsSilent,
    ClockSetAhead,
    ClockSetBack,
    MachineSlept,
    MachineStopped,
    CheckpointsKept,
    OpenedOnCheckpoints,
    OpenedBeforeAStrandThatLagged,
    CheckpointsOnDisk,
}

impl Happened {
    pub const ALL: [Self; 41] = [
        Self::Calls,
        Self::Launches,
        Self::Restores,
        Self::Switches,
        Self::OutcomesUnknown,
        Self::OutcomesFailed,
        Self::UnknownOnScreen,
        Self::Verified,
        Self::SweepsFailed,
        Self::SweepsCutShort,
        Self::RowsGone,
        Self::GreenRows,
        Self::Lies,
        Self::Disagreements,
        Self::Killed,
        Self::KilledBetweenIntentAndCall,
        Self::KilledDuringACall,
        Self::TornLines,
        Self::DisksRefused,
        Self::LogbooksReopened,
        Self::Restarts,
        Self::Takeovers,
        Self::WrongConfirmations,
        Self::PlansReadAgain,
        Self::Frames,
        Self::LeftInGoodOrder,
        Self::Cuts,
        Self::ServersSilent,
        Self::Settled,
        Self::CredentialsEnded,
        Self::ClocksOff,
        Self::Presumed,
        Self::PresumedAndStsSilent,
        Self::ClockSetAhead,
        Self::ClockSetBack,
        Self::MachineSlept,
        Self::MachineStopped,
        Self::CheckpointsKept,
        Self::OpenedOnCheckpoints,
        Self::OpenedBeforeAStrandThatLagged,
        Self::CheckpointsOnDisk,
    ];
}

/// How often each of them happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Happened, usize>);

impl Tally {
    pub fn count(&mut self, what: Happened) {
        self.add(what, 1);
    }

    pub fn add(&mut self, what: Happened, times: usize) {
        *self.0.entry(what).or_default() += times;
    }

    pub fn merge(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.add(*what, *times);
        }
    }

    pub fn never(&self) -> Vec<Happened> {
        Happened::ALL.into_iter().filter(|what| !self.0.contains_key(what)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in Happened::ALL {
            let times = self.0.get(&what).copied().unwrap_or_default();
            writeln!(f, "{times:>9} {what:?}")?;
        }
        Ok(())
    }
}
