//! What a run stands on: settings, who we are, the logbook, the cloud.

use super::clock::Clock;
use super::driver::Driver;
use super::scribe::{Scribe, open_strand, open_strand_with_room};
use super::{Exit, complain};
use crate::app::message::LogRefusal;
use crate::app::{App, Opening};
use crate::cli::Global;
use crate::cloud::Cloud;
use crate::incident::dns::DnsServers;
use crate::incident::entry::{Actor, Mode, SessionId};
use crate::incident::place::{Profile, Region};
use crate::incident::probe::ProbeChoices;
use crate::incident::site::{Estate, Site};
use crate::incident::story::Tone;
use crate::logbook::{StrandWriter, Tail, name_session, open_recent};
use crate::settings::{Choices, Settings, Surroundings, regions};
use crate::ui::{Glyphs, Look};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// Arguments and surroundings.
#[derive(Debug, Clone)]
pub struct Ground {
    /// What every command takes.
    pub global: Global,
    /// Environment and home, as read by `main`.
    pub surroundings: Surroundings,
}

/// A cockpit's part in a logbook.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Our strand, or why it cannot be written.
    pub writer: Result<StrandWriter, LogRefusal>,
    /// What the others write.
    pub tail: Option<Tail>,
    /// Bytes of the logbook that were read after its newest checkpoint.
    pub unkept: u64,
}

impl Ground {
    /// What the settings are asked for.
    #[must_use]
    pub(crate) fn choices(&self) -> Choices {
        Choices {
            config: self.global.config.clone(),
            keymap: self.global.keymap.clone(),
            theme: self.global.theme.clone(),
            ascii: self.global.ascii,
            regions: self.global.region.clone(),
            profiles: self.global.profile.clone(),
        }
    }

    /// The settings, or the complaints printed and the exit code.
    pub(crate) fn settings(&self) -> Result<Settings, Exit> {
        crate::settings::load(&self.surroundings, &self.choices()).map_err(|complaints| {
            for complaint in &complaints {
                complain(&complaint.to_string());
            }
            complain("Nothing was started. `blackstart check` lists every complaint.");
            Exit::Usage
        })
    }

    /// Who we are, as the operating system knows us.
    #[must_use]
    pub(crate) fn actor(&self) -> Actor {
        let uid = nix::unistd::getuid();
        let known = nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
        let user = known
            .or_else(|| self.surroundings.var("USER").map(str::to_owned))
            .unwrap_or_else(|| format!("uid{uid}"));
        let host = nix::unistd::gethostname()
            .ok()
            .and_then(|name| name.into_string().ok())
            .unwrap_or_else(|| "localhost".into());
        let ssh = self.surroundings.var("SSH_CONNECTION").or_else(|| self.surroundings.var("SSH_CLIENT"));
        let ssh_client = ssh.and_then(|text| text.split_whitespace().next()).map(str::to_owned);
        Actor { user, uid: uid.as_raw(), host, ssh_client, aws: None }
    }

    /// A name for this run.
    #[must_use]
    pub(crate) fn session(&self, actor: &Actor, now: Timestamp) -> SessionId {
        name_session(now, &actor.user, &actor.host, std::process::id())
    }

    /// Where the logbook is.
    #[must_use]
    pub(crate) fn logbook_dir(&self, settings: &Settings) -> Option<PathBuf> {
        self.global.logbook.clone().or_else(|| settings.config.logbook_dir(&self.surroundings))
    }

    /// What is wrong with the logbook that a run without a screen reads: what it knows of before is missing then.
    pub(crate) fn logbook_troubles(&self, settings: &Settings, app: &App) -> Vec<String> {
        let mut troubles = app.opening.breakages.clone();
        let dir = self.logbook_dir(settings);
        let named = self.global.logbook.is_some()
            || self.surroundings.var("BLACKSTART_LOGBOOK").is_some()
            || settings.config.logbook.is_some();
        // The usual place is made by the first cockpit; one that was named may be misspelt.
        if let Some(dir) = dir.filter(|_| named)
            && let Err(error) = std::fs::metadata(&dir)
            && error.kind() == std::io::ErrorKind::NotFound
        {
            troubles.push(format!(
                "There is no logbook at {}: {error}. Nothing is known from before. Let `blackstart` or `blackstart record` \
                 begin one there, or name another with --logbook.",
                dir.display()
            ));
        }
        if let (None, Some(why)) = (&app.opening.logbook, &app.opening.logbook_fault) {
            troubles.push(format!("There is no logbook: {why}. Nothing is known from before."));
        }
        troubles
    }

    /// What the screen looks like.
    #[must_use]
    pub(crate) fn look(settings: &Settings) -> Look {
        let glyphs = if settings.ascii { Glyphs::Ascii } else { Glyphs::Unicode };
        Look { theme: settings.theme.clone(), glyphs }
    }

    /// The opening of a cockpit on the configured estate.
    #[must_use]
    pub(crate) fn opening(
        &self,
        settings: &Settings,
        mode: Mode,
        (estate, sites): (&Estate, &[Site]),
        now: Timestamp,
    ) -> Opening {
        let actor = self.actor();
        let regions: Vec<Region> = if estate.regions.is_empty() {
            regions::enabled_by_default("aws").map(Region::new).collect()
        } else {
            estate.regions.iter().map(|code| Region::new(code)).collect()
        };
        let profiles = if estate.profiles.is_empty() {
            let ambient = self
                .surroundings
                .var("AWS_PROFILE")
                .map_or_else(Profile::ambient, |name| Profile(name.into()));
            vec![ambient]
        } else {
            estate.profiles.iter().cloned().map(Profile).collect()
        };
        let session = self.session(&actor, now);
        Opening {
            estate: estate.name.clone(),
            regions,
            profiles,
            sites: sites.to_vec(),
            mode: match mode {
                Mode::Live | Mode::Demo | Mode::ReadOnly if self.global.read_only => Mode::ReadOnly,
                // These act on nothing whatever is asked.
                Mode::Live | Mode::Demo | Mode::ReadOnly | Mode::Record | Mode::Replay => mode,
            },
            pid: std::process::id(),
            complaints: settings.complaints.iter().map(ToString::to_string).collect(),
            two_operators: settings.config.approval.two_operators,
            // The simulated world has servers of its own.
            dns: if mode == Mode::Demo { DnsServers::default() } else { settings.config.dns.clone() },
            probes: if mode == Mode::Demo { ProbeChoices::default() } else { self.probes(settings) },
            ..Opening::plain(settings.keymap.clone(), session, actor)
        }
    }

    /// What is probed. Behind one endpoint for everything stands an emulator: the addresses that it lists are made up,
    /// and may be those of strangers. They are probed only when the config says so.
    fn probes(&self, settings: &Settings) -> ProbeChoices {
        let chosen = &settings.config.probes;
        ProbeChoices {
            declared: chosen.declared.clone(),
            inferred: chosen.inferred.unwrap_or_else(|| self.endpoint_url().is_none()),
            at_once: chosen.at_once,
        }
    }

    /// The one endpoint for every service, if there is one.
    fn endpoint_url(&self) -> Option<String> {
        let named = self.global.endpoint_url.clone();
        named.or_else(|| self.surroundings.var("AWS_ENDPOINT_URL").map(str::to_owned))
    }

    /// The real cloud.
    ///
    /// # Errors
    /// This build has none.
    #[cfg(feature = "aws")]
    pub(crate) fn cloud(&self, settings: &Settings) -> Result<Cloud, Exit> {
        use crate::cloud::aws::{Aws, Options};
        let endpoint_url = self.endpoint_url();
        let valid = endpoint_url.as_deref().is_none_or(|url| {
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            rest.is_some_and(|host| {
                !host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace)
            })
        });
        if !valid {
            complain(&format!(
                "--endpoint-url {}: an endpoint begins with http:// or https:// and a host. Nothing was started.",
                endpoint_url.unwrap_or_default()
            ));
            return Err(Exit::Usage);
        }
        let mut options = Options::default();
        options.endpoint_url = endpoint_url;
        options.timeouts = settings.config.timeouts.into();
        Ok(Cloud::Aws(Aws::new(options)))
    }

    /// The real cloud, which this build lacks.
    #[cfg(not(feature = "aws"))]
    pub(crate) fn cloud(&self, _: &Settings) -> Result<Cloud, Exit> {
        complain(
            "This build has no AWS in it (it was made without the feature `aws`). Try `blackstart demo`, or build with the default features.",
        );
        Err(Exit::Usage)
    }
}

/// Opens a logbook: takes in what it holds, begins our strand, follows the others.
///
/// Never fails: a logbook that cannot be read or written is a fault that the screen shows, and actions are off.
pub(crate) fn open_bench(app: &mut App, dir: Option<&Path>) -> Bench {
    let Some(dir) = dir else {
        let why: LogRefusal =
            "there is no place for it: set HOME, XDG_STATE_HOME, BLACKSTART_LOGBOOK or --logbook".into();
        refuse(app, &why);
        return Bench { writer: Err(why), tail: None, unkept: 0 };
    };
    app.opening.logbook = Some(dir.display().to_string());
    let session = app.opening.session.clone();
    let mut unkept = 0;
    let tail = match open_recent(dir, session.clone()) {
        Ok(recent) => {
            unkept = recent.unkept;
            app.opening.breakages = recent.breakages.iter().map(ToString::to_string).collect();
            // A checkpoint that does not fit costs time and no truth: it is said among the complaints, not as a breakage.
            app.opening.complaints.extend(recent.passed_over);
            if let Some(first) = recent.unreadable.first() {
                app.notice(Tone::Bad, first.clone());
            }
            app.opening.complaints.extend(recent.unreadable);
            app.begin_on(recent.incident);
            recent.tail
        }
        Err(error) => {
            app.opening.breakages.push(error.to_string());
            Tail::new(dir, session.clone())
        }
    };
    if app.opening.looks_only {
        return Bench { writer: Err("this run only looks".into()), tail: None, unkept };
    }
    let writer = match app.opening.mode {
        // Nobody watches: what it says first has to be true.
        Mode::Record => open_strand_with_room(dir, &session),
        Mode::Live | Mode::ReadOnly | Mode::Demo | Mode::Replay => open_strand(dir, &session),
    };
    match &writer {
        // A name that was taken gets a number: entries carry the name that the strand really has.
        Ok(writer) => app.opening.session = writer.session().clone(),
        Err(why) => refuse(app, why),
    }
    Bench { writer, tail: Some(tail), unkept }
}

fn refuse(app: &mut App, why: &LogRefusal) {
    app.opening.logbook_fault = Some(why.clone());
    app.log = crate::app::LogState::Refused(why.clone());
}

/// A driver with its scribe, if there is a logbook: one that cannot be written may be opened later.
pub(crate) fn drive(app: App, cloud: Cloud, mut clock: Clock, bench: Bench) -> Driver {
    clock.go_on_from(app.now);
    let driver = Driver::new(app, cloud, clock);
    match bench.tail {
        Some(tail) => {
            let scribe = Scribe::start(bench.writer.ok(), tail, bench.unkept, driver.outbox());
            driver.with_scribe(scribe)
        }
        None => driver,
    }
}

/// Threads of a runtime that runs for long: answers come one by one.
pub(crate) const THREADS: usize = 2;

/// How much nicer than the screen its threads are: a key that comes while a large answer is read does not wait for it.
#[cfg(target_os = "linux")]
const NICER: i32 = 5;

/// A runtime for whatever talks to the world, with so many threads.
pub(crate) fn runtime(threads: usize) -> Result<tokio::runtime::Runtime, Exit> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).enable_all();
    // Of the thread alone, on Linux. Where that is refused they are as they were.
    #[cfg(target_os = "linux")]
    builder.on_thread_start(|| {
        let _ = rustix::process::nice(NICER);
    });
    builder.build().map_err(|error| {
        complain(&format!("The runtime could not be started: {error}. Nothing was started."));
        Exit::Failed
    })
}
