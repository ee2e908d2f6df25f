//! The frame around every screen: what this is, whose it is, who is here, where one can go.
//!
//! The mode stands first, in words. In a replay a time bar shows the moment on the screen.

use super::canvas::{Canvas, Piece, Row, cells, piece, row_width};
use super::look::Mark;
use super::text::{self, running};
use crate::app::commands::Command;
use crate::app::message::{LogRefusal, RefusalCause};
use crate::app::table::{age, clock_time, date_time};
use crate::app::{AccountStanding, App, LogState, Overlay, Planning, Replay, Screen, Urgency};
use crate::incident::entry::Mode;
use crate::incident::plan::Risk;
use crate::incident::story::Tone;
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// Seconds after which somebody who wrote nothing is shown with the age of their last word.
const QUIET_AFTER_S: i64 = 120;

/// The mode in words, with its role.
pub(super) fn mode(app: &App) -> (&'static str, Role) {
    if app.replay.is_some() {
        return ("REPLAY", Role::Replay);
    }
    match app.opening.mode {
        Mode::Live => ("LIVE", Role::Live),
        Mode::ReadOnly => ("READ-ONLY", Role::ReadOnly),
        Mode::Record => ("RECORD", Role::ReadOnly),
        Mode::Demo => ("DEMO", Role::Demo),
        Mode::Replay => ("REPLAY", Role::Replay),
    }
}

/// The role of a person: the same for the whole incident.
pub(super) fn person(app: &App, user: &str) -> Role {
    if user == "-" || user == Mode::Record.as_str() {
        return Role::Muted;
    }
    // In the order in which people first opened a cockpit.
    let people = app.incident.sessions.values().filter(|p| p.mode != Mode::Record);
    let mut opened: Vec<_> = people.map(|p| (p.opened, p.actor.user.as_str())).collect();
    opened.sort();
    let mut users: Vec<&str> = Vec::new();
    for (_, user) in opened {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    users.iter().position(|known| *known == user).map_or(Role::Text, Role::operator)
}

/// The mark of a tone.
pub(super) fn tone_mark(tone: Tone) -> Mark {
    match tone {
        Tone::Neutral => Mark::None,
        Tone::Good => Mark::Done,
        Tone::Pending => Mark::Pending,
        Tone::Warn => Mark::Warn,
        Tone::Bad => Mark::Bad,
    }
}

/// The role of a tone.
pub(super) fn tone(tone: Tone) -> Role {
    match tone {
        Tone::Neutral => Role::Text,
        Tone::Good => Role::Ok,
        Tone::Pending => Role::Pending,
        Tone::Warn => Role::Warn,
        Tone::Bad => Role::Down,
    }
}

/// Somebody who is here.
pub(super) struct Present {
    /// Who, and how many cockpits they have open if several.
    pub(super) name: Piece,
    /// How long they have been silent, if long.
    pub(super) silent: Option<String>,
}

/// Who is here: users of sessions that did not leave, each once.
pub(super) fn present(app: &App) -> Vec<Present> {
    let mut sessions: Vec<_> = app.incident.sessions.iter().filter(|(_, p)| p.left.is_none()).collect();
    sessions.sort_by_key(|(id, p)| (p.opened, *id));
    // Several cockpits of one Unix user are several people, or one with several hands: the count says so.
    let mut people: Vec<(String, i64, usize)> = Vec::new();
    for (id, presence) in sessions {
        let who = presence.who();
        let own = *id == app.opening.session && app.replay.is_none();
        let silent = if own { 0 } else { app.now.duration_since(presence.last_heard).as_secs() };
        match people.iter_mut().find(|(user, _, _)| user == who) {
            Some((_, known, cockpits)) => {
                *known = silent.min(*known);
                *cockpits += 1;
            }
            None => people.push((who.to_owned(), silent, 1)),
        }
    }
    people
        .into_iter()
        .map(|(user, silent, cockpits)| {
            let role = person(app, &user);
            let name = if cockpits > 1 { format!("{user} x{cockpits}") } else { user };
            let silent = (silent > QUIET_AFTER_S).then(|| crate::app::table::span(silent));
            Present { name: piece(name, role), silent }
        })
        .collect()
}

/// Draws title, tabs and the replay's bar; returns what is left for the screen.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, app: &App) -> Rect {
    title(canvas, Rect { height: 1, ..area }, app);
    tabs(canvas, Rect { y: area.y + 1, height: 1, ..area }, app);
    let mut top = area.y + 2;
    if let Some(replay) = &app.replay {
        time_bar(canvas, Rect { y: top, height: 1, ..area }, app, replay);
        top += 1;
    }
    let mut below = 1;
    if let (LogState::Refused(why), None) = (&app.log, &app.replay) {
        below += refused(canvas, area, app, why);
    }
    Rect { y: top, height: area.bottom().saturating_sub(top + below), ..area }
}

/// For as long as nothing is recorded: why, and how to go on. Returns the lines it takes, above the last one.
fn refused(canvas: &mut Canvas<'_>, area: Rect, app: &App, why: &LogRefusal) -> u16 {
    let key = app.opening.keymap.label_of(app.context(), Command::ReopenLogbook);
    let how = key.map_or_else(|| "run reopen-logbook".to_owned(), |key| format!("press {key}"));
    let so_far = match (app.not_recorded().len(), app.kept_notes().len()) {
        (0, 0) => String::new(),
        (lost, 0) => format!(" ({lost} lost so far)"),
        (0, kept) => format!(" ({} kept)", notes(kept)),
        (lost, kept) => format!(" ({lost} lost so far, {} kept)", notes(kept)),
    };
    let words =
        format!("NOT RECORDING{so_far}, actions off. Once it is mended {how} to record again. Why: {why}");
    let mut lines = text::wrap(&words, usize::from(area.width.saturating_sub(4)));
    let most = usize::from(area.height / 3).max(4);
    if lines.len() > most {
        // Where even that is too little, it says that it is not all.
        lines.truncate(most);
        lines.last_mut().into_iter().for_each(|line| line.push_str(canvas.look.glyphs.ellipsis()));
    }
    let shown = lines.len();
    let first = area.bottom().saturating_sub(1 + cells(shown));
    for (y, line) in (first..).zip(lines.iter().take(shown)) {
        canvas.clear(Rect { y, height: 1, ..area });
        canvas.put(area.x + 3, y, area.width.saturating_sub(4), line, Role::Down);
    }
    canvas.mark(area.x + 1, first, Mark::Bad, Role::Down);
    cells(shown)
}

fn notes(count: usize) -> String {
    if count == 1 { "1 note".into() } else { format!("{count} notes") }
}

fn title(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let (word, mode_role) = mode(app);
    let mut left: Row = vec![piece(format!(" {word}"), mode_role)];
    let accounts: Vec<String> = app
        .accounts
        .iter()
        .map(|(account, profile)| {
            let name = if profile.is_ambient() { String::new() } else { format!("{profile} ") };
            match app.account_standing(account) {
                AccountStanding::Verified => format!("{name}{}", account.short()),
                AccountStanding::Presumed => format!("{name}{} (presumed)", account.short()),
                AccountStanding::Unknown => format!("{profile} (account not read)"),
            }
        })
        .collect();
    let accounts = match accounts.as_slice() {
        [first, _, rest @ ..] => format!("{first} +{}", rest.len() + 1),
        _ => accounts.join(" "),
    };

    let log: Row = match &app.log {
        LogState::Writing if !app.opening.breakages.is_empty() => {
            vec![piece("log ", Role::Muted), piece("BROKEN ", Role::Down)]
        }
        LogState::Writing => {
            vec![piece(format!("log {} ", app.incident.entries), Role::Muted), piece("ok ", Role::Muted)]
        }
        LogState::Refused(why) => {
            let word = match why.cause {
                RefusalCause::NoRoom => "DISK FULL ",
                RefusalCause::Other => "REFUSED ",
            };
            vec![piece("log ", Role::Muted), piece(word, Role::Down)]
        }
    };
    let mut people = Row::new();
    for Present { name, silent } in present(app) {
        people.push(name);
        people.push(piece(silent.map_or_else(|| " ".into(), |s| format!(" {s}? ")), Role::Muted));
    }
    let incident: Row = app.incident.declared().map_or_else(Row::new, |declared| {
        let seconds = app.now.duration_since(declared.since).as_secs().max(0);
        let clock = format!("T+{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        vec![
            piece("INCIDENT ", Role::Down),
            piece(declared.title.clone(), Role::Title),
            piece(format!("  {clock}"), Role::Down),
        ]
    });

    let access = access(app);

    // What does not fit is left out, the least important first.
    let room = usize::from(area.width);
    let incident_needs = row_width(&incident).min(40) + 2;
    let pressing = access.iter().any(|piece| piece.role != Role::Muted);
    let mut used = row_width(&left) + row_width(&log) + incident_needs;
    let mut take = |row: &[Piece], gap: usize| {
        let fits = used + row_width(row) + gap <= room;
        if fits {
            used += row_width(row) + gap;
        }
        fits
    };
    let estate = vec![piece(app.opening.estate.clone(), Role::Title)];
    let account = vec![piece(accounts, Role::Text)];
    let name = vec![piece("blackstart", Role::Muted)];
    let with_pressing = pressing && take(&access, 2);
    let with_estate = take(&estate, 2);
    let with_people = take(&people, 2);
    let with_account = take(&account, 2);
    let with_calm = with_pressing || (!access.is_empty() && take(&access, 2));
    let with_name = take(&name, 2);
    for (wanted, row) in [(with_name, name), (with_estate, estate), (with_account, account)] {
        if wanted {
            left.push(piece("  ", Role::Text));
            left.extend(row);
        }
    }
    let mut right = Row::new();
    if with_people {
        right.extend(people);
        right.push(piece("  ", Role::Text));
    }
    if with_calm {
        right.extend(access);
        right.push(piece("  ", Role::Text));
    }
    right.extend(log);

    let left_end = canvas.row(area.x, area.y, area.width, &left);
    let right_begin = canvas.row_right(area.x, area.y, area.width, &right);
    let between = right_begin.saturating_sub(area.x + left_end);
    if !incident.is_empty() && between > 4 {
        let needs = cells(row_width(&incident)).min(between - 4);
        let x = area.x + left_end + (between - needs) / 2;
        // The clock is the last thing to be cut: the title gives way.
        let spare = needs.saturating_sub(cells(row_width(&incident) - text::width(&incident[1].text)));
        let title = text::cut(&incident[1].text, usize::from(spare), canvas.look.glyphs).into_owned();
        let row = vec![incident[0].clone(), piece(title, Role::Title), incident[2].clone()];
        canvas.row(x, area.y, needs, &row);
    }
}

/// What there is to say of credentials and clock: how long, and how far off. Says in words what presses.
fn access(app: &App) -> Row {
    let role = |urgency: Urgency| match urgency {
        Urgency::Calm => Role::Muted,
        Urgency::Soon => Role::Warn,
        Urgency::Now | Urgency::Over => Role::Down,
    };
    let mut row = Row::new();
    if app.replay.is_some() {
        // Nobody asks AWS for anything here.
        return row;
    }
    if let Some((ahead, urgency)) = app.clock_ahead() {
        let sign = if ahead < 0 { '-' } else { '+' };
        let off = crate::app::table::span(ahead.abs());
        row.push(piece(format!("clock {sign}{off}"), role(urgency)));
    }
    if let Some(left) = app.credentials_left().first() {
        let span = crate::app::table::span(left.seconds);
        let words = match left.urgency {
            Urgency::Calm => format!("creds {span}"),
            Urgency::Soon => format!("creds end in {span}"),
            Urgency::Now => format!("CREDS END IN {span}"),
            Urgency::Over => "CREDS EXPIRED".to_owned(),
        };
        if !row.is_empty() {
            row.push(piece("  ", Role::Muted));
        }
        row.push(piece(words, role(left.urgency)));
    }
    row
}

fn tabs(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let mut right = Row::new();
    if !app.pressed.is_empty() {
        let keys: Vec<String> = app.pressed.iter().map(|key| key.label()).collect();
        right.push(piece(format!("{}{}  ", keys.join(" "), canvas.look.glyphs.ellipsis()), Role::Key));
    }
    match (&app.log, app.opening.complaints.len()) {
        (LogState::Refused(_), _) => right.push(piece("actions off  ", Role::Down)),
        (LogState::Writing, _) if !app.opening.breakages.is_empty() => {
            right.push(piece("blackstart log verify  ", Role::Down));
        }
        (LogState::Writing, 0) => {}
        (LogState::Writing, n) => {
            let noun = if n == 1 { "complaint" } else { "complaints" };
            right.push(piece(format!("{n} {noun}: blackstart check  "), Role::Warn));
        }
    }
    if !app.behind.is_zero() {
        let behind = crate::app::table::span(app.behind.as_secs());
        right.push(piece(format!("system clock {behind} behind  "), Role::Warn));
    }
    right.push(piece(format!("{} UTC ", clock_time(app.now)), Role::Muted));
    let begins = canvas.row_right(area.x, area.y, area.width, &right);

    let tab = |screen: Screen, short: bool| -> Row {
        let command = screen_command(screen);
        let key = app.opening.keymap.label_of(app.context(), command).unwrap_or_default();
        let role = if screen == app.screen { Role::Accent } else { Role::Text };
        let title = match (screen, short) {
            (Screen::RestorePoints, true) => "Restore",
            (Screen::Registrations, true) => "Registr.",
            _ => screen.title(),
        };
        let title = piece(title, role);
        vec![piece(format!(" {key} "), if screen == app.screen { Role::Accent } else { Role::Key }), title]
    };
    let room = begins.saturating_sub(area.x + 1);
    let all = |short: bool| -> Vec<Row> { Screen::ALL.into_iter().map(|s| tab(s, short)).collect() };
    let long = all(false);
    let fits = long.iter().map(|row| row_width(row) + 1).sum::<usize>() <= usize::from(room);
    let rows = if fits { long } else { all(true) };
    let mut x = area.x;
    for (screen, row) in Screen::ALL.into_iter().zip(rows) {
        let needs = cells(row_width(&row)) + 1;
        if x + needs > area.x + room {
            break;
        }
        let used = canvas.row(x, area.y, needs, &row);
        if screen == app.screen {
            canvas.select(Rect { x, y: area.y, width: used + 1, height: 1 });
        }
        x += needs;
    }
}

/// The command that shows a screen.
fn screen_command(screen: Screen) -> Command {
    match screen {
        Screen::Board => Command::Board,
        Screen::Instances => Command::Instances,
        Screen::RestorePoints => Command::RestorePoints,
        Screen::Registrations => Command::Registrations,
        Screen::Apex => Command::Apex,
        Screen::Log => Command::Log,
    }
}

fn time_bar(canvas: &mut Canvas<'_>, area: Rect, app: &App, replay: &Replay) {
    let state = if replay.playing { "playing" } else { "paused" };
    let left: Row = vec![
        piece(" at ", Role::Muted),
        piece(date_time(replay.at), Role::Replay),
        piece(format!("  {state} "), Role::Text),
        piece(format!("{}x  ", replay.speed), Role::Muted),
    ];
    let right: Row =
        vec![piece(format!("  entry {} of {} ", replay.position, replay.timeline.len()), Role::Muted)];
    let used = canvas.row(area.x, area.y, area.width, &left);
    let end = canvas.row_right(area.x, area.y, area.width, &right);
    let x = area.x + used;
    let columns = end.saturating_sub(x);
    let (Some((first, last)), true) = (replay.bounds(), columns > 4) else { return };
    let length = last.duration_since(first).as_secs().max(1);
    let at = |time: jiff::Timestamp| -> u16 {
        let share = time.duration_since(first).as_secs().clamp(0, length);
        u16::try_from(share * i64::from(columns - 1) / length).unwrap_or_default()
    };
    let [behind, here, ahead, tick] = canvas.look.glyphs.bar();
    let now = at(app.now);
    for column in 0..columns {
        let (sign, role) = if column <= now { (behind, Role::Replay) } else { (ahead, Role::Border) };
        canvas.put(x + column, area.y, 1, sign, role);
    }
    for index in replay.actions.iter() {
        if let Some(ts) = replay.timeline.ts(*index) {
            canvas.put(x + at(ts), area.y, 1, tick, Role::Accent);
        }
    }
    canvas.put(x + now, area.y, 1, here, Role::Replay);
}

/// The last line: what was just said, or what can be pressed now.
pub(super) fn footer(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let y = area.bottom().saturating_sub(1);
    let line = Rect { y, height: 1, ..area };
    if app.notices.is_empty() {
        canvas.clear(line);
        hints(canvas, line, app);
        return;
    }
    // The newest lowest, and whole: what does not fit into a line takes more.
    let room = area.width.saturating_sub(4);
    let mut y = area.bottom();
    for notice in app.notices.iter().rev().take(3) {
        let role = if notice.tone == Tone::Neutral { Role::Accent } else { tone(notice.tone) };
        let lines = text::wrap(&text::clean(&notice.text, canvas.look.glyphs), usize::from(room));
        y = y.saturating_sub(cells(lines.len())).max(area.y);
        for (y, text) in (y..area.bottom()).zip(&lines) {
            canvas.clear(Rect { y, ..line });
            canvas.put(area.x + 3, y, room, text, role);
        }
        canvas.mark(area.x + 1, y, tone_mark(notice.tone), role);
    }
    // What was said took its lines: that nothing is recorded goes above them.
    if let (LogState::Refused(why), None) = (&app.log, &app.replay) {
        refused(canvas, Rect { height: (y + 1).saturating_sub(area.y), ..area }, app, why);
    }
}

fn hints(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let mut fixed: Vec<(&str, &str)> = Vec::new();
    let mut commands: Vec<(Command, &str)> = Vec::new();
    match app.overlays.last() {
        None => commands = screen_hints(app),
        Some(Overlay::Filter) => fixed = vec![("type", "to filter"), ("Enter", "keep"), ("Esc", "clear")],
        Some(Overlay::Palette(_) | Overlay::Picker(_)) => {
            fixed = vec![("type", "to narrow"), ("Up/Down", "move"), ("Enter", "choose"), ("Esc", "close")];
        }
        Some(Overlay::Prompt { .. }) => {
            fixed = vec![("Enter", "done"), ("Ctrl-U", "clear"), ("Esc", "cancel")];
        }
        Some(Overlay::Help { .. }) => fixed = vec![("Up/Down", "scroll"), ("Esc", "close")],
        Some(Overlay::Detail { .. }) => {
            fixed = vec![("Up/Down", "scroll"), ("Esc", "close")];
            commands = action_hints(app);
        }
        Some(Overlay::Progress(_)) => fixed = vec![("Esc", "close; the work goes on by itself")],
        Some(Overlay::Plan(dialog)) => {
            fixed = match &dialog.planning {
                Planning::Gathering { .. } => vec![("Esc", "stop reading; nothing was changed")],
                Planning::Refused(_) => vec![("Esc", "close")],
                Planning::Ready(plan) => match plan.risk {
                    Risk::Reversible => {
                        vec![("y", "confirm"), ("n", "cancel"), ("Up/Down", "scroll"), ("Tab", "button")]
                    }
                    Risk::Disruptive | Risk::Destructive => {
                        vec![
                            ("type", &plan.confirm),
                            ("Enter", "confirm"),
                            ("Up/Down", "scroll"),
                            ("Esc", "cancel"),
                        ]
                    }
                },
            };
        }
    }
    let mut row = Row::new();
    let mut push = |key: &str, words: &str, role: Role| {
        row.push(piece(" ", Role::Text));
        row.push(piece(key, Role::Key));
        row.push(piece(format!(" {words} "), role));
    };
    for (key, words) in fixed {
        push(key, words, Role::Muted);
    }
    for (command, words) in commands {
        if let Some(key) = app.opening.keymap.label_of(app.context(), command) {
            push(&key, words, Role::Muted);
        }
    }
    let mut always = Row::new();
    if app.overlays.is_empty() {
        if app.replay.is_none()
            && app.log == LogState::Writing
            && let Some(why) = app.actions_off()
        {
            always.push(piece(format!(" {why} "), Role::Warn));
        }
        for (command, words) in [(Command::Palette, "run"), (Command::Help, "help"), (Command::Quit, "quit")]
        {
            if let Some(key) = app.opening.keymap.label_of(app.context(), command) {
                always.push(piece(format!(" {key}"), Role::Key));
                always.push(piece(format!(" {words} "), Role::Muted));
            }
        }
    }
    let begins = canvas.row_right(area.x, area.y, area.width, &always);
    // Hints are whole or absent.
    let room = usize::from(begins.saturating_sub(area.x));
    let mut used = 0;
    let mut fitting = Row::new();
    for hint in row.chunks(3) {
        if used + row_width(hint) > room {
            break;
        }
        used += row_width(hint);
        fitting.extend_from_slice(hint);
    }
    canvas.row(area.x, area.y, begins.saturating_sub(area.x), &fitting);
}

fn action_hints(app: &App) -> Vec<(Command, &'static str)> {
    if app.actions_off().is_some() {
        return Vec::new();
    }
    match app.screen {
        Screen::Board | Screen::Apex => vec![
            (Command::Maintenance, "maintenance"),
            (Command::ApexSwitch, "apex"),
            (Command::Undo, "undo"),
        ],
        Screen::Instances => vec![
            (Command::Relaunch, "relaunch"),
            (Command::Register, "register"),
            (Command::Terminate, "terminate"),
        ],
        Screen::RestorePoints => vec![(Command::Restore, "restore")],
        Screen::Registrations => vec![
            (Command::Register, "register"),
            (Command::Deregister, "deregister"),
            (Command::Relaunch, "relaunch"),
        ],
        Screen::Log => vec![(Command::Undo, "undo last")],
    }
}

fn screen_hints(app: &App) -> Vec<(Command, &'static str)> {
    if let Some(replay) = &app.replay {
        return vec![
            (Command::PlayPause, if replay.playing { "pause" } else { "play" }),
            (Command::StepForward, "next"),
            (Command::StepBack, "back"),
            (Command::NextAction, "next action"),
            (Command::Faster, "faster"),
            (Command::Slower, "slower"),
            (Command::Detail, "detail"),
            (Command::Filter, "filter"),
        ];
    }
    let mut hints = action_hints(app);
    hints.push((Command::Detail, "detail"));
    match app.screen {
        Screen::Board => {
            let declare = if app.incident.declared().is_some() { "close incident" } else { "declare" };
            hints.extend([
                (Command::Note, "note"),
                (Command::Declare, declare),
                (Command::Refresh, "refresh"),
            ]);
        }
        Screen::Log => hints.extend([(Command::Note, "note"), (Command::Filter, "filter")]),
        Screen::Instances | Screen::Registrations => {
            hints.extend([(Command::Mark, "mark"), (Command::Filter, "filter"), (Command::Sort, "sort")]);
        }
        Screen::RestorePoints | Screen::Apex => {
            hints.extend([(Command::Filter, "filter"), (Command::Sort, "sort")]);
        }
    }
    hints
}

/// Elapsed time between two moments, running.
pub(super) fn since(app: &App, then: jiff::Timestamp) -> String {
    running(app.now.duration_since(then).as_secs())
}

/// A coarse age, or `now`.
pub(super) fn ago(app: &App, then: jiff::Timestamp) -> String {
    age(app.now, then)
}
