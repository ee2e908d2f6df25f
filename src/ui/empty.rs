//! A table without rows says why and what to do; a table with rows says when they are not all there is.

use super::canvas::{Canvas, Doc};
use super::region::all_cells;
use crate::app::commands::Command;
use crate::app::table::{age, span};
use crate::app::{AccountStanding, App, ListView, Screen};
use crate::incident::cell::{Cell, SweepStatus};
use crate::incident::place::{Place, Region, Service};
use crate::incident::story::place_words;
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// The services that a screen's rows come from.
fn services(screen: Screen) -> &'static [Service] {
    match screen {
        Screen::Instances => &[Service::Ec2],
        Screen::RestorePoints => &[Service::Rds],
        Screen::Registrations => &[Service::Elb, Service::ElbV2],
        Screen::Apex => &[Service::Route53],
        Screen::Board | Screen::Log => &[],
    }
}

/// The cells that a screen's rows come from: region by region, in the screen's order.
fn sources(app: &App) -> Vec<(&Place, Option<&Cell>)> {
    let services = services(app.screen);
    let mut regions: Vec<&Region> = app.opening.regions.iter().collect();
    let known = app.incident.cells.keys().chain(app.schedule.keys());
    for place in known {
        if !regions.contains(&&place.scope.region) {
            regions.push(&place.scope.region);
        }
    }
    regions
        .into_iter()
        .flat_map(|region| all_cells(app, region))
        .filter(|(place, _)| services.contains(&place.service))
        .collect()
}

/// What is missing from the rows shown, in a line: which cells fail and since when.
pub(super) fn trouble(app: &App) -> Option<(String, Role)> {
    let failing: Vec<_> = sources(app)
        .into_iter()
        .filter_map(|(place, cell)| Some((place, cell.filter(|c| !c.is_ok())?)))
        .collect();
    let (place, cell) = failing.first()?;
    let fault = cell.fault()?;
    let role = if fault.is_theirs() { Role::Down } else { Role::Warn };
    let others = match failing.len() - 1 {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    let since = age(app.now, cell.since);
    let word = cell.status.word().unwrap_or_default();
    Some(match &cell.status {
        SweepStatus::Partial { failed, .. } => {
            let silent: Vec<&str> = failed.iter().map(|f| f.zone.as_str()).collect();
            let old = match silent.as_slice() {
                [] => String::new(),
                zones => format!("rows of {} are the last known ones, ", zones.join(", ")),
            };
            let words =
                format!("{} {word} for {since}{others}: {old}new ones are not seen", place_words(place));
            (words, Role::Warn)
        }
        SweepStatus::Ok { .. } | SweepStatus::Failed { .. } => {
            let words = format!(
                "{} {word} for {since}{others}: its rows are the last known ones",
                place_words(place)
            );
            (words, role)
        }
    })
}

/// Draws why there is nothing to show.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, app: &App, view: &ListView) {
    let mut doc = Doc::new(area.width, 0);
    doc.line(Vec::new());
    let key = |command: Command| app.opening.keymap.label_of(app.context(), command);
    let sources = sources(app);
    let unheard: Vec<_> = sources.iter().filter(|(_, cell)| cell.is_none()).collect();
    let failing: Vec<_> = sources.iter().filter_map(|(p, c)| Some((*p, c.filter(|c| !c.is_ok())?))).collect();
    if view.unfiltered > 0 {
        doc.text(&format!("no row matches \"{}\"; {} are hidden", view.filter, view.unfiltered), Role::Text);
        if let Some(key) = key(Command::Back) {
            doc.text(&format!("{key} clears the filter"), Role::Muted);
        }
    } else if sources.is_empty() {
        let words = match app.screen {
            Screen::Log => "nothing is written in the log yet",
            Screen::Board
            | Screen::Instances
            | Screen::RestorePoints
            | Screen::Registrations
            | Screen::Apex => "nothing is watched here",
        };
        doc.text(words, Role::Text);
        if app.screen != Screen::Log {
            doc.text(
                "set regions and profiles under [estate] in the config, or use --region and --profile",
                Role::Muted,
            );
        }
    } else if !unheard.is_empty() && failing.len() < sources.len() {
        let n = unheard.len();
        let noun = if n == 1 { "cell" } else { "cells" };
        let heard = sources.len() - n;
        let dots = canvas.look.glyphs.ellipsis();
        doc.text(
            &format!("asking {n} {noun}{dots} {heard} of {} answered so far", sources.len()),
            Role::Text,
        );
        let slow = unheard
            .iter()
            .filter_map(|(place, _)| Some((place, app.schedule.get(*place)?.in_flight?.1)))
            .filter(|(_, since)| app.now.duration_since(*since).as_secs() >= 3);
        for (place, since) in slow.take(8) {
            let waited = span(app.now.duration_since(since).as_secs());
            doc.text(&format!("  {} asked {waited} ago", place_words(place)), Role::Muted);
        }
        faults(&mut doc, app, &failing);
    } else if failing.is_empty() {
        let what = match app.screen {
            Screen::Instances => "no instances",
            Screen::RestorePoints => "no databases, snapshots or backups: there is nothing to restore from",
            Screen::Registrations => "no balancers with anything registered",
            Screen::Apex => "no hosted zones",
            Screen::Board | Screen::Log => "nothing",
        };
        let accounts: Vec<String> = app
            .accounts
            .iter()
            .map(|(account, profile)| match app.account_standing(account) {
                AccountStanding::Verified | AccountStanding::Unknown => {
                    format!("{profile} {}", account.short())
                }
                AccountStanding::Presumed => format!("{profile} {} (presumed)", account.short()),
            })
            .collect();
        doc.text(&format!("{what} ({} cells answered)", sources.len()), Role::Text);
        doc.text(
            &format!("asked as {}; other regions and profiles: --region, --profile", accounts.join(", ")),
            Role::Muted,
        );
    } else {
        doc.text("nothing is known: what was asked did not answer", Role::Down);
        faults(&mut doc, app, &failing);
    }
    doc.draw(canvas, area, 0);
}

/// Which cells fail and why, and each advice once.
fn faults(doc: &mut Doc, app: &App, failing: &[(&Place, &Cell)]) {
    let mut advice: Vec<&str> = Vec::new();
    for (place, cell) in failing {
        let (Some(fault), Some(word), Some(trouble)) =
            (cell.fault(), cell.status.word(), cell.status.trouble_after_word())
        else {
            continue;
        };
        let role = if fault.is_theirs() { Role::Down } else { Role::Warn };
        let since = age(app.now, cell.since);
        doc.text(&format!("  {}  {word} for {since}: {trouble}", place_words(place)), role);
        advice.extend(cell.advice().filter(|text| !advice.contains(text)));
    }
    doc.blank();
    for advice in advice {
        doc.text(advice, Role::Text);
    }
}
