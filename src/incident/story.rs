//! The story: each entry that people care about, as one sentence. The same words on the screen, in `log show` and in
//! the report.

use super::access::{clock_turned, credentials_turned, identified, unidentified};
use super::cell::{Cell, ProbeSubject, SweepStatus, Verdict};
use super::entry::{Body, Ending, Entry, Finding, Mode, Outcome, SessionId};
use super::flapping::flapping_turned;
use super::fold::Incident;
use super::hash::PlanHash;
use super::health::claimed_trouble;
use super::place::{Account, Key, Kind, Place, Profile, Service};
use super::request::Done;
use super::resource::Resource;
use super::span::span;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Hours from which a moment is told with its date.
const DATED_AFTER_H: i64 = 12;

/// What an event means for whoever reads it; the theme gives it a colour, the sentence never needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// For the record.
    Neutral,
    /// Something came right.
    Good,
    /// Something is under way.
    Pending,
    /// Worth a look.
    Warn,
    /// Something went wrong.
    Bad,
}

/// A line of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub ts: Timestamp,
    /// Whose strand.
    pub session: SessionId,
    /// Which entry of it.
    pub seq: u64,
    /// Who: a user, or `-` for what the cockpit saw by itself.
    pub who: String,
    /// The entry's kind.
    #[serde(deserialize_with = "kind")]
    pub kind: KindWord,
    /// The sentence.
    pub text: String,
    /// How it sounds.
    pub tone: Tone,
    /// The operation it belongs to.
    pub plan: Option<PlanHash>,
    /// Whether it is a person's move (an action or a note) rather than the world's.
    pub is_action: bool,
}

impl Event {
    /// The order of the story: by time, then strand, then place in it.
    #[must_use]
    pub fn order(&self) -> (Timestamp, &SessionId, u64) {
        (self.ts, &self.session, self.seq)
    }
}

/// Who, where nobody did anything: the cockpit saw it by itself.
pub const BY_ITSELF: &str = "-";

/// Commands that write one line of the story, and nothing else.
const WRITES_ONE_LINE: [&str; 3] = ["note", "declare", "close"];

/// The reason for which a command leaves that came to its end.
pub const COMMAND_DONE: &str = "done";

fn is_command(before: &Incident, session: &SessionId) -> bool {
    before.sessions.get(session).is_some_and(|presence| presence.command.is_some())
}

/// A kind's word, one of [`Body::KINDS`].
pub type KindWord = &'static str;

fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<KindWord, D::Error> {
    let word = Cow::<str>::deserialize(from)?;
    Body::KINDS
        .into_iter()
        .find(|kind| *kind == word)
        .ok_or_else(|| serde::de::Error::custom(format!("no kind of entry is called {word}")))
}

/// Where a cell is, in words: `us-east-1 ec2`, `route 53`.
#[must_use]
pub fn place_words(place: &Place) -> String {
    match place.service {
        Service::Route53 => "route 53".into(),
        Service::Ec2 | Service::Rds | Service::Elb | Service::ElbV2 => {
            format!("{} {}", place.scope.region, place.service)
        }
    }
}

/// The event that an entry makes, given the state before it; `None` where nothing worth a line happened.
#[must_use]
pub fn describe(before: &Incident, entry: &Entry) -> Option<Event> {
    let title = |plan: &PlanHash| {
        before
            .operations
            .get(plan)
            .map_or_else(|| format!("plan {}", plan.short()), |op| op.plan.title.clone())
    };
    let step_title = |plan: &PlanHash, step: usize| {
        before
            .operations
            .get(plan)
            .and_then(|op| op.plan.steps.get(step))
            .map_or_else(|| format!("step {}", step + 1), |s| s.title.clone())
    };
    let mut plan_of = None;
    let mut is_action = false;
    let mut by_itself = false;
    let (tone, text) = match &entry.body {
        // That the same process goes on in another strand is nothing that happened.
        Body::Opened { continues: Some(_), .. } => return None,
        // Whoever writes one line down has said what they did.
        Body::Opened { command: Some(command), .. } if WRITES_ONE_LINE.contains(&command.as_str()) => {
            return None;
        }
        Body::Opened { command: Some(command), version, .. } => {
            (Tone::Neutral, format!("ran blackstart {command} ({version})"))
        }
        Body::Opened { mode: Mode::Record, version, .. } => {
            (Tone::Neutral, format!("began to record ({version})"))
        }
        Body::Opened {
            mode: mode @ (Mode::Live | Mode::ReadOnly | Mode::Demo | Mode::Replay),
            version,
            ..
        } => (Tone::Neutral, format!("opened a cockpit ({}, {version})", mode.as_str())),
        // That a command came to its end is what commands do.
        Body::Left { reason } if reason == COMMAND_DONE && is_command(before, &entry.session) => return None,
        Body::Left { reason } => (Tone::Neutral, format!("left ({reason})")),
        Body::Heartbeat { .. } | Body::Presumed { error: None, .. } => return None,
        Body::Presumed { profile, account, said, to, error: Some(error) } => {
            by_itself = true;
            let ago = lasted(*said, entry.ts);
            (
                Tone::Warn,
                format!(
                    "STS does not say whose {profile} is ({error}): taken for account {account}, as it was for {to} {ago} ago"
                ),
            )
        }
        Body::Identified { profile, account, .. } => {
            by_itself = true;
            match before.presumptions.get(&(entry.session.clone(), profile.clone())) {
                Some(presumed) if presumed.account != *account => {
                    (Tone::Bad, wrong_presumption(profile, &presumed.account, account))
                }
                Some(presumed) if presumed.told => {
                    (Tone::Good, format!("STS answers: {profile} is account {account}, as presumed"))
                }
                Some(_) => return None,
                None => identified(before, entry, profile, account)?,
            }
        }
        Body::Unidentified { profile, since, error } => {
            by_itself = true;
            unidentified(before, entry, profile, *since, error)?
        }
        Body::Observed { place, status, .. } => {
            by_itself = true;
            cell_turned(before, entry, place, status.as_ref()?)?
        }
        Body::Failing { place } => {
            by_itself = true;
            let place = before.resolve(&entry.session, place);
            let cell = before.cells.get(&place).filter(|cell| !cell.told && cell.worth_telling(entry.ts))?;
            (Tone::Bad, cell_fails(&cell_words(before, &place), cell, &cell.status, entry.ts)?)
        }
        Body::Flapping { place, flapping } => {
            by_itself = true;
            flapping_turned(before, entry, place, flapping.as_ref())?
        }
        Body::Probed { subject, evidence } => {
            by_itself = true;
            // The name that its account is shown by.
            let subject = &before.resolve_subject(&entry.session, subject);
            // Seven servers a site, a hundred instances: what they amount to is told, not each answer.
            let what = match subject {
                ProbeSubject::Site(name) => format!("site {name}"),
                ProbeSubject::Endpoint(name) => format!("endpoint {name}"),
                ProbeSubject::Database(key) => format!("database {}", key.id),
                ProbeSubject::Balancer(_) | ProbeSubject::Instance(_) | ProbeSubject::Dns(_) => return None,
            };
            let was = before.probes.get(subject).map(|probed| probed.evidence.verdict);
            if was == Some(evidence.verdict) {
                return None;
            }
            if let ProbeSubject::Database(key) = subject {
                // Told as the disagreement that it makes or ends.
                let is_claimed =
                    before.rows.get(key).is_some_and(|seen| seen.resource.claim() == "available");
                let told = match evidence.verdict {
                    Verdict::Answers => before.lies.contains_key(key),
                    Verdict::Wrong
                    | Verdict::Error
                    | Verdict::Silent
                    | Verdict::Refused
                    | Verdict::TimedOut
                    | Verdict::Unreachable => is_claimed,
                };
                if told {
                    return None;
                }
            }
            let tone = match evidence.verdict {
                Verdict::Answers => Tone::Good,
                Verdict::Wrong
                | Verdict::Error
                | Verdict::Silent
                | Verdict::Refused
                | Verdict::TimedOut
                | Verdict::Unreachable => Tone::Bad,
            };
            (tone, format!("probe: {what} {} ({})", evidence.verdict.as_str(), evidence.detail))
        }
        Body::InSync { plan, step } => {
            plan_of = Some(plan.clone());
            (Tone::Pending, format!("INSYNC: {}", step_title(plan, *step)))
        }
        Body::Disagreement { site, words } => {
            by_itself = true;
            match (words, before.disagreements.get(site)) {
                (Some(words), Some((_, was))) if was == words => return None,
                (Some(words), _) => (Tone::Bad, format!("dns: site {site}: {words}")),
                (None, Some((since, _))) => {
                    let lasted = lasted(*since, entry.ts);
                    (Tone::Good, format!("dns: site {site}: the servers agree again after {lasted}"))
                }
                (None, None) => return None,
            }
        }
        Body::Disagreements { resources } => {
            by_itself = true;
            let shown = |key: &Key| before.resolve_key(&entry.session, key);
            let resources = resources.iter().map(|(key, words)| (shown(key), words.clone())).collect();
            disagreements_turned(before, entry.ts, &resources)?
        }
        Body::Declared { title } => {
            is_action = true;
            (Tone::Warn, format!("declared incident \"{title}\""))
        }
        Body::Closed { summary } => {
            is_action = true;
            (Tone::Good, format!("closed the incident: {summary}"))
        }
        Body::Note { text } => {
            is_action = true;
            (Tone::Neutral, format!("note: {text}"))
        }
        Body::Proposed { plan } => {
            is_action = true;
            plan_of = Some(plan.hash.clone());
            (Tone::Neutral, format!("proposed {}", plan.title))
        }
        Body::Refused { action, refusal } => (Tone::Warn, format!("{action} refused: {}", refusal.why)),
        Body::Approved { plan } => {
            is_action = true;
            plan_of = Some(plan.clone());
            (Tone::Neutral, format!("approved {}", title(plan)))
        }
        Body::Vetoed { plan, reason } => {
            is_action = true;
            plan_of = Some(plan.clone());
            (Tone::Neutral, format!("{reason} {}", title(plan)))
        }
        Body::Confirmed { plan, .. } => {
            is_action = true;
            plan_of = Some(plan.clone());
            (Tone::Pending, format!("confirmed {}", title(plan)))
        }
        Body::Intent { plan, step, .. } => {
            plan_of = Some(plan.clone());
            (Tone::Pending, format!("calling: {}", step_title(plan, *step)))
        }
        Body::Outcome { plan, step, outcome } => {
            plan_of = Some(plan.clone());
            let step = step_title(plan, *step);
            match outcome {
                Outcome::Ok { done } => (Tone::Neutral, format!("accepted: {step}{}", done_words(done))),
                Outcome::Failed { error } => (Tone::Bad, format!("failed: {step}: {error}")),
                Outcome::Unknown { error } => (Tone::Bad, format!("UNKNOWN whether done: {step}: {error}")),
            }
        }
        Body::Verified { plan, step, finding } => {
            plan_of = Some(plan.clone());
            let step = step_title(plan, *step);
            match finding {
                Finding::Holds { detail } => (Tone::Good, format!("holds: {step} ({detail})")),
                Finding::Differs { detail } => (Tone::Bad, format!("differs: {step}: {detail}")),
                Finding::Unseen { detail } => (Tone::Warn, format!("not seen: {step}: {detail}")),
            }
        }
        Body::Finished { plan, ending } => {
            plan_of = Some(plan.clone());
            let title = title(plan);
            match ending {
                Ending::Verified => (Tone::Good, format!("verified: {title}")),
                Ending::Unverified { why } => (Tone::Warn, format!("unverified: {title}: {why}")),
                Ending::Stopped { why, .. } => (Tone::Bad, format!("stopped: {title}: {why}")),
                Ending::Unknown { why, .. } => (Tone::Bad, format!("UNKNOWN: {title}: {why}")),
            }
        }
        Body::Undone { plan, by } => {
            plan_of = Some(by.clone());
            (Tone::Good, format!("undone: {}", title(plan)))
        }
        Body::Reopened { before, why, lost } => {
            let lost = match lost.len() {
                0 => "nothing that people did since was lost".to_owned(),
                n => format!("{n} lost: {}", lost.join("; ")),
            };
            (Tone::Warn, format!("recording again after {before} was refused: {lost} ({why})"))
        }
        Body::Clock { stepped_s, stopped_s, behind_s } => {
            by_itself = true;
            (Tone::Warn, clock_words(before, entry, *stepped_s, *stopped_s, *behind_s))
        }
        Body::Recovered { bytes, kept_in, .. } => {
            (Tone::Warn, format!("set {bytes} bytes of an unfinished line aside in {kept_in}"))
        }
        Body::Credentials { profile, ended, regions, taken_elsewhere } => {
            by_itself = true;
            credentials_turned(before, entry, profile, *ended, (regions, *taken_elsewhere))?
        }
        Body::Skew { ahead_s } => {
            by_itself = true;
            clock_turned(before, entry, *ahead_s)?
        }
        Body::Settled { plan, step, settlement } => {
            is_action = true;
            plan_of = Some(plan.clone());
            settlement.sentence(&step_title(plan, *step))
        }
    };
    Some(Event {
        ts: entry.ts,
        session: entry.session.clone(),
        seq: entry.seq,
        who: if by_itself { BY_ITSELF.into() } else { entry.actor.user.clone() },
        kind: entry.body.kind(),
        text,
        tone,
        plan: plan_of,
        is_action,
    })
}

/// That an account was presumed wrongly, and what became of what was read meanwhile.
#[must_use]
pub fn wrong_presumption(profile: &Profile, presumed: &Account, account: &Account) -> String {
    format!(
        "STS says {profile} is account {account}, not {presumed} as presumed: what was read since is {account}'s, and of {presumed} the last known stands"
    )
}

fn cell_turned(
    before: &Incident,
    entry: &Entry,
    place: &Place,
    status: &SweepStatus,
) -> Option<(Tone, String)> {
    let place = before.resolve(&entry.session, place);
    let cell = before.cells.get(&place);
    let words = cell_words(before, &place);
    match (status, cell) {
        // A failed sweep is on the board; a minute of failing is worth a line, and so is the end of what was told.
        (SweepStatus::Ok { .. }, Some(cell)) if cell.told => {
            let lasted = lasted(cell.since, entry.ts);
            Some((Tone::Good, format!("{words} answers again after {lasted}")))
        }
        (SweepStatus::Failed { .. } | SweepStatus::Partial { .. }, Some(cell)) if !cell.is_ok() => {
            let word = status.word()?;
            let turned = cell.status.word().as_ref() != Some(&word);
            match (cell.told, turned) {
                (false, _) if !cell.worth_telling(entry.ts) => None,
                (false, _) => Some((Tone::Bad, cell_fails(&words, cell, status, entry.ts)?)),
                (true, true) => {
                    Some((Tone::Warn, format!("{words} now {word}: {}", status.trouble_after_word()?)))
                }
                (true, false) => None,
            }
        }
        (
            SweepStatus::Failed { .. } | SweepStatus::Partial { .. } | SweepStatus::Ok { .. },
            Some(_) | None,
        ) => None,
    }
}

/// A cell in words, with its account where there are several.
pub(super) fn cell_words(before: &Incident, place: &Place) -> String {
    let words = place_words(place);
    if before.cells.keys().any(|other| other.scope.account != place.scope.account) {
        return format!("{words} of {}", place.scope.account.short());
    }
    words
}

/// That a cell fails, and since when: `us-east-1 ec2 dark since 03:12:10: unreachable: …`.
fn cell_fails(words: &str, cell: &Cell, status: &SweepStatus, now: Timestamp) -> Option<String> {
    let (word, since) = (status.word()?, since_words(cell.since, now));
    Some(format!("{words} {word} since {since}: {}", status.trouble_after_word()?))
}

/// A moment of before, with its date where that is long ago.
pub(super) fn since_words(since: Timestamp, now: Timestamp) -> String {
    let young = now.duration_since(since).as_hours() < DATED_AFTER_H;
    since.strftime(if young { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}

/// How long it lasted: `50s`, `41m`.
pub(super) fn lasted(since: Timestamp, until: Timestamp) -> String {
    span(until.duration_since(since).as_secs())
}

/// Rows named in a line of the story; of more, how many.
const NAMED: usize = 3;

/// Claims that came to be contradicted, those of one kind and one contradiction together; else those that no longer are.
fn disagreements_turned(
    before: &Incident,
    at: Timestamp,
    resources: &BTreeMap<Key, Option<String>>,
) -> Option<(Tone, String)> {
    let mut begun: BTreeMap<(Kind, &str), Vec<&Key>> = BTreeMap::new();
    let mut ended: BTreeMap<Kind, Vec<&Key>> = BTreeMap::new();
    let mut longest: Option<Timestamp> = None;
    for (key, words) in resources {
        match (words, before.lies.get(key)) {
            (Some(words), Some((_, was))) if was == words => {}
            (Some(words), _) => begun.entry((key.kind, words.as_str())).or_default().push(key),
            (None, Some((since, _))) => {
                longest = Some(longest.map_or(*since, |longest| longest.min(*since)));
                ended.entry(key.kind).or_default().push(key);
            }
            (None, None) => {}
        }
    }
    let ended = longest.map(|since| {
        let what: Vec<String> = ended.iter().map(|(kind, keys)| rows_words(before, *kind, keys)).collect();
        (what.join(", "), lasted(since, at))
    });
    if begun.is_empty() {
        let (what, lasted) = ended?;
        // A claim that came to be as bad as its evidence is no good news.
        let troubles = resources.keys().filter_map(|key| trouble_agreed_on(before, key)).collect::<Vec<_>>();
        return Some(if troubles.is_empty() {
            (Tone::Good, format!("claim and probe agree again after {lasted}: {what}"))
        } else {
            let what = troubles.join("; ");
            (Tone::Bad, format!("claim and probe agree after {lasted} that it is in trouble: {what}"))
        });
    }
    let lies: Vec<String> = begun
        .iter()
        .map(|((kind, words), keys)| {
            let what = rows_words(before, *kind, keys);
            match words.strip_prefix("claims ").filter(|_| keys.len() > 1) {
                Some(rest) => format!("{what} claim {rest}"),
                None => format!("{what} {words}"),
            }
        })
        .collect();
    let also = ended.map_or_else(String::new, |(what, _)| format!("; no longer: {what}"));
    Some((Tone::Bad, format!("LIE: {}{also}", lies.join("; "))))
}

/// What is wrong with a row by AWS's own word and by its evidence, where that is so.
fn trouble_agreed_on(before: &Incident, key: &Key) -> Option<String> {
    let seen = before.rows.get(key)?;
    let probed = before.probes.get(&ProbeSubject::of(key)?)?;
    let what = rows_words(before, key.kind, &[key]);
    let claim = seen.resource.claim();
    (claimed_trouble(&seen.resource).is_some() && probed.evidence.verdict != Verdict::Answers)
        .then(|| format!("{what} claims {claim}, probe {}", probed.evidence.verdict.as_str()))
}

/// Rows of one kind in words: `database fito-db`, `6 instances (web-1, web-2, web-3 and 3 more)`.
fn rows_words(before: &Incident, kind: Kind, keys: &[&Key]) -> String {
    let label = |key: &Key| match before.rows.get(key).map(|seen| &seen.resource) {
        Some(Resource::Instance(instance)) => instance.label().to_owned(),
        Some(Resource::Balancer(balancer)) => format!("{} in {}", balancer.name, key.region()),
        Some(_) | None => key.id.clone(),
    };
    if let [key] = keys {
        let label = label(key);
        // Whole, so that whoever looks the row up finds the line.
        let id =
            if kind == Kind::Instance && label != key.id { format!(" {}", key.id) } else { String::new() };
        return format!("{kind} {label}{id}");
    }
    let names: Vec<String> = keys.iter().take(NAMED).map(|key| label(key)).collect();
    let more = match keys.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} {kind}s ({}{more})", keys.len(), names.join(", "))
}

/// What befell a session's clock, in words that say whose: whoever shares the logbook reads them too.
fn clock_words(before: &Incident, entry: &Entry, stepped_s: i64, stopped_s: i64, behind_s: i64) -> String {
    let host = &entry.actor.host;
    if stepped_s < 0 {
        let behind = span(behind_s.abs());
        return format!(
            "the system clock of {host} stepped back {}: times here go on, {behind} ahead of it",
            span(stepped_s.abs())
        );
    }
    if stepped_s > 0 {
        let leapt = span(stepped_s);
        return format!(
            "the clock of {host} leapt {leapt} ahead (set, or the machine slept): ages count the leap too"
        );
    }
    if stopped_s == 0 {
        let behind = span(behind_s.abs());
        return format!(
            "the logbook is {behind} ahead of the system clock of {host}: times here go on from its newest entry"
        );
    }
    let mode = before.sessions.get(&entry.session).map_or(Mode::Live, |presence| presence.mode);
    let what = match mode {
        Mode::Record => mode.as_str(),
        Mode::Live | Mode::ReadOnly | Mode::Demo | Mode::Replay => "the cockpit",
    };
    let (user, stopped) = (&entry.actor.user, span(stopped_s.abs()));
    format!("{what} ({user}@{host}) stood still for {stopped}: everything is read again")
}

fn done_words(done: &Done) -> String {
    match done {
        Done::ChangeSubmitted { change_id } => format!(" (change {change_id})"),
        Done::Launched { instance } => format!(" ({instance})"),
        Done::Accepted => String::new(),
    }
}
