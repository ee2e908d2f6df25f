//! The board: every region, every site, what is happening. One place on the screen for each, for the whole incident.
//!
//! On wide terminals regions and sites stand side by side in one frame; on narrow ones the sites come first, because
//! they are what visitors see. Nothing here is ordered by what is wrong: that would make it jump.

use super::canvas::{Canvas, Row, cells, piece, row_width};
use super::frame::{Present, present};
use super::happening;
use super::look::Mark;
use super::propagation;
use super::region::{self, Glance};
use super::sites;
use super::text::{cut_middle, pad, width};
use crate::app::App;
use crate::app::table::RowId;
use crate::incident::place::{Region, Service};
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// Columns of a regions' panel whose services are told in words: `! throttled for 34s`.
const REGION_WORDS: u16 = 116;
/// Columns that the sites keep beside it.
const SITES_KEEP: u16 = 75;
/// From this width regions and sites stand side by side.
const SIDE_BY_SIDE: u16 = 120;
/// Columns beside the name of what is contradicted: marks, `CLAIM available  PROBE unreachable for 38m` and `LIE`.
const BESIDE_LABEL: usize = 52;
/// Lines that the story keeps whatever else there is.
const STORY_KEEPS: u16 = 5;

/// A line of a panel: what it is, what stands left, what stands right.
struct Line {
    id: Option<RowId>,
    left: Row,
    right: Row,
}

/// Draws the board.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    if body.width >= SIDE_BY_SIDE && body.height >= 16 {
        side_by_side(canvas, body, app);
    } else {
        stacked(canvas, body, app);
    }
}

fn side_by_side(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let inner = canvas.boxed(body, Role::Border);
    let left = if inner.width > REGION_WORDS + SITES_KEEP {
        REGION_WORDS
    } else {
        (inner.width * 45 / 100).clamp(63, 96)
    };
    let right = inner.width - left - 1;
    let site_lines = site_lines(canvas, app, right - 2);
    let wanted = (app.opening.regions.len() + 1).max(site_lines.len()).max(3);
    let height = cells(wanted).min(inner.height.saturating_sub(STORY_KEEPS + 1));
    let split = inner.x + left;
    let below = inner.y + height;

    canvas.vertical(split, inner.y, height, Role::Border);
    canvas.horizontal(inner.x, below, inner.width, Role::Border);
    let [joint_left, joint_right, joint_top, joint_bottom] = canvas.look.glyphs.borders().joints;
    for (x, y, sign) in [
        (split, body.y, joint_top),
        (split, below, joint_bottom),
        (body.x, below, joint_left),
        (body.right() - 1, below, joint_right),
    ] {
        canvas.put(x, y, 1, sign, Role::Border);
    }

    let regions = Rect { width: left, height, ..inner };
    region_heads(canvas, Rect { y: body.y, height: 1, ..regions });
    region_panel(canvas, regions, app);

    canvas.title(split + 1, body.y, right, "sites");
    let place = Rect { x: split + 1, width: right, height, ..inner };
    lines(canvas, place, &site_lines, app);

    canvas.title(inner.x, below, inner.width, "happening");
    let story = Rect { y: below + 1, height: inner.height.saturating_sub(height + 1), ..inner };
    happening_panel(canvas, story, app);
    people(canvas, body, app);
}

fn stacked(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let site_lines = site_lines(canvas, app, body.width.saturating_sub(2));
    let regions = cells(app.opening.regions.len() + 1);
    let keeps = STORY_KEEPS.min(body.height / 4);
    // Three headings; the story keeps some lines, the regions at least three, the sites what is left.
    let room = body.height.saturating_sub(3 + keeps);
    let sites = cells(site_lines.len()).min(room.saturating_sub(regions.min(3)));
    let regions = regions.min(room - sites);

    let heading = |canvas: &mut Canvas<'_>, y: u16, text: &str| {
        canvas.horizontal(body.x, y, body.width, Role::Border);
        canvas.title(body.x + 1, y, body.width, text);
    };
    let mut y = body.y;
    heading(canvas, y, "sites");
    lines(canvas, Rect { y: y + 1, height: sites, ..body }, &site_lines, app);
    y += sites + 1;
    canvas.horizontal(body.x, y, body.width, Role::Border);
    region_heads(canvas, Rect { y, height: 1, ..body });
    region_panel(canvas, Rect { y: y + 1, height: regions, ..body }, app);
    y += regions + 1;
    heading(canvas, y, "happening");
    let story = Rect { y: y + 1, height: body.bottom().saturating_sub(y + 1), ..body };
    happening_panel(canvas, story, app);
}

// --- regions ---

/// Columns of the regions: name, word, each service.
fn region_columns(columns: u16) -> (usize, usize, usize) {
    // The longest of each: `throttled for 34s`, with its mark `! throttled for 34s`, without its word `ok 55s`.
    match columns {
        REGION_WORDS.. => (15, 18, 20),
        68.. => (15, 18, 8),
        _ => (15, 18, 7),
    }
}

fn region_heads(canvas: &mut Canvas<'_>, line: Rect) {
    let (name, word, each) = region_columns(line.width);
    canvas.title(line.x + 1, line.y, line.width, "regions");
    for (at, service) in Service::REGIONAL.into_iter().enumerate() {
        let x = line.x + cells(2 + name + word + each * at);
        canvas.put(x, line.y, line.right().saturating_sub(x), &format!(" {service} "), Role::Header);
    }
}

fn region_panel(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let global = Region::global();
    let regions = app.opening.regions.iter().chain([&global]);
    let all: Vec<RegionRow<'_>> = regions.map(|region| (RowId::Region(region.clone()), region)).collect();
    let room = usize::from(area.height);
    let (shown, hidden) = visible(&all, room, app);
    let (name, word, each) = region_columns(area.width);
    for (y, (id, region)) in (area.top()..).zip(&shown) {
        let (glance, note) = region::region(app, region);
        let title = if region.is_global() { "route 53" } else { &*region.0 };
        let glyphs = canvas.look.glyphs;
        let mut row: Row = vec![
            piece(format!(" {} ", glyphs.mark(glance.mark)), glance.role),
            piece(pad(title, name, glyphs), Role::Text),
            piece(pad(&glance.long, word, glyphs), glance.role),
        ];
        if region.is_global() {
            row.push(cell(&region::service(app, region, Service::Route53), each, canvas));
        } else {
            for service in Service::REGIONAL {
                row.push(cell(&region::service(app, region, service), each, canvas));
            }
        }
        let used = cells(row.iter().map(|piece| width(&piece.text)).sum()).min(area.width);
        // Its cells are as wide as the longest word; of the last one only the word has to fit.
        if let Some(last) = row.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        canvas.row(area.x, y, area.width, &row);
        // A few columns would only say that there is something to say.
        let room = area.width.saturating_sub(used);
        match region::asking(app, region) {
            Some(asking) if room >= 11 => {
                canvas.put(area.x + used, y, room, &asking, Role::Muted);
            }
            None if room >= 24 => {
                // A fault says more than what we make of it.
                let note = if note.is_empty() {
                    let slowed = region::slowed_region(app, region);
                    slowed.or_else(|| region::read_by(app, region)).unwrap_or_default()
                } else {
                    note
                };
                canvas.put(area.x + used, y, room, &note, Role::Muted);
            }
            None if room >= 14 && note.is_empty() => {
                // Whole or not at all.
                let words =
                    region::read_by(app, region).filter(|words| words.chars().count() <= usize::from(room));
                canvas.put(area.x + used, y, room, &words.unwrap_or_default(), Role::Muted);
            }
            Some(_) | None => {}
        }
        select(canvas, Rect { y, height: 1, ..area }, Some(id), app);
    }
    if !hidden.is_empty() {
        let y = area.bottom().saturating_sub(1);
        let quiet = |role: Role| matches!(role, Role::Ok | Role::Muted);
        let bad = hidden.iter().filter(|(_, r)| !quiet(region::region(app, r).0.role)).count();
        let words = format!("   and {} more, {bad} of them not ok; move down to see them", hidden.len());
        let role = if bad > 0 { Role::Warn } else { Role::Muted };
        canvas.put(area.x, y, area.width, &words, role);
    }
}

type RegionRow<'a> = (RowId, &'a Region);

/// The regions that fit, around the selected one; Route 53 always. The last line is left for a count of the others.
fn visible<'a>(all: &[RegionRow<'a>], room: usize, app: &App) -> (Vec<RegionRow<'a>>, Vec<RegionRow<'a>>) {
    if all.len() <= room {
        return (all.to_vec(), Vec::new());
    }
    let Some((route53, regions)) = all.split_last() else { return (Vec::new(), Vec::new()) };
    let fits = room.saturating_sub(2);
    let selected = all.iter().position(|(id, _)| Some(id) == app.selected()).unwrap_or(0);
    // In pages, so that moving within one moves nothing else.
    let first = (selected / fits.max(1) * fits.max(1)).min(regions.len().saturating_sub(fits));
    let end = (first + fits).min(regions.len());
    let mut shown = regions[first..end].to_vec();
    if room > 0 {
        shown.push(route53.clone());
    }
    let hidden = regions[..first].iter().chain(&regions[end..]).cloned().collect();
    (shown, hidden)
}

fn cell(glance: &Glance, columns: usize, canvas: &Canvas<'_>) -> super::canvas::Piece {
    let glyphs = canvas.look.glyphs;
    let mark = glyphs.mark(glance.mark);
    let text = match (glance.mark, columns >= 20) {
        (Mark::None, _) => glance.short.clone(),
        (_, true) => format!("{mark} {}", glance.long),
        (_, false) => format!("{mark}{}", glance.short),
    };
    piece(pad(&text, columns, glyphs), glance.role)
}

// --- sites ---

fn site_lines(canvas: &Canvas<'_>, app: &App, columns: u16) -> Vec<Line> {
    let glyphs = canvas.look.glyphs;
    if app.opening.sites.is_empty() {
        let row = vec![piece("   no site is declared: add a [[site]] to the config", Role::Muted)];
        return vec![Line { id: None, left: row, right: Row::new() }];
    }
    let lies = sites::lies(app);
    // From what was declared alone: a lie that appears must not move the sites.
    let names = app.opening.sites.iter().map(|s| width(&s.name));
    let name = names.max().unwrap_or(0).clamp(7, 14) + 1;
    let mut lines = Vec::new();
    for site in &app.opening.sites {
        let (mark, words, role) = sites::state(app, site);
        let right = vec![piece(words, role), piece(" ", Role::Text)];
        let mut left = vec![
            piece(format!(" {} ", glyphs.mark(mark)), role),
            piece(pad(&site.name, name, glyphs), Role::Title),
            piece(format!("{} ", site.record), Role::Text),
            piece(format!("{} ", glyphs.arrow()), Role::Text),
        ];
        left.extend(sites::points_to(app, site));
        // Where it points matters more than the name that it was asked for by: the site's own stands before it.
        if row_width(&left) + 1 + row_width(&right) > usize::from(columns) {
            left.remove(2);
        }
        lines.push(Line { id: Some(RowId::Site(site.name.clone())), left, right });
        let indent = 3 + name;
        // Not as deep as the targets: both counts and the countdown fit into 80 columns.
        for mut row in propagation::news(app, site, canvas.look, usize::from(columns).saturating_sub(2)) {
            row.insert(0, piece("   ", Role::Text));
            lines.push(Line { id: None, left: row, right: Row::new() });
        }
        for mut row in
            sites::alternatives(app, site, usize::from(columns).saturating_sub(indent), canvas.look)
        {
            row.insert(0, piece(" ".repeat(indent), Role::Text));
            lines.push(Line { id: None, left: row, right: Row::new() });
        }
    }
    let troubles = sites::troubles(app);
    let told = lies.iter().map(|lie| lie.databases).chain(troubles.iter().map(|trouble| trouble.databases));
    let all_told = sites::count(app) == told.sum::<usize>();
    // As wide as the longest, as far as the words beside it leave room.
    let claimed = lies.iter().map(|lie| width(&lie.claimed)).max().unwrap_or(0);
    let room = usize::from(columns).saturating_sub(BESIDE_LABEL + claimed).max(name - 1);
    let labels = lies.iter().map(|lie| &lie.label).chain(troubles.iter().map(|trouble| &trouble.label));
    let wide = labels.map(|label| width(label)).max().unwrap_or(0).min(room).max(name - 1);
    for lie in lies {
        let left = vec![
            piece(format!(" {} ", glyphs.mark(Mark::Lie)), Role::Lie),
            piece(format!("{} ", pad(&cut_middle(&lie.label, wide, glyphs), wide, glyphs)), Role::Title),
            piece("CLAIM ", Role::Muted),
            piece(lie.claim, Role::Text),
            piece(lie.claimed, Role::Stale),
            piece("  PROBE ", Role::Muted),
            piece(lie.found, Role::Down),
        ];
        lines.push(Line { id: None, left, right: vec![piece("LIE ", Role::Lie)] });
    }
    for trouble in troubles {
        let left = vec![
            piece(format!(" {} ", glyphs.mark(Mark::Bad)), Role::Down),
            piece(format!("{} ", pad(&cut_middle(&trouble.label, wide, glyphs), wide, glyphs)), Role::Title),
            piece("CLAIM ", Role::Muted),
            piece(trouble.claim, Role::Down),
        ];
        lines.push(Line { id: None, left, right: vec![piece("by AWS's own word ", Role::Muted)] });
    }
    let (down, answer) = sites::endpoints(app);
    for (endpoint, found) in down {
        let left = vec![
            piece(format!(" {} ", glyphs.mark(Mark::Bad)), Role::Down),
            piece(format!("{} ", pad(&cut_middle(&endpoint, wide, glyphs), wide, glyphs)), Role::Title),
            piece("PROBE ", Role::Muted),
            piece(found, Role::Down),
        ];
        lines.push(Line { id: None, left, right: vec![piece("DOWN ", Role::Down)] });
    }
    if answer > 0 {
        let noun = if answer == 1 { "declared endpoint answers" } else { "declared endpoints answer" };
        let left = vec![piece(format!("   {answer} {noun}"), Role::Muted)];
        lines.push(Line { id: None, left, right: Row::new() });
    }
    if let Some(words) = sites::databases(app).filter(|_| !all_told) {
        let left = vec![piece(format!("   {words}"), Role::Muted)];
        lines.push(Line { id: None, left, right: Row::new() });
    }
    lines
}

fn lines(canvas: &mut Canvas<'_>, area: Rect, lines: &[Line], app: &App) {
    let room = usize::from(area.height);
    let selected = lines.iter().position(|l| l.id.is_some() && l.id.as_ref() == app.selected()).unwrap_or(0);
    let first = (selected + 2).saturating_sub(room).min(lines.len().saturating_sub(room));
    for (y, line) in (area.top()..area.bottom()).zip(lines.iter().skip(first)) {
        // Whatever is cut, neither is written over the other.
        let beside = area.width.saturating_sub(cells(row_width(&line.left)) + 1);
        let right = cells(row_width(&line.right)).min(beside.max(area.width * 3 / 5));
        canvas.row(area.x, y, area.width.saturating_sub(right + 1), &line.left);
        canvas.row_right(area.right() - right, y, right, &line.right);
        select(canvas, Rect { y, height: 1, ..area }, line.id.as_ref(), app);
    }
}

fn select(canvas: &mut Canvas<'_>, line: Rect, id: Option<&RowId>, app: &App) {
    if id.is_some() && id == app.selected() {
        canvas.put(line.x, line.y, 1, canvas.look.glyphs.pointer(), Role::Accent);
        canvas.select(line);
    }
}

// --- happening ---

fn happening_panel(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let mut rows = happening::operations(app, canvas.look);
    rows.truncate(usize::from(area.height / 2).max(1));
    let story = happening::story(app, usize::from(area.height).saturating_sub(rows.len()), canvas.look);
    if rows.is_empty() && story.is_empty() {
        rows.push(vec![piece("nothing has happened yet", Role::Muted)]);
    }
    rows.extend(story);
    for (y, row) in (area.top()..area.bottom()).zip(rows) {
        canvas.row(area.x + 1, y, area.width.saturating_sub(2), &row);
    }
}

/// Who is here, on the lower frame.
fn people(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let people = present(app);
    if people.is_empty() {
        return;
    }
    let mut row: Row = vec![piece(" here: ", Role::Muted)];
    for (at, Present { name, silent }) in people.into_iter().enumerate() {
        if at > 0 {
            row.push(piece(", ", Role::Muted));
        }
        row.push(name);
        if let Some(silent) = silent {
            row.push(piece(format!(" (last heard {silent} ago)"), Role::Muted));
        }
    }
    row.push(piece(" ", Role::Muted));
    canvas.row_right(body.x, body.bottom() - 1, body.width - 2, &row);
}
