//! The plainest opening: what most of what a cockpit is told at its start is, unless somebody chose otherwise.

use super::Opening;
use crate::app::keys::Keymap;
use crate::incident::dns::DnsServers;
use crate::incident::entry::{Actor, Mode, SessionId};
use crate::incident::place::Profile;
use crate::incident::probe::ProbeChoices;

impl Opening {
    /// A live cockpit with the ambient credentials that watches no region and no site yet, without a logbook, at the
    /// operator's own speed. Its jitter is a hash of its session.
    #[must_use]
    pub fn plain(keymap: Keymap, session: SessionId, actor: Actor) -> Self {
        Self {
            estate: String::new(),
            regions: Vec::new(),
            profiles: vec![Profile::ambient()],
            sites: Vec::new(),
            keymap,
            mode: Mode::Live,
            jitter: session.0.to_string(),
            session,
            actor,
            pid: 1,
            logbook: None,
            logbook_fault: None,
            complaints: Vec::new(),
            speed: 1.0,
            breakages: Vec::new(),
            two_operators: false,
            dns: DnsServers::default(),
            probes: ProbeChoices::default(),
            looks_only: false,
            command: None,
            shares: true,
        }
    }
}
