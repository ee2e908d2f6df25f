//! Keys: from a key to a command, from a command to a screen, an overlay or an action.
//!
//! Every overlay takes keys before the screen does; the topmost first. Ctrl-C quits from anywhere. A key that means
//! nothing does nothing, and never something else.

use super::acting::{Dialog, Focus, Planning};
use super::choosing::SiteUse;
use super::commands::Command;
use super::keys::{Key, KeyCode, Match};
use super::message::Effect;
use super::table::RowId;
use super::{App, LogState, Screen};
use crate::incident::entry::Body;
use crate::incident::hash::PlanHash;
use crate::incident::operation::Operation;
use crate::incident::plan::{Action, Risk};
use crate::incident::resource::Resource;
use crate::incident::story::Tone;
use jiff::Timestamp;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

/// Said where keys come before there is a plan that they could be about.
const TYPED_TOO_EARLY: &str = "what was typed before the plan was shown does not count";

/// What lies over a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// The filter of the screen's table is being typed.
    Filter,
    /// A command by name.
    Palette(Picker),
    /// The keys.
    Help {
        /// First line shown.
        scroll: u16,
    },
    /// Everything about a row.
    Detail {
        /// Which.
        row: RowId,
        /// First line shown.
        scroll: u16,
    },
    /// One of several things.
    Picker(Picker),
    /// A line of text.
    Prompt {
        /// What it is for, and its title.
        purpose: Purpose,
        /// The text so far.
        input: String,
    },
    /// A plan to be confirmed.
    Plan(Dialog),
    /// A plan being carried out.
    Progress(PlanHash),
}

/// Something to pick from a list: filters as you type, Enter chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picker {
    /// The question.
    pub title: String,
    /// What was typed.
    pub input: String,
    /// All there is.
    pub choices: Vec<Choice>,
    /// Those that fit what was typed, best first, by their place in `choices`.
    pub shown: Vec<usize>,
    /// The one under the cursor, by its place in `shown`.
    pub selected: usize,
}

/// One thing to pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is called.
    pub label: String,
    /// What speaks for or against it.
    pub detail: String,
    /// What happens when it is chosen.
    pub purpose: Purpose,
}

/// What a chosen or typed thing is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Run a command.
    Run(Command),
    /// Plan an action.
    Act(Box<Action>),
    /// Pick a target for a site.
    TargetOf(String),
    /// Write a note.
    Note,
    /// Declare an incident.
    Declare,
    /// Close the incident.
    Close,
    /// Look again at what became of a plan's unknown call.
    Verify(PlanHash),
    /// Restore a database, up to a time typed.
    RestoreAt(Box<crate::incident::place::Key>),
}

impl Purpose {
    /// The title of a prompt for it.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Note => "note".into(),
            Self::Declare => "declare an incident: its name".into(),
            Self::Close => "close the incident: a last word".into(),
            Self::RestoreAt(key) => format!("restore {} up to (UTC, empty: newest)", key.id),
            Self::Run(command) => command.doc().into(),
            Self::Act(action) => action.to_string(),
            Self::TargetOf(site) => format!("point {site} at"),
            Self::Verify(plan) => format!("verify {}", plan.short()),
        }
    }
}

impl Picker {
    pub(super) fn new(title: impl Into<String>, choices: Vec<Choice>) -> Self {
        let shown = (0..choices.len()).collect();
        Self { title: title.into(), input: String::new(), choices, shown, selected: 0 }
    }

    /// The choice under the cursor.
    #[must_use]
    pub fn current(&self) -> Option<&Choice> {
        self.choices.get(*self.shown.get(self.selected)?)
    }

    fn filter(&mut self) {
        self.selected = 0;
        if self.input.trim().is_empty() {
            self.shown = (0..self.choices.len()).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&self.input, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        // A name typed out in full is that name, whatever else it is part of.
        let typed = self.input.trim().to_lowercase();
        let mut scored: Vec<((bool, bool, u32), usize)> = self
            .choices
            .iter()
            .enumerate()
            .filter_map(|(at, choice)| {
                let text = format!("{} {}", choice.label, choice.detail);
                let haystack = nucleo_matcher::Utf32Str::new(&text, &mut buffer);
                let label = choice.label.to_lowercase();
                let score = pattern.score(haystack, &mut matcher)?;
                Some(((label == typed, label.starts_with(&typed), score), at))
            })
            .collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        self.shown = scored.into_iter().map(|(_, at)| at).collect();
    }
}

/// Edits a line of text; whether the key was an edit.
fn edit(text: &mut String, key: Key) -> bool {
    if let Some(typed) = key.typed() {
        text.push(typed);
        return true;
    }
    match (key.code, key.ctrl) {
        (KeyCode::Backspace, false) => {
            text.pop();
            true
        }
        (KeyCode::Char('u'), true) => {
            text.clear();
            true
        }
        (KeyCode::Char('w') | KeyCode::Backspace, true) => {
            let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(kept);
            true
        }
        _ => false,
    }
}

impl App {
    pub(super) fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        if key == Key::CTRL_C {
            self.leave("quit", effects);
            return;
        }
        if let Some(overlay) = self.overlays.pop() {
            self.overlay_key(overlay, key, effects);
            self.refresh_list();
            return;
        }
        self.pressed.push(key);
        match self.opening.keymap.lookup(self.context(), &self.pressed) {
            Match::Command(command) => {
                self.pressed.clear();
                self.run(command, effects);
            }
            Match::Prefix => {}
            Match::None => {
                // A key that continues nothing begins anew, so that a slip does not swallow the next key.
                let fresh = self.pressed.len() > 1;
                self.pressed.clear();
                if fresh {
                    self.key(key, effects);
                }
            }
        }
        self.refresh_list();
    }

    pub(super) fn paste(&mut self, text: &str) {
        let line: String = text.chars().filter(|c| !c.is_control()).collect();
        let screen = self.screen;
        match self.overlays.last_mut() {
            Some(Overlay::Prompt { input, .. }) => input.push_str(&line),
            // What was on the clipboard before the plan was on the screen confirms nothing.
            Some(Overlay::Plan(dialog)) => match &dialog.planning {
                Planning::Ready(plan) if plan.risk > Risk::Reversible => {
                    dialog.remark = None;
                    dialog.typed.push_str(&line);
                }
                Planning::Gathering { .. } => dialog.remark = Some(TYPED_TOO_EARLY.into()),
                Planning::Ready(_) | Planning::Refused(_) => {}
            },
            Some(Overlay::Palette(picker) | Overlay::Picker(picker)) => {
                picker.input.push_str(&line);
                picker.filter();
            }
            Some(Overlay::Filter) => {
                if let Some(view) = self.lists.get_mut(&screen) {
                    view.filter.push_str(&line);
                }
            }
            Some(Overlay::Help { .. } | Overlay::Detail { .. } | Overlay::Progress(_)) | None => {}
        }
        self.refresh_list();
    }

    /// The topmost overlay was taken off; it is put back unless the key closed it.
    fn overlay_key(&mut self, overlay: Overlay, key: Key, effects: &mut Vec<Effect>) {
        match overlay {
            Overlay::Filter => self.filter_key(key),
            Overlay::Palette(mut picker) => match picker_key(&mut picker, key) {
                PickerKey::Stay => self.overlays.push(Overlay::Palette(picker)),
                PickerKey::Close => {}
                PickerKey::Choose => self.choose(&picker, effects),
            },
            Overlay::Picker(mut picker) => match picker_key(&mut picker, key) {
                PickerKey::Stay => self.overlays.push(Overlay::Picker(picker)),
                PickerKey::Close => {}
                PickerKey::Choose => self.choose(&picker, effects),
            },
            Overlay::Help { scroll } => {
                if let Some(scroll) = scrolled(scroll, key) {
                    self.overlays.push(Overlay::Help { scroll });
                }
            }
            Overlay::Detail { row, scroll } => {
                if let Some(scroll) = scrolled(scroll, key) {
                    self.overlays.push(Overlay::Detail { row, scroll });
                } else if key.code != KeyCode::Esc && key.code != KeyCode::Enter {
                    // Actions work on the row whose detail is open.
                    self.key(key, effects);
                }
            }
            Overlay::Prompt { purpose, mut input } => match key.code {
                KeyCode::Esc => {}
                KeyCode::Enter => self.prompted(purpose, input.trim(), effects),
                _ => {
                    edit(&mut input, key);
                    self.overlays.push(Overlay::Prompt { purpose, input });
                }
            },
            Overlay::Plan(dialog) => {
                self.overlays.push(Overlay::Plan(dialog));
                self.plan_key(key, effects);
            }
            Overlay::Progress(plan) => match key.code {
                KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => {}
                _ => {
                    self.overlays.push(Overlay::Progress(plan));
                    let command = self.opening.keymap.lookup(self.context(), &[key]);
                    if command == Match::Command(Command::Verify) {
                        self.run(Command::Verify, effects);
                    }
                }
            },
        }
    }

    fn filter_key(&mut self, key: Key) {
        let screen = self.screen;
        let Some(view) = self.lists.get_mut(&screen) else { return };
        match key.code {
            KeyCode::Esc => view.filter.clear(),
            KeyCode::Enter => {}
            KeyCode::Up | KeyCode::Down => {
                let step = if key.code == KeyCode::Up { -1 } else { 1 };
                self.move_selection(step);
                self.overlays.push(Overlay::Filter);
            }
            _ => {
                edit(&mut view.filter, key);
                self.overlays.push(Overlay::Filter);
            }
        }
    }

    fn plan_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        if key.code == KeyCode::Esc {
            self.cancel_plan(effects);
            return;
        }
        let Some(dialog) = self.dialog_mut() else { return };
        let plan = match &dialog.planning {
            Planning::Ready(plan) => plan.clone(),
            // What is typed before the plan is on the screen confirms nothing, and is not kept for when it is.
            Planning::Gathering { .. } => {
                dialog.remark = Some(TYPED_TOO_EARLY.into());
                return;
            }
            Planning::Refused(_) => {
                if matches!(key.code, KeyCode::Enter | KeyCode::Char('q')) {
                    self.cancel_plan(effects);
                }
                return;
            }
        };
        match key.code {
            KeyCode::Down => dialog.scroll = dialog.scroll.saturating_add(1),
            KeyCode::Up => dialog.scroll = dialog.scroll.saturating_sub(1),
            KeyCode::PageDown => dialog.scroll = dialog.scroll.saturating_add(10),
            KeyCode::PageUp => dialog.scroll = dialog.scroll.saturating_sub(10),
            KeyCode::Tab | KeyCode::Left | KeyCode::Right if plan.risk == Risk::Reversible => {
                dialog.focus = match dialog.focus {
                    Focus::Cancel => Focus::Confirm,
                    Focus::Confirm => Focus::Cancel,
                };
            }
            KeyCode::Enter if plan.risk == Risk::Reversible => match dialog.focus {
                Focus::Cancel => self.cancel_plan(effects),
                Focus::Confirm => self.confirm(&plan.hash, "enter on Confirm", effects),
            },
            KeyCode::Char('y') if plan.risk == Risk::Reversible && !key.ctrl && !key.alt => {
                self.confirm(&plan.hash, "y", effects);
            }
            KeyCode::Char('n' | 'q') if plan.risk == Risk::Reversible && !key.ctrl && !key.alt => {
                self.cancel_plan(effects);
            }
            KeyCode::Enter if dialog.typed.trim().is_empty() => self.cancel_plan(effects),
            KeyCode::Enter => {
                let typed = dialog.typed.clone();
                self.confirm(&plan.hash, &typed, effects);
            }
            _ if plan.risk > Risk::Reversible => {
                dialog.remark = None;
                edit(&mut dialog.typed, key);
            }
            _ => {}
        }
    }

    fn choose(&mut self, picker: &Picker, effects: &mut Vec<Effect>) {
        let Some(choice) = picker.current() else { return };
        self.chosen(choice.purpose.clone(), effects);
    }

    fn chosen(&mut self, purpose: Purpose, effects: &mut Vec<Effect>) {
        match purpose {
            Purpose::Run(command) => self.run(command, effects),
            Purpose::Act(action) => self.propose(*action, effects),
            Purpose::TargetOf(site) => self.pick_target(&site),
            Purpose::Verify(plan) => self.settle(&plan, effects),
            purpose @ (Purpose::Note | Purpose::Declare | Purpose::Close | Purpose::RestoreAt(_)) => {
                self.overlays.push(Overlay::Prompt { purpose, input: String::new() });
            }
        }
    }

    fn prompted(&mut self, purpose: Purpose, text: &str, effects: &mut Vec<Effect>) {
        match purpose {
            Purpose::RestoreAt(key) => {
                let at = if text.is_empty() { Ok(None) } else { text.parse::<Timestamp>().map(Some) };
                match at {
                    Ok(at) => self.propose(Action::Restore { from: *key, at }, effects),
                    Err(_) => self.notice(
                        Tone::Warn,
                        format!("{text:?} is not a time; write it like 2012-06-30T03:00:00Z"),
                    ),
                }
            }
            Purpose::Note if !text.is_empty() => self.note(text, effects),
            Purpose::Declare if !text.is_empty() => {
                self.write_down(purpose, text, Body::Declared { title: text.into() }, effects);
            }
            Purpose::Close => self.write_down(purpose, text, Body::Closed { summary: text.into() }, effects),
            Purpose::Note | Purpose::Declare => {}
            Purpose::Run(_) | Purpose::Act(_) | Purpose::TargetOf(_) | Purpose::Verify(_) => {}
        }
    }

    /// Records what only stands if it is in the log; while the logbook refuses, what was typed stays in its prompt.
    fn write_down(&mut self, purpose: Purpose, typed: &str, body: Body, effects: &mut Vec<Effect>) {
        if self.log != LogState::Writing {
            self.notice(Tone::Bad, "not written down: the logbook refuses; what was typed stays here".into());
            self.overlays.push(Overlay::Prompt { purpose, input: typed.to_owned() });
            return;
        }
        self.record(body, effects);
    }

    /// Runs a command, from a key or from the palette.
    pub(super) fn run(&mut self, command: Command, effects: &mut Vec<Effect>) {
        if !command.works_in(self.context()) {
            self.notice(Tone::Warn, format!("{} does nothing in a replay", command.id()));
            return;
        }
        match command {
            Command::Board => self.show(Screen::Board),
            Command::Instances => self.show(Screen::Instances),
            Command::RestorePoints => self.show(Screen::RestorePoints),
            Command::Registrations => self.show(Screen::Registrations),
            Command::Apex => self.show(Screen::Apex),
            Command::Log => self.show(Screen::Log),
            Command::Up => self.move_selection(-1),
            Command::Down => self.move_selection(1),
            Command::PageUp => self.move_selection(-self.page_rows()),
            Command::PageDown => self.move_selection(self.page_rows()),
            Command::Top => self.move_selection(isize::MIN / 2),
            Command::Bottom => self.move_selection(isize::MAX / 2),
            Command::Mark => self.mark(),
            Command::Filter => self.overlays.push(Overlay::Filter),
            Command::Sort => self.next_sort(),
            Command::SortReverse => {
                if let Some(view) = self.lists.get_mut(&self.screen) {
                    view.descending = !view.descending;
                    view.sort = view.sort.or(Some(0));
                }
            }
            Command::Detail => {
                if let Some(row) = self.selected().cloned() {
                    self.overlays.push(Overlay::Detail { row, scroll: 0 });
                }
            }
            Command::Copy => {
                if let Some(text) = self.selected().map(|row| self.copy_text(row)) {
                    effects.push(Effect::Copy(text));
                }
            }
            Command::Refresh => {
                self.refresh_all();
                self.notice(Tone::Neutral, "asking every cell again".into());
            }
            Command::Maintenance => self.pick_site_for(SiteUse::Maintenance, effects),
            Command::ApexSwitch => self.pick_site_for(SiteUse::Apex, effects),
            Command::Relaunch => self.relaunch(effects),
            Command::Terminate => self.terminate(effects),
            Command::Restore => self.restore(),
            Command::Register => self.pick_registration(true, effects),
            Command::Deregister => self.pick_registration(false, effects),
            Command::Undo => self.undo(effects),
            Command::Note => self.prompt(Purpose::Note),
            Command::Declare => {
                let purpose =
                    if self.incident.declared().is_some() { Purpose::Close } else { Purpose::Declare };
                self.prompt(purpose);
            }
            Command::Verify => self.settle_in_view(effects),
            Command::ReopenLogbook => self.reopen(effects),
            Command::PlayPause
            | Command::StepForward
            | Command::StepBack
            | Command::NextAction
            | Command::PreviousAction
            | Command::Faster
            | Command::Slower => self.replay_command(command),
            Command::Palette => {
                let context = self.context();
                let choices = Command::ALL
                    .into_iter()
                    .filter(|c| c.works_in(context))
                    .map(|c| Choice {
                        label: c.id().into(),
                        detail: c.doc().into(),
                        purpose: Purpose::Run(c),
                    })
                    .collect();
                self.overlays.push(Overlay::Palette(Picker::new("run", choices)));
            }
            Command::Help => self.overlays.push(Overlay::Help { scroll: 0 }),
            Command::Back => self.back(),
            Command::Suspend => effects.push(Effect::Suspend),
            Command::Quit => self.quit(effects),
        }
    }

    pub(super) fn prompt(&mut self, purpose: Purpose) {
        self.overlays.push(Overlay::Prompt { purpose, input: String::new() });
    }

    fn undo(&mut self, effects: &mut Vec<Effect>) {
        if let Some(op) = self.incident.unsettled_last() {
            let (plan, key) = (op.plan.hash.short().to_owned(), self.verify_key());
            // Said within 80 columns: what to do must not be cut.
            let text = format!("unknown whether plan {plan} was done: {key} verifies it first");
            self.notice(Tone::Warn, text);
            return;
        }
        let choice = |op: &Operation| Choice {
            label: self.incident.undo_title(op),
            detail: format!("by {}, plan {}", op.by, op.plan.hash.short()),
            purpose: Purpose::Act(Box::new(Action::Undo { operation: op.plan.hash.clone() })),
        };
        let mut choices: Vec<Choice> = self.incident.undoable().into_iter().map(choice).collect();
        match (choices.pop(), choices.is_empty()) {
            (None, _) => self.notice(Tone::Neutral, "nothing to undo".into()),
            (Some(only), true) => self.chosen(only.purpose, effects),
            // To take an undo back and to go back further are opposites: which, is not guessed.
            (Some(last), false) => {
                choices.push(last);
                self.overlays.push(Overlay::Picker(Picker::new("undo which", choices)));
            }
        }
    }

    fn quit(&mut self, effects: &mut Vec<Effect>) {
        if self.busy() {
            self.notice(
                Tone::Warn,
                "an action is under way: wait for it, or leave with Ctrl-C (what was called is finished and logged)"
                    .into(),
            );
            return;
        }
        self.leave("quit", effects);
    }

    fn back(&mut self) {
        let Some(view) = self.lists.get_mut(&self.screen) else { return };
        if !view.marked.is_empty() {
            view.marked.clear();
        } else if !view.filter.is_empty() {
            view.filter.clear();
        } else if view.sort.is_some() {
            view.sort = None;
            view.descending = false;
        } else {
            self.screen = Screen::Board;
        }
    }

    pub(super) fn show(&mut self, screen: Screen) {
        self.screen = screen;
        self.listing.open_anew();
        self.refresh_list();
    }

    /// The row under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&RowId> {
        self.lists.get(&self.screen)?.selected.as_ref()
    }

    fn page_rows(&self) -> isize {
        isize::try_from(self.size.1.saturating_sub(8).max(1)).unwrap_or(1)
    }

    fn move_selection(&mut self, by: isize) {
        let page = self.table_rows();
        let Some(view) = self.lists.get_mut(&self.screen) else { return };
        let last = view.rows.len().saturating_sub(1);
        let at = view.position().unwrap_or(0).saturating_add_signed(by).min(last);
        view.select(at);
        view.offset = super::table::window(view.offset, at, view.rows.len(), page);
    }

    fn mark(&mut self) {
        let Some(view) = self.lists.get_mut(&self.screen) else { return };
        let Some(row) = view.selected.clone() else { return };
        if !view.marked.remove(&row) {
            view.marked.insert(row);
        }
        self.move_selection(1);
    }

    fn next_sort(&mut self) {
        let screen = self.screen;
        let count = super::table::columns(screen).len();
        let Some(view) = self.lists.get_mut(&screen) else { return };
        view.sort = match view.sort {
            None => Some(0),
            Some(at) if at + 1 < count => Some(at + 1),
            Some(_) => None,
        };
    }

    fn copy_text(&self, row: &RowId) -> String {
        match row {
            RowId::Site(name) => {
                self.opening.sites.iter().find(|s| s.name == *name).map_or(name.clone(), |s| s.record.clone())
            }
            RowId::Region(region) => region.0.to_string(),
            RowId::Target { target, .. } => target.clone(),
            RowId::Event(session, seq) => self
                .event(session, *seq)
                .map_or_else(String::new, |e| format!("{} {} {}", e.ts, e.who, e.text)),
            RowId::Key(key) => match self.incident.rows.get(key).map(|seen| &seen.resource) {
                Some(Resource::Registration(r)) => r.target.clone(),
                Some(Resource::Snapshot(s)) => s.name.clone(),
                Some(Resource::RecordSet(r)) => r.name.trim_end_matches('.').to_owned(),
                Some(_) | None => key.id.clone(),
            },
        }
    }
}

enum PickerKey {
    Stay,
    Close,
    Choose,
}

fn picker_key(picker: &mut Picker, key: Key) -> PickerKey {
    let last = picker.shown.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc => return PickerKey::Close,
        KeyCode::Enter if picker.current().is_some() => return PickerKey::Choose,
        KeyCode::Enter => {}
        KeyCode::Up => picker.selected = picker.selected.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => picker.selected = (picker.selected + 1).min(last),
        KeyCode::PageUp => picker.selected = picker.selected.saturating_sub(10),
        KeyCode::PageDown => picker.selected = (picker.selected + 10).min(last),
        _ => {
            if edit(&mut picker.input, key) {
                picker.filter();
            }
        }
    }
    PickerKey::Stay
}

/// The new scroll position, or `None` if the key does not scroll.
fn scrolled(scroll: u16, key: Key) -> Option<u16> {
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => Some(scroll.saturating_add(1)),
        KeyCode::Up | KeyCode::Char('k') => Some(scroll.saturating_sub(1)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(scroll.saturating_add(10)),
        KeyCode::PageUp => Some(scroll.saturating_sub(10)),
        KeyCode::Home => Some(0),
        _ => None,
    }
}
