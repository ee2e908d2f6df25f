//! What can be typed: the command line as a contract, parsed and nothing more.
//!
//! Refuses to read the environment, the disk or the clock; `run` does what is asked here. The manual page, the reference
//! and the completions are written from these definitions ([`listings`]); [`words`] turns names into an action.

pub mod listings;
pub mod moment;
pub mod words;

use clap::{Args, Parser, Subcommand, ValueEnum};
use moment::Moment;
use std::path::PathBuf;

/// A terminal cockpit for AWS outages.
///
/// Shows EC2 instances, RDS restore points and ELB registrations of every region at once, says which answers are
/// stale or lies, and brings a site back with actions that are planned, confirmed, recorded and reversible.
#[derive(Debug, Clone, Parser)]
#[command(name = "blackstart", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// Without a command: the cockpit on the configured estate.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "Exit codes: 0 done, 1 failed or partly dark, 2 usage or settings, 3 the logbook is broken.\n\
Try `blackstart demo`: the same cockpit on an outage of 2012, no account and no network needed.";

/// Options that every command takes.
#[derive(Debug, Clone, Args, Default)]
pub struct Global {
    /// Configuration file, instead of the usual places.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// AWS profile; several are shown in one table.
    #[arg(long, global = true, value_name = "P", value_delimiter = ',')]
    pub profile: Vec<String>,
    /// Region to watch; several are shown in one table.
    #[arg(long, global = true, value_name = "R", value_delimiter = ',')]
    pub region: Vec<String>,
    /// Send every service to this endpoint.
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Directory of the logbook.
    #[arg(long, global = true, value_name = "DIR")]
    pub logbook: Option<PathBuf>,
    /// Watch only: no path to any action. Notes are no actions.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Theme by name, or a file.
    #[arg(long, global = true, value_name = "T")]
    pub theme: Option<String>,
    /// Keymap by name, or a file.
    #[arg(long, global = true, value_name = "K")]
    pub keymap: Option<String>,
    /// Only ASCII on the screen.
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// What to do instead of opening the cockpit.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// The cockpit on the embedded simulator: no account, no network.
    Demo(Demo),
    /// Keep the logbook warm without a screen, until SIGTERM: what AWS lists, what probes find. Never acts.
    Record,
    /// Sweep everything once and say how it is; exit 0 if every cell is fresh, 1 if some are dark.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what an action would do; touches nothing.
    Plan {
        /// Which action.
        #[command(subcommand)]
        action: Act,
        /// As JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Make the same plan, and with the right --confirm carry it out, logged.
    Do {
        /// Which action.
        #[command(subcommand)]
        deed: Deed,
        /// The text that the plan says to type.
        #[arg(long, global = true, value_name = "TEXT")]
        confirm: Option<String>,
        /// As JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// The cockpit, read-only, driven by a log.
    Replay {
        /// Logbook directory or one strand; the estate's own by default.
        #[arg(value_name = "LOGBOOK")]
        path: Option<PathBuf>,
        /// Open at this moment (UTC): 03:12, 03:12:30, "2012-06-30 03:12" or RFC 3339; +10m from the log's beginning,
        /// -5m from its end. A time of several days is the last of them.
        #[arg(long, value_name = "TIME", value_parser = Moment::parse, allow_hyphen_values = true)]
        at: Option<Moment>,
        /// Play at so many times the speed of the log.
        #[arg(long, value_name = "N")]
        speed: Option<u32>,
    },
    /// Read, verify and export the logbook.
    Log {
        /// What to do with it.
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Write a note into the logbook.
    Note {
        /// What to write down.
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Declare an incident: a labelled span of the log.
    Declare {
        /// Its name.
        #[arg(required = true)]
        title: Vec<String>,
    },
    /// Close the declared incident.
    Close {
        /// A last word.
        summary: Vec<String>,
    },
    /// Check config, keymaps and themes: every complaint with file, line and column.
    Check,
    /// List every key, from the keymap in force.
    Keys,
    /// List the themes.
    Themes,
    /// Print the man page (roff).
    Man,
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Paint every screen from the simulator, as SVG (and PNG where a converter is installed).
    Screenshots {
        /// Where to.
        #[arg(default_value = "screenshots")]
        dir: PathBuf,
    },
}

/// Options of the demo.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// A shipped scenario by name, or a file.
    #[arg(long, value_name = "NAME", default_value = "2012-storm")]
    pub scenario: String,
    /// Another run of the same scenario.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Seconds of scenario a second.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
}

/// An action, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Act {
    /// Turn a site's maintenance mode on or off.
    Maintenance {
        /// On or off.
        state: OnOff,
        /// Site.
        site: String,
        /// Another target than the site's maintenance target.
        #[arg(long, value_name = "TARGET")]
        via: Option<String>,
    },
    /// Point a site's record at one of its targets.
    Apex {
        /// Site.
        site: String,
        /// Target.
        target: String,
    },
    /// Replace instances by new ones alike: launched, registered, the old ones taken out.
    Relaunch {
        /// Instance ids or unique names.
        #[arg(required = true, value_name = "INSTANCE")]
        instances: Vec<String>,
    },
    /// Terminate an instance.
    Terminate {
        /// Instance id or unique name.
        instance: String,
    },
    /// Restore a database from a snapshot, or to a point in time.
    Restore {
        /// Snapshot or DB instance.
        #[arg(value_name = "POINT|DB")]
        from: String,
        /// Up to when (UTC): 03:12, 03:12:30, "2012-06-30 03:12" or RFC 3339; -5m from now. The newest restorable second
        /// by default.
        #[arg(long, value_name = "TIME", value_parser = Moment::parse, allow_hyphen_values = true)]
        at: Option<Moment>,
    },
    /// Register instances under a balancer or target group.
    Register {
        /// Balancer or target group.
        balancer: String,
        /// Instance ids or unique names.
        #[arg(required = true, value_name = "INSTANCE")]
        instances: Vec<String>,
    },
    /// Deregister instances from a balancer or target group.
    Deregister {
        /// Balancer or target group.
        balancer: String,
        /// Instance ids or unique names.
        #[arg(required = true, value_name = "INSTANCE")]
        instances: Vec<String>,
    },
    /// Reverse the last apex, maintenance or registration action or undo, or the one named.
    Undo {
        /// The beginning of a plan's hash, as the log shows it.
        #[arg(value_name = "PLAN")]
        operation: Option<String>,
    },
}

/// What `do` does, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Deed {
    /// An action.
    #[command(flatten)]
    Act(Act),
    /// See what became of an action of unknown outcome, and write it down; changes nothing, needs no --confirm.
    Verify {
        /// The beginning of a plan's hash, as the log shows it; the only one that is unknown by default.
        #[arg(value_name = "PLAN")]
        plan: Option<String>,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// On.
    On,
    /// Off.
    Off,
}

/// What can be done with a log.
#[derive(Debug, Clone, Subcommand)]
pub enum LogCommand {
    /// The story, oldest first.
    Show {
        /// Logbook directory or one strand.
        #[arg(value_name = "LOGBOOK")]
        path: Option<PathBuf>,
        /// Every entry, observations too.
        #[arg(long)]
        all: bool,
    },
    /// Prove the chain: exit 0 intact, 1 torn tail only, 3 broken (names file and line).
    Verify {
        /// Logbook directory or one strand.
        #[arg(value_name = "LOGBOOK")]
        path: Option<PathBuf>,
    },
    /// A postmortem draft in Markdown.
    Report {
        /// Logbook directory or one strand.
        #[arg(value_name = "LOGBOOK")]
        path: Option<PathBuf>,
    },
    /// The timeline for programs.
    Export {
        /// Logbook directory or one strand.
        #[arg(value_name = "LOGBOOK")]
        path: Option<PathBuf>,
        /// Format.
        #[arg(long, default_value = "json")]
        format: ExportFormat,
    },
}

/// Formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line.
    Json,
    /// Comma-separated values.
    Csv,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_that_is_none_is_answered_with_one_that_is() {
        for line in [
            "blackstart replay --at yesterday",
            "blackstart replay --at --speed 5",
            "blackstart plan restore db --at 3pm",
        ] {
            let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err().to_string();
            assert!(error.contains("like 03:12,") && error.contains("2012-06-30T03:45:00Z"), "{error}");
        }
    }

    #[test]
    fn the_contract_parses() {
        for line in [
            "blackstart",
            "blackstart demo --scenario 2012-storm --seed 7 --speed 60",
            "blackstart status --json",
            "blackstart record --logbook D",
            "blackstart plan maintenance on www --via west --json",
            "blackstart do maintenance off www --confirm www",
            "blackstart plan apex www linode",
            "blackstart do verify",
            "blackstart do verify 1a2b3c4d --json",
            "blackstart do undo 1a2b3c4d --confirm www",
            "blackstart do relaunch i-1 i-2 --region us-east-1 --confirm us-east-1 --json",
            "blackstart do restore fito-db --at 2012-06-30T03:00:00Z --confirm fito-db",
            "blackstart plan register web i-1",
            "blackstart plan deregister web i-1 --region us-east-1",
            "blackstart replay DIR --at 2012-06-30T03:00:00Z --speed 60",
            "blackstart replay DIR --at 03:12",
            "blackstart replay --at -5m --speed 60",
            "blackstart plan restore db --at -1h30m --json",
            "blackstart log show DIR",
            "blackstart log verify",
            "blackstart log report",
            "blackstart log export DIR",
            "blackstart check",
            "blackstart keys",
            "blackstart themes",
            "blackstart man",
            "blackstart completions bash",
            "blackstart --config F --profile a --profile b --region us-east-1,us-west-1 --endpoint-url http://127.0.0.1:1 \
             --logbook D --read-only --theme storm --keymap vim --ascii",
        ] {
            if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
                panic!("{line}: {error}");
            }
        }
    }
}
