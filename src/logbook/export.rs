//! The timeline for people and programs: `show`, `report` and `export`.
//!
//! How an entry reads as a sentence is the caller's to say (`describe`). What comes out is one line per entry whatever
//! an entry's text holds: control characters never reach a terminal. A reader that closes the pipe early ends the
//! output, and is no error.

use super::chain::{Line, tame};
use crate::incident::entry::{Body, Entry, Outcome, SessionId};
use crate::incident::hash::PlanHash;
use crate::incident::plan::Plan;
use crate::incident::settlement::Settled;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How an entry reads as a sentence.
pub type Describe<'a> = &'a dyn Fn(&Entry) -> Sentence;

/// An entry in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The words.
    pub text: String,
    /// Whether it belongs to the story that people read; the rest is bookkeeping.
    pub is_story: bool,
    /// Whether it was observed, and nobody's doing.
    pub by_itself: bool,
}

/// What `export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The lines as they are in the strands, in the order of the timeline: JSON, one object a line.
    Json,
    /// One row per entry, with a header.
    Csv,
}

fn until_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended,
    }
}

fn day_and_time(ts: Timestamp) -> String {
    ts.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// One line per entry: time, who, kind, sentence. Without `all`, the story only.
///
/// # Errors
/// When `out` cannot be written.
pub fn show(lines: &[Line], all: bool, describe: Describe<'_>, out: &mut dyn Write) -> io::Result<()> {
    let told = || {
        let described = lines.iter().map(|line| (line, describe(&line.entry)));
        described.filter(|(_, sentence)| all || sentence.is_story)
    };
    let who = |line: &Line, sentence: &Sentence| {
        if sentence.by_itself { "-".to_owned() } else { tame(&line.entry.actor.user) }
    };
    let width =
        told().map(|(line, sentence)| who(line, &sentence).chars().count()).max().unwrap_or(0).min(16);
    until_closed(told().try_for_each(|(line, sentence)| {
        let entry = &line.entry;
        let mark = if line.sound { "" } else { "  [unproven: the chain is broken at or before this line]" };
        writeln!(
            out,
            "{}  {:width$}  {:10}  {}{mark}",
            day_and_time(entry.ts),
            who(line, &sentence),
            entry.body.kind(),
            tame(&sentence.text),
        )
    }))
}

/// The timeline for programs.
///
/// # Errors
/// When `out` cannot be written.
pub fn export(lines: &[Line], format: Format, describe: Describe<'_>, out: &mut dyn Write) -> io::Result<()> {
    until_closed(match format {
        Format::Json => lines.iter().try_for_each(|line| {
            out.write_all(&line.to_json().map_err(io::Error::other)?)?;
            out.write_all(b"\n")
        }),
        Format::Csv => csv(lines, describe, out),
    })
}

fn csv(lines: &[Line], describe: Describe<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "time,session,seq,user,host,aws,kind,text,sound,hash")?;
    for line in lines {
        let entry = &line.entry;
        let fields = [
            entry.ts.to_string(),
            entry.session.0.clone(),
            entry.seq.to_string(),
            entry.actor.user.clone(),
            entry.actor.host.clone(),
            entry.actor.aws.clone().unwrap_or_default(),
            entry.body.kind().to_owned(),
            tame(&describe(entry).text),
            line.sound.to_string(),
            line.hash.clone(),
        ];
        writeln!(out, "{}", fields.map(|f| csv_field(&f)).join(","))?;
    }
    Ok(())
}

fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// When something was written, by both clocks.
#[derive(Clone, Copy)]
struct Moment<'a> {
    entry: &'a Entry,
}

impl Moment<'_> {
    /// Milliseconds from this to a later moment: by the monotonic clock where both are of one session.
    fn until(self, later: Self) -> i64 {
        if self.entry.session == later.entry.session {
            i64::try_from(later.entry.mono_ms).unwrap_or(i64::MAX)
                - i64::try_from(self.entry.mono_ms).unwrap_or(i64::MAX)
        } else {
            later.entry.ts.as_millisecond() - self.entry.ts.as_millisecond()
        }
    }

    fn lasted(self, later: Option<Self>) -> String {
        later.map_or_else(|| "—".to_owned(), |later| duration(self.until(later)))
    }
}

fn duration(ms: i64) -> String {
    let s = ms.div_euclid(1000);
    match s {
        _ if ms < 0 => "—".to_owned(),
        0..60 => format!("{s}.{} s", ms % 1000 / 100),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

/// What is said of a call of which nobody heard whether it was done.
const OUTCOME_UNKNOWN: &str = "sent, outcome unknown";

struct Span<'a> {
    title: &'a str,
    declared: &'a Entry,
    closed: Option<(&'a Entry, &'a str)>,
}

#[derive(Default)]
struct Operation<'a> {
    plan: Option<&'a Plan>,
    approved_by: Vec<&'a str>,
    vetoed_by: Vec<&'a str>,
    confirmed: Option<Moment<'a>>,
    intent: Option<Moment<'a>>,
    outcome: Option<Moment<'a>>,
    /// What became of each call, by step.
    calls: BTreeMap<usize, &'static str>,
    verified: Option<Moment<'a>>,
    ending: Option<&'static str>,
    settled: Option<Settled>,
    undone_by: Option<&'a PlanHash>,
}

impl Operation<'_> {
    fn was_carried_out(&self) -> bool {
        self.confirmed.is_some() || self.intent.is_some()
    }

    /// How it ended, and what was found by whoever looked again; where nobody knows, what is to be done.
    fn ended(&self) -> String {
        let is_known = self.settled.as_ref().is_some_and(|settled| settled.settlement.is_known());
        let ended = match self.ending {
            Some(word) => word,
            None if is_known => "no end in the log",
            None => "no end in the log: verify what it did",
        };
        let settled = self.settled.as_ref().map_or_else(String::new, |settled| {
            format!(
                "; {} looked again {}: {}: {}",
                markdown(&settled.by),
                day_and_time(settled.at),
                settled.settlement.word(),
                markdown(settled.settlement.detail())
            )
        });
        format!("{ended}{settled}")
    }
}

/// Operations in the order in which they were first spoken of.
#[derive(Default)]
struct Operations<'a> {
    order: Vec<&'a PlanHash>,
    by_plan: BTreeMap<&'a PlanHash, Operation<'a>>,
}

impl<'a> Operations<'a> {
    fn of(&mut self, plan: &'a PlanHash) -> &mut Operation<'a> {
        if !self.by_plan.contains_key(plan) {
            self.order.push(plan);
        }
        self.by_plan.entry(plan).or_default()
    }
}

fn operations(lines: &[Line]) -> Operations<'_> {
    let mut all = Operations::default();
    for line in lines {
        let entry = &line.entry;
        let who = entry.actor.user.as_str();
        let moment = Moment { entry };
        match &entry.body {
            Body::Proposed { plan } => all.of(&plan.hash).plan = Some(plan),
            Body::Approved { plan } => all.of(plan).approved_by.push(who),
            Body::Vetoed { plan, .. } => all.of(plan).vetoed_by.push(who),
            Body::Confirmed { plan, .. } => all.of(plan).confirmed = Some(moment),
            Body::Intent { plan, step, .. } => {
                let operation = all.of(plan);
                operation.intent.get_or_insert(moment);
                // Until an outcome says otherwise it may have left.
                operation.calls.entry(*step).or_insert(OUTCOME_UNKNOWN);
            }
            Body::Outcome { plan, step, outcome } => {
                let operation = all.of(plan);
                operation.outcome = Some(moment);
                let word = match outcome {
                    Outcome::Ok { .. } => "ok",
                    Outcome::Failed { .. } => "failed",
                    Outcome::Unknown { .. } => OUTCOME_UNKNOWN,
                };
                operation.calls.insert(*step, word);
            }
            Body::Settled { plan, settlement, .. } => {
                let found = Settled { at: entry.ts, by: who.to_owned(), settlement: settlement.clone() };
                let operation = all.of(plan);
                if operation.settled.as_ref().is_none_or(|before| before.yields_to(&found)) {
                    operation.settled = Some(found);
                }
            }
            Body::Verified { plan, .. } => all.of(plan).verified = Some(moment),
            Body::Finished { plan, ending } => all.of(plan).ending = Some(ending.word()),
            Body::Undone { plan, by } => all.of(plan).undone_by = Some(by),
            Body::Opened { .. }
            | Body::Left { .. }
            | Body::Identified { .. }
            | Body::Presumed { .. }
            | Body::Unidentified { .. }
            | Body::Observed { .. }
            | Body::Heartbeat { .. }
            | Body::Failing { .. }
            | Body::Flapping { .. }
            | Body::Probed { .. }
            | Body::InSync { .. }
            | Body::Disagreement { .. }
            | Body::Disagreements { .. }
            | Body::Declared { .. }
            | Body::Closed { .. }
            | Body::Note { .. }
            | Body::Refused { .. }
            | Body::Reopened { .. }
            | Body::Clock { .. }
            | Body::Recovered { .. }
            | Body::Credentials { .. }
            | Body::Skew { .. } => {}
        }
    }
    all
}

fn spans(lines: &[Line]) -> Vec<Span<'_>> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    for line in lines {
        let entry = &line.entry;
        if let Body::Declared { title } = &entry.body {
            spans.push(Span { title, declared: entry, closed: None });
        } else if let Body::Closed { summary } = &entry.body
            && let Some(open) = spans.iter_mut().rfind(|s| s.closed.is_none())
        {
            open.closed = Some((entry, summary));
        }
    }
    spans
}

/// Text inside a Markdown table or list.
fn markdown(text: &str) -> String {
    tame(text).replace('\\', "\\\\").replace('|', "\\|").replace('`', "\\`").replace('<', "&lt;")
}

/// A draft of the postmortem, in Markdown: what the log knows, and headings for what only people know.
///
/// # Errors
/// When `out` cannot be written.
pub fn report(lines: &[Line], describe: Describe<'_>, out: &mut dyn Write) -> io::Result<()> {
    until_closed(write_report(lines, describe, out))
}

fn write_report(lines: &[Line], describe: Describe<'_>, out: &mut dyn Write) -> io::Result<()> {
    let spans = spans(lines);
    let title = spans.first().map_or("Postmortem", |s| s.title);
    writeln!(out, "# {}\n", markdown(title))?;
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return writeln!(out, "The logbook is empty.");
    };
    let mut people: BTreeMap<&SessionId, String> = BTreeMap::new();
    for line in lines {
        let actor = &line.entry.actor;
        people.entry(&line.entry.session).or_insert_with(|| format!("{}@{}", actor.user, actor.host));
    }
    let mut names: Vec<&String> = people.values().collect();
    names.sort();
    names.dedup();
    let names: Vec<String> = names.into_iter().map(|n| markdown(n)).collect();
    writeln!(
        out,
        "Draft from the logbook: {} entries by {}, {} to {}.",
        lines.len(),
        names.join(", "),
        day_and_time(first.entry.ts),
        day_and_time(last.entry.ts)
    )?;
    let unproven = lines.iter().filter(|l| !l.sound).count();
    if unproven > 0 {
        writeln!(
            out,
            "\n**{unproven} of these entries are unproven: the chain is broken (`blackstart log verify` says where).**"
        )?;
    }
    writeln!(out, "\n## Incidents\n")?;
    if spans.is_empty() {
        writeln!(out, "None was declared.")?;
    } else {
        writeln!(out, "| Incident | Declared | By | Closed | By | Lasted | Summary |")?;
        writeln!(out, "|---|---|---|---|---|---|---|")?;
    }
    for span in &spans {
        let declared = Moment { entry: span.declared };
        write!(
            out,
            "| {} | {} | {} ",
            markdown(span.title),
            day_and_time(span.declared.ts),
            markdown(&span.declared.actor.user)
        )?;
        match span.closed {
            Some((entry, summary)) => writeln!(
                out,
                "| {} | {} | {} | {} |",
                day_and_time(entry.ts),
                markdown(&entry.actor.user),
                declared.lasted(Some(Moment { entry })),
                markdown(summary)
            )?,
            None => writeln!(out, "| still open | — | — | |")?,
        }
    }
    write_operations(lines, out)?;
    writeln!(out, "\n## Timeline (UTC)\n")?;
    for line in lines {
        let sentence = describe(&line.entry);
        if sentence.is_story {
            write_item(&line.entry, &sentence, line.sound, out)?;
        }
    }
    writeln!(out, "\n## Notes\n")?;
    let mut any = false;
    for line in lines {
        if let Body::Note { text } = &line.entry.body {
            any = true;
            let note = Sentence { text: text.clone(), is_story: true, by_itself: false };
            write_item(&line.entry, &note, line.sound, out)?;
        }
    }
    if !any {
        writeln!(out, "None was written.")?;
    }
    writeln!(
        out,
        "\n## Impact\n\n_To be written._\n\n## Causes\n\n_To be written._\n\n## What we change\n\n_To be written._"
    )
}

fn write_item(entry: &Entry, sentence: &Sentence, sound: bool, out: &mut dyn Write) -> io::Result<()> {
    let who = if sentence.by_itself {
        "_observed_".to_owned()
    } else {
        format!("**{}**", markdown(&entry.actor.user))
    };
    writeln!(
        out,
        "- {} {who} {}{}",
        day_and_time(entry.ts),
        markdown(&sentence.text),
        if sound { "" } else { " _(unproven)_" }
    )
}

fn write_operations(lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
    let Operations { order, by_plan } = operations(lines);
    let (done, shown): (Vec<_>, Vec<_>) = order
        .into_iter()
        .filter_map(|hash| by_plan.get(hash).map(|o| (hash, o)))
        .partition(|(_, o)| o.was_carried_out());
    writeln!(out, "\n## Actions\n")?;
    if done.is_empty() {
        writeln!(out, "None was carried out.")?;
    } else {
        writeln!(
            out,
            "| Action | Plan | By | Approved by | Confirmed | Calls | Intent to outcome | Outcome to verified | Ended |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|---|")?;
    }
    for (hash, operation) in &done {
        let started = operation.confirmed.or(operation.intent);
        let ended = operation.ended();
        let undone = operation.undone_by.map_or_else(String::new, |by| format!(", undone by {}", by.short()));
        let span = |from: Option<Moment<'_>>, to| from.map_or_else(|| "—".to_owned(), |m| m.lasted(to));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {ended}{undone} |",
            operation.plan.map_or_else(|| "(plan not in these strands)".to_owned(), |p| markdown(&p.title)),
            markdown(hash.short()),
            started.map_or_else(String::new, |m| markdown(&m.entry.actor.user)),
            if operation.approved_by.is_empty() {
                "—".to_owned()
            } else {
                markdown(&operation.approved_by.join(", "))
            },
            operation.confirmed.map_or_else(|| "—".to_owned(), |m| day_and_time(m.entry.ts)),
            if operation.calls.is_empty() {
                "none".to_owned()
            } else {
                operation.calls.values().copied().collect::<Vec<_>>().join("; ")
            },
            span(operation.intent, operation.outcome),
            span(operation.outcome, operation.verified),
        )?;
    }
    if !shown.is_empty() {
        let cancelled = shown.iter().filter(|(_, o)| !o.vetoed_by.is_empty()).count();
        let were = if shown.len() == 1 { "1 plan was" } else { &format!("{} plans were", shown.len()) };
        let cancelled = match cancelled {
            0 => String::new(),
            1 => "; 1 was cancelled at its confirmation".to_owned(),
            n => format!("; {n} were cancelled at their confirmation"),
        };
        writeln!(out, "\n{were} shown and not carried out{cancelled}.")?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
