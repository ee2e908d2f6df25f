//! Screens 2 to 6: one table, whatever it lists.
//!
//! Widths come from the columns, the terminal and what the rows said when the table was opened ([`Fit`]), so nothing moves
//! while data streams in. Only the rows in sight are asked for their text.

use super::canvas::{Canvas, Row, cells, piece, row_width};
use super::empty;
use super::frame::{person, tone, tone_mark};
use super::happening::{self, standing_mark, standing_role, story_role};
use super::look::Mark;
use super::sites::{health_mark, health_role};
use super::text::{clean, cut, cut_middle, keep_end, width};
use crate::app::table::{Align, Column, Fit, Holds, RowId, columns, day_time, window};
use crate::app::{App, ListView, Overlay, Screen};
use crate::incident::cell::Health;
use crate::incident::operation::Operation;
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// Columns before the first: pointer, mark and a blank.
const MARGIN: u16 = 3;

/// Columns of room from which two blanks stand between columns.
const WIDE_GAPS: u16 = 160;

/// Columns that the first words of a sentence take.
const FIRST_WORDS: u16 = 24;

/// Columns are dropped in their order; up to this one they tell rows apart.
const TELLING: u8 = 2;

/// A column with its place on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Its index among the screen's columns.
    pub(super) index: usize,
    pub(super) column: Column,
    pub(super) x: u16,
    pub(super) width: u16,
}

/// Columns that are shown, and what lies between them.
struct Setting<'a> {
    fit: &'a Fit,
    gap: u16,
    /// Each with its index among the screen's columns.
    shown: Vec<(usize, Column)>,
}

impl Setting<'_> {
    /// What a column is set at least. One in which nothing stands keeps room for its heading.
    fn least(&self, (index, column): (usize, Column)) -> u16 {
        if self.fit.is_vacant(index, column.holds) {
            column.min.min(cells(column.title.len()))
        } else {
            column.min
        }
    }

    /// What its texts need, as far as it may have that.
    fn needs(&self, (index, column): (usize, Column)) -> u16 {
        let most = match column.holds {
            Holds::Sentence => column.max.min(FIRST_WORDS),
            Holds::Words | Holds::Place | Holds::Name | Holds::MadeName | Holds::Id | Holds::Spare => {
                column.max
            }
        };
        self.fit.widest.get(index).copied().unwrap_or_default().min(most)
    }

    fn total(&self, widths: impl Iterator<Item = u16>) -> u16 {
        widths.sum::<u16>() + self.gap * cells(self.shown.len().saturating_sub(1))
    }

    /// What of all that is shown goes first where not all has room.
    fn first_to_go(&self) -> Option<usize> {
        (0..self.shown.len()).filter(|at| self.shown[*at].1.drop > 0).max_by_key(|at| self.shown[*at].1.drop)
    }

    /// The widths, for so much room.
    fn widths(&self, available: u16) -> Vec<u16> {
        let mut widths: Vec<u16> = self.shown.iter().map(|column| self.least(*column)).collect();
        // Where even those that are never dropped do not fit, the widest give.
        while self.total(widths.iter().copied()) > available {
            match widths.iter_mut().max() {
                Some(widest) if *widest > 3 => *widest -= 1,
                Some(_) | None => break,
            }
        }
        let mut left = available.saturating_sub(self.total(widths.iter().copied()));
        // What is left over goes to whatever would be cut: names, then the first words of sentences, then ids.
        let rank = |holds: Holds| match holds {
            Holds::Words | Holds::Place | Holds::Name | Holds::MadeName => 0,
            Holds::Sentence => 1,
            Holds::Id => 2,
            Holds::Spare => 3,
        };
        let mut order: Vec<usize> = (0..widths.len()).collect();
        order.sort_by_key(|at| {
            let column = self.shown[*at];
            (rank(column.1.holds), column.1.drop, self.needs(column).saturating_sub(widths[*at]))
        });
        for at in order {
            let more = self.needs(self.shown[at]).saturating_sub(widths[at]).min(left);
            widths[at] += more;
            left -= more;
        }
        // And what nothing needs yet to whom it lacks most: columns that hold sentences before columns that hold words.
        for _ in 0..left {
            let lacks = |at: usize, widths: &[u16]| self.shown[at].1.max.saturating_sub(widths[at]);
            let Some(at) = (0..widths.len()).rev().max_by_key(|at| lacks(*at, &widths)) else { break };
            if lacks(at, &widths) == 0 {
                break;
            }
            widths[at] += 1;
        }
        widths
    }

    /// Whether a name would be cut that tells rows apart, or what is there only if there is room.
    fn cuts_a_name(&self, widths: &[u16]) -> bool {
        self.shown.iter().zip(widths).any(|(column, width)| {
            let counts = match column.1.holds {
                Holds::Place | Holds::Name | Holds::MadeName => column.1.drop <= TELLING,
                Holds::Spare => true,
                Holds::Words | Holds::Sentence | Holds::Id => false,
            };
            counts && self.needs(*column) > *width
        })
    }

    /// What one can do without, if any of that is shown.
    fn spare(&self) -> Option<usize> {
        let spare = |at: &usize| self.shown[*at].1.holds == Holds::Spare;
        (0..self.shown.len()).filter(spare).max_by_key(|at| self.shown[*at].1.drop)
    }
}

/// Which columns fit, and how wide each is. The highest `drop` goes first; what is left over goes to those that can use
/// it.
pub(super) fn place(columns: &[Column], available: u16, fit: &Fit) -> Vec<Placed> {
    // Wider gaps are for room that is left over: at the design size words need it more.
    let gap = if available >= WIDE_GAPS { 2 } else { 1 };
    let worth = |column: &Column| !(fit.one_account && column.title == "ACCOUNT");
    let all = columns.iter().copied().enumerate().filter(|(_, column)| worth(column));
    let mut setting = Setting { fit, gap, shown: all.collect() };
    // By what columns want without any text: which are there does not depend on what the rows say.
    while setting.total(setting.shown.iter().map(|(_, column)| column.min)) > available {
        let Some(at) = setting.first_to_go() else { break };
        setting.shown.remove(at);
    }
    let mut widths = setting.widths(available);
    while let Some(at) = setting.spare().filter(|_| setting.cuts_a_name(&widths)) {
        setting.shown.remove(at);
        widths = setting.widths(available);
    }
    let mut x = 0;
    let mut placed = Vec::new();
    for ((index, column), width) in setting.shown.into_iter().zip(widths) {
        placed.push(Placed { index, column, x, width });
        x += width + gap;
    }
    placed
}

/// Draws a screen's table.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let Some(view) = app.lists.get(&app.screen) else { return };
    let mut area = body;
    match app.screen {
        Screen::Log => area = operations(canvas, area, app),
        Screen::Apex => area = under_way(canvas, area, app),
        Screen::Board | Screen::Instances | Screen::RestorePoints | Screen::Registrations => {}
    }
    canvas.horizontal(area.x, area.y, area.width, Role::Border);
    let placed = place(columns(app.screen), area.width.saturating_sub(MARGIN + 1), &view.fit);
    let trouble = empty::trouble(app);
    let list =
        Rect { y: area.y + 2, height: area.height.saturating_sub(2 + u16::from(trouble.is_some())), ..area };
    let first = first_row(view, usize::from(list.height));
    heading(canvas, area, app, view, &placed, (first, usize::from(list.height)));
    heads(canvas, Rect { y: area.y + 1, height: 1, ..area }, &placed, view);
    if let Some((words, role)) = trouble {
        let y = area.bottom().saturating_sub(1);
        canvas.mark(area.x + 1, y, Mark::Warn, role);
        canvas.put(area.x + 3, y, area.width.saturating_sub(4), &words, role);
    }
    if view.rows.is_empty() {
        empty::draw(canvas, Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..list }, app, view);
        return;
    }
    for (y, row) in (list.top()..list.bottom()).zip(view.rows.from(first)) {
        let line = Rect { y, height: 1, ..list };
        table_row(canvas, line, app, &placed, row, view.marked.contains(row));
        if view.selected.as_ref() == Some(row) {
            canvas.put(line.x, y, 1, canvas.look.glyphs.pointer(), Role::Accent);
            canvas.select(line);
        }
    }
}

/// The first row shown: where the view stands, with the selected row in sight whatever the terminal's height.
fn first_row(view: &ListView, height: usize) -> usize {
    let at = view.position().unwrap_or(0);
    window(view.offset, at, view.rows.len(), height)
}

fn heading(
    canvas: &mut Canvas<'_>,
    area: Rect,
    app: &App,
    view: &ListView,
    placed: &[Placed],
    (first, height): (usize, usize),
) {
    let typing = matches!(app.overlays.last(), Some(Overlay::Filter));
    let mut left: Row = vec![piece(format!(" {} ", app.screen.title().to_lowercase()), Role::Title)];
    if typing || !view.filter.is_empty() {
        let caret = if typing { canvas.look.glyphs.caret() } else { "" };
        let room = usize::from(area.width / 3);
        left.push(piece(" filter ", Role::Muted));
        left.push(piece(format!("{}{caret} ", keep_end(&view.filter, room)), Role::Accent));
        left.push(piece(format!(" {} of {} ", view.rows.len(), view.unfiltered), Role::Text));
    } else {
        left.push(piece(format!("{} ", view.rows.len()), Role::Muted));
    }
    // By a column that has no place here: else nothing would say why the rows stand so.
    let sorted = view.sort.filter(|index| placed.iter().all(|p| p.index != *index));
    if let Some(column) = sorted.and_then(|index| columns(app.screen).get(index)) {
        let sign = canvas.look.glyphs.sorted(view.descending);
        left.push(piece(format!(" by {}{sign} ", column.title), Role::Accent));
    }
    if !view.marked.is_empty() {
        left.push(piece(format!(" {} marked ", view.marked.len()), Role::Accent));
    }
    let used = canvas.row(area.x + 1, area.y, area.width.saturating_sub(2), &left);
    if view.rows.len() > height {
        let last = (first + height).min(view.rows.len());
        let row = vec![piece(format!(" {}-{last} of {} ", first + 1, view.rows.len()), Role::Muted)];
        if usize::from(area.width.saturating_sub(used + 4)) > row_width(&row) {
            canvas.row_right(area.x, area.y, area.width - 1, &row);
        }
    }
}

fn heads(canvas: &mut Canvas<'_>, line: Rect, placed: &[Placed], view: &ListView) {
    for p in placed {
        let sorted = view.sort == Some(p.index);
        let title = if sorted {
            format!("{}{}", p.column.title, canvas.look.glyphs.sorted(view.descending))
        } else {
            p.column.title.to_owned()
        };
        let role = if sorted { Role::Accent } else { Role::Header };
        let x = line.x + MARGIN + p.x;
        match p.column.align {
            Align::Left => {
                canvas.put(x, line.y, p.width, &title, role);
            }
            Align::Right => canvas.put_right(x, line.y, p.width, &title, role),
        }
    }
}

fn table_row(canvas: &mut Canvas<'_>, line: Rect, app: &App, placed: &[Placed], row: &RowId, marked: bool) {
    let texts = app.cells(app.screen, row);
    let health = app.row_health(row);
    if marked {
        canvas.mark(line.x + 1, line.y, Mark::Marked, Role::Accent);
    } else if let Some(tone_of) = app.row_tone(row) {
        canvas.mark(line.x + 1, line.y, tone_mark(tone_of), tone(tone_of));
    } else if let Some(health) = health {
        canvas.mark(line.x + 1, line.y, health_mark(health), health_role(health));
    }
    for (at, p) in placed.iter().enumerate() {
        let Some(text) = texts.get(p.index).filter(|text| !text.is_empty()) else { continue };
        let role = cell_role(app, row, health, p.column.title, text);
        let x = line.x + MARGIN + p.x;
        let glyphs = canvas.look.glyphs;
        let text = clean(text, glyphs);
        // What is too long goes on over the empty cells beside it.
        let is_empty = |next: &&Placed| texts.get(next.index).is_none_or(String::is_empty);
        let wide = placed[at + 1..]
            .iter()
            .take_while(is_empty)
            .last()
            .map_or(p.width, |end| end.x + end.width - p.x);
        let wide = if p.column.align == Align::Left { wide } else { p.width };
        let room = usize::from(wide);
        let text = if p.column.cut_in_the_middle() {
            cut_middle(&text, room, glyphs)
        } else {
            cut(&text, room, glyphs)
        };
        match p.column.align {
            Align::Left => {
                canvas.put(x, line.y, wide, &text, role);
            }
            Align::Right => {
                let pad = p.width.saturating_sub(cells(width(&text)));
                canvas.put(x + pad, line.y, p.width, &text, role);
            }
        }
    }
}

/// What a cell plays. A row that needs no eyes is neutral; in one that does, the columns that say why are coloured.
fn cell_role(app: &App, row: &RowId, health: Option<Health>, title: &str, text: &str) -> Role {
    if let RowId::Event(..) = row {
        return match title {
            "WHO" => person(app, text),
            "WHAT" => match row {
                RowId::Event(session, seq) => app.event(session, *seq).map_or(Role::Text, story_role),
                RowId::Site(_) | RowId::Region(_) | RowId::Key(_) | RowId::Target { .. } => Role::Text,
            },
            _ => Role::Muted,
        };
    }
    let stale = match row {
        // What a site answers is evidence; where it points is a claim, with an age of its own.
        RowId::Site(name) => {
            let site = app.opening.sites.iter().find(|site| site.name == *name);
            title != "STATE" && site.is_some_and(|site| app.records_last_known(site).is_some())
        }
        RowId::Target { site, target } => {
            let site = app.opening.sites.iter().find(|declared| declared.name == *site);
            let balancer = site.and_then(|site| site.target(target)).and_then(|t| app.balancer_of(t));
            balancer.is_some_and(|balancer| app.incident.is_stale(&balancer.key, app.now))
        }
        RowId::Key(_) | RowId::Region(_) | RowId::Event(..) => health == Some(Health::Stale),
    };
    match title {
        "HEALTH" | "STATE" => match (row, health) {
            (RowId::Target { .. }, _) if text.contains("probe ") => Role::Down,
            (RowId::Target { .. }, _) if text.starts_with("current") => Role::Accent,
            (RowId::Site(_), _) if text.starts_with("maintenance") => Role::Warn,
            (_, Some(health)) => health_role(health),
            (_, None) => Role::Text,
        },
        "AGE" | "LOST" => {
            if stale {
                Role::Stale
            } else {
                Role::Muted
            }
        }
        "CLAIM" if health == Some(Health::Lie) => Role::Lie,
        "CLAIM" if health == Some(Health::Down) && app.screen == Screen::RestorePoints => Role::Down,
        "PROBE" => match text {
            "answers" => Role::Ok,
            // That nothing comes back may be the path from here: in colour only where it contradicts.
            _ if matches!(health, Some(Health::Lie | Health::Down)) => Role::Down,
            _ => Role::Muted,
        },
        "FAULT" => match text {
            "AWS" => Role::Warn,
            _ => Role::Text,
        },
        "CHECKS" if text.contains("impaired") => Role::Down,
        "NAME" if matches!(row, RowId::Site(_)) => Role::Title,
        "TYPE" | "ACCOUNT" | "UP" | "ENGINE" | "GIB" | "KIND" | "CHECKS" | "TTL" => Role::Muted,
        _ if stale => Role::Muted,
        _ => Role::Text,
    }
}

/// On the apex screen: changes on their way, and what the DNS servers answer. Returns what is left.
fn under_way(canvas: &mut Canvas<'_>, area: Rect, app: &App) -> Rect {
    let mut rows = happening::operations(app, canvas.look);
    rows.truncate(3);
    let title = if rows.is_empty() { "dns" } else { "under way" };
    rows.extend(super::propagation::lines(app, canvas.look, usize::from(area.height / 6)));
    if rows.is_empty() {
        return area;
    }
    canvas.horizontal(area.x, area.y, area.width, Role::Border);
    canvas.title(area.x + 1, area.y, area.width, title);
    for (y, row) in (area.y + 1..).zip(&rows) {
        canvas.row(area.x + 1, y, area.width.saturating_sub(2), row);
    }
    let taken = cells(rows.len()) + 1;
    Rect { y: area.y + taken, height: area.height.saturating_sub(taken), ..area }
}

/// On the log screen: the operations over the story. Returns what is left.
fn operations(canvas: &mut Canvas<'_>, area: Rect, app: &App) -> Rect {
    let mut all = app.incident.operations_in_order();
    if all.is_empty() {
        return area;
    }
    all.reverse();
    let room = if area.height >= 30 { 8 } else { 3 };
    canvas.horizontal(area.x, area.y, area.width, Role::Border);
    canvas.title(area.x + 1, area.y, area.width, "operations");
    if all.len() > room {
        let row = vec![piece(format!(" newest {room} of {} ", all.len()), Role::Muted)];
        canvas.row_right(area.x, area.y, area.width - 1, &row);
    }
    let shown = cells(all.len().min(room));
    let began =
        |operation: &Operation| operation.confirmed.as_ref().map_or(operation.proposed, |(at, _)| *at);
    let times =
        all.iter().take(room).map(|operation| day_time(app.now, began(operation)).len()).max().unwrap_or(0);
    for (y, operation) in (area.y + 1..=area.y + shown).zip(all) {
        let standing = operation.standing(&app.incident);
        let role = standing_role(standing);
        let at = began(operation);
        let row = vec![
            piece(format!("{:<times$} ", day_time(app.now, at)), Role::Muted),
            happening::name(app, &operation.by, canvas.look),
            piece(operation.plan.title.clone(), Role::Text),
        ];
        let words = format!(" {}", standing.as_str());
        let right = cells(width(&words)) + 1;
        canvas.mark(area.x + 1, y, standing_mark(standing), role);
        canvas.row(area.x + MARGIN, y, area.width.saturating_sub(MARGIN + 1 + right), &row);
        canvas.put_right(area.x, y, area.width - 1, &words, role);
    }
    Rect { y: area.y + 1 + shown, height: area.height.saturating_sub(1 + shown), ..area }
}
