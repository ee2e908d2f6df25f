//! What DNS servers answer for a site, in words: one line beneath it, and every server in its detail.
//!
//! Quiet answers are muted; a disagreement is a lie and looks like one. The countdown is as exact as the TTL that was
//! served, and does not run before it can be counted.

use super::canvas::{Doc, Piece, Row, piece, row_width};
use super::frame::ago;
use super::look::{Look, Mark};
use super::text::running;
use crate::app::App;
use crate::app::propagation::{Expiry, Propagation, ServerSays};
use crate::app::table::age;
use crate::incident::dns::{DnsSubject, Says};
use crate::incident::site::Site;
use crate::settings::theme::Role;
use jiff::Timestamp;

/// A site's DNS in a line; `None` where nobody is asked.
fn line(app: &App, site: &Site, look: &Look) -> Option<Row> {
    let propagation = app.propagation(site)?;
    let disagreement = propagation.contradictions.first();
    let role = match (disagreement, propagation.switch.is_some()) {
        (Some(_), _) => Role::Lie,
        (None, true) => Role::Pending,
        (None, false) => Role::Muted,
    };
    let mut row = Vec::new();
    if let Some(words) = disagreement {
        row.push(piece(format!("{} ", look.glyphs.mark(Mark::Lie)), Role::Lie));
        row.push(piece(format!("DNS: {words}"), Role::Lie));
        let more = propagation.contradictions.len() - 1;
        if more > 0 {
            row.push(piece(format!("; and {more} more"), Role::Lie));
        }
        row.push(piece("  ", Role::Text));
        row.push(piece(propagation.words(), Role::Text));
    } else {
        row.push(piece(propagation.words(), role));
    }
    if let Some(words) = countdown(app.now, &propagation) {
        row.push(piece(format!("  {words}"), role));
    }
    Some(row)
}

/// A site's DNS, but only where there is something to say: on the board, quiet is nothing. In a line, or in as many as it
/// takes: a countdown without its end tells nothing.
pub(super) fn news(app: &App, site: &Site, look: &Look, columns: usize) -> Vec<Row> {
    let Some(propagation) = app.propagation(site) else { return Vec::new() };
    if propagation.switch.is_none() && propagation.contradictions.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![Row::new()];
    for piece in line(app, site, look).unwrap_or_default() {
        let used = rows.last().map_or(0, |row| row_width(row));
        if used > 2 && used + super::text::width(&piece.text) > columns {
            rows.push(vec![Piece { text: piece.text.trim_start().to_owned(), ..piece }]);
        } else if let Some(row) = rows.last_mut() {
            row.push(piece);
        }
    }
    rows.retain(|row| row.iter().any(|piece| !piece.text.trim().is_empty()));
    rows
}

/// `old expires in 0:38`; before that can be counted, what is waited for.
fn countdown(now: Timestamp, propagation: &Propagation<'_>) -> Option<String> {
    Some(match propagation.expiry? {
        Expiry::Unanswered => "waiting for Route 53".into(),
        Expiry::Pending => "waiting for INSYNC".into(),
        Expiry::Served => "waiting for servers".into(),
        Expiry::Unseen => "INSYNC not seen".into(),
        Expiry::At(at) => match at.duration_since(now).as_secs() {
            left @ 1.. => format!("old expires in {}", running(left)),
            _ => "old has expired".into(),
        },
    })
}

/// The sites' lines for the apex screen: disagreements first, then changes on their way, then the quiet ones.
pub(super) fn lines(app: &App, look: &Look, most: usize) -> Vec<Row> {
    let mut rows: Vec<(u8, Row)> = Vec::new();
    for site in &app.opening.sites {
        let Some(propagation) = app.propagation(site) else { continue };
        let urgency = match (propagation.contradictions.is_empty(), propagation.switch.is_some()) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        };
        if let Some(mut row) = line(app, site, look) {
            row.insert(0, piece(format!("{}  ", site.name), Role::Title));
            rows.push((urgency, row));
        }
    }
    rows.sort_by_key(|(urgency, _)| *urgency);
    rows.truncate(most);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Every server with its own answer.
pub(super) fn detail(doc: &mut Doc, app: &App, site: &Site) {
    let Some(propagation) = app.propagation(site) else { return };
    doc.heading("DNS");
    for words in &propagation.contradictions {
        doc.field("disagrees", words, Role::Lie);
    }
    let role = if propagation.switch.is_some() { Role::Pending } else { Role::Text };
    doc.field("answers", &propagation.words(), role);
    if let Some(words) = countdown(app.now, &propagation) {
        let ttl = propagation.switch.map_or(0, |switch| switch.ttl);
        doc.field("countdown", &format!("{words}; the old was served with a TTL of {ttl} s"), role);
    }
    servers(doc, app, "name servers", &propagation.name_servers);
    servers(doc, app, "resolvers", &propagation.resolvers);
}

fn servers(doc: &mut Doc, app: &App, label: &str, servers: &[(DnsSubject, ServerSays<'_>)]) {
    for (at, (subject, server)) in servers.iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        let words = match server.probed {
            None => format!("{} not asked yet", subject.server),
            Some(probed) => {
                let ttl = probed.evidence.dns.as_ref().and_then(|answer| answer.ttl);
                let ttl = ttl.map_or_else(String::new, |ttl| format!(", ttl {ttl} s"));
                let stale = if server.says == Says::NotAsked { " (not asked since)" } else { "" };
                format!(
                    "{} {}{ttl}, for {}, seen {} ago{stale}",
                    subject.server,
                    probed.evidence.detail,
                    age(app.now, probed.since),
                    ago(app, probed.at)
                )
            }
        };
        let role = match server.says {
            Says::New => Role::Ok,
            Says::Old => Role::Pending,
            Says::Other | Says::Nothing => Role::Lie,
            Says::Error => Role::Down,
            Says::Silent => Role::Warn,
            Says::NotAsked => Role::Muted,
        };
        doc.field(label, &words, role);
    }
}
