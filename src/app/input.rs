//! Keys: from a key to a command, from a command to a screen, an overlay or an action.
//!
//! Every overlay takes keys before the screen does; the topmost first. Ctrl-C quits from anywhere. A key that means
//! nothing does nothing, and never something else.

use super::acting::{Dialog, Focus, Planning};
use super::commands::Command;
use super::keys::{Key, KeyCode, Match};
use super::message::Effect;
use super::table::RowId;
use super::{App, Screen};
use crate::incident::entry::Body;
use crate::incident::hash::PlanHash;
use crate::incident::place::{Kind, Scope};
use crate::incident::plan::{Action, Risk};
use crate::incident::request::BalancerRef;
use crate::incident::resource::{BalancerKind, InstanceState, Registration, Resource};
use crate::incident::story::Tone;
use jiff::Timestamp;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

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
        }
    }
}

impl Picker {
    fn new(title: impl Into<String>, choices: Vec<Choice>) -> Self {
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
        let mut scored: Vec<(u32, usize)> = self
            .choices
            .iter()
            .enumerate()
            .filter_map(|(at, choice)| {
                let text = format!("{} {}", choice.label, choice.detail);
                let haystack = nucleo_matcher::Utf32Str::new(&text, &mut buffer);
                pattern.score(haystack, &mut matcher).map(|score| (score, at))
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
            Some(Overlay::Plan(dialog)) => dialog.typed.push_str(&line),
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
                _ => self.overlays.push(Overlay::Progress(plan)),
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
            Planning::Gathering { .. } => return,
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
        match choice.purpose.clone() {
            Purpose::Run(command) => self.run(command, effects),
            Purpose::Act(action) => self.propose(*action, effects),
            Purpose::TargetOf(site) => self.pick_target(&site),
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
            Purpose::Note if !text.is_empty() => self.write_down(Body::Note { text: text.into() }, effects),
            Purpose::Declare if !text.is_empty() => {
                self.write_down(Body::Declared { title: text.into() }, effects);
            }
            Purpose::Close => self.write_down(Body::Closed { summary: text.into() }, effects),
            Purpose::Note | Purpose::Declare => {}
            Purpose::Run(_) | Purpose::Act(_) | Purpose::TargetOf(_) => {}
        }
    }

    fn write_down(&mut self, body: Body, effects: &mut Vec<Effect>) {
        if let super::LogState::Refused(why) = &self.log {
            let text = format!("not written down: the logbook cannot be written: {why}");
            self.notice(Tone::Bad, text);
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
            Command::Undo => match self.incident.last_undoable().map(|op| op.plan.hash.clone()) {
                Some(operation) => self.propose(Action::Undo { operation }, effects),
                None => self.notice(Tone::Neutral, "nothing to undo".into()),
            },
            Command::Note => self.prompt(Purpose::Note),
            Command::Declare => {
                let purpose =
                    if self.incident.declared().is_some() { Purpose::Close } else { Purpose::Declare };
                self.prompt(purpose);
            }
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
            Command::Quit => self.quit(effects),
        }
    }

    fn prompt(&mut self, purpose: Purpose) {
        self.overlays.push(Overlay::Prompt { purpose, input: String::new() });
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
        view.selected = view.rows.get(at).cloned();
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
            RowId::Region(region) => region.0.clone(),
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

    // --- actions ---

    /// The rows to act on: the marked ones, else the one under the cursor.
    fn chosen_rows(&self) -> Vec<RowId> {
        let Some(view) = self.lists.get(&self.screen) else { return Vec::new() };
        if view.marked.is_empty() {
            view.selected.iter().cloned().collect()
        } else {
            view.rows.iter().filter(|row| view.marked.contains(row)).cloned().collect()
        }
    }

    fn pick_site_for(&mut self, wanted: SiteUse, effects: &mut Vec<Effect>) {
        let here = match self.selected() {
            Some(RowId::Site(site) | RowId::Target { site, .. }) => Some(site.clone()),
            _ => None,
        };
        let names: Vec<String> = self.opening.sites.iter().map(|s| s.name.clone()).collect();
        let site = here.or_else(|| if let [only] = names.as_slice() { Some(only.clone()) } else { None });
        match site {
            Some(site) => self.use_site(wanted, &site, effects),
            None if names.is_empty() => self.notice(
                Tone::Warn,
                "no site is declared: add a [[site]] to the config (see `blackstart man`)".into(),
            ),
            None => {
                let choices = names
                    .into_iter()
                    .map(|name| {
                        let purpose = match wanted {
                            SiteUse::Maintenance => Purpose::Act(Box::new(self.maintenance_action(&name))),
                            SiteUse::Apex => Purpose::TargetOf(name.clone()),
                        };
                        let detail = self
                            .opening
                            .sites
                            .iter()
                            .find(|s| s.name == name)
                            .and_then(|s| self.points_to(s))
                            .unwrap_or_default();
                        Choice { label: name, detail, purpose }
                    })
                    .collect();
                self.overlays.push(Overlay::Picker(Picker::new("which site", choices)));
            }
        }
    }

    fn use_site(&mut self, wanted: SiteUse, site: &str, effects: &mut Vec<Effect>) {
        match wanted {
            SiteUse::Maintenance => self.propose(self.maintenance_action(site), effects),
            SiteUse::Apex => match self.selected().cloned() {
                // On a target's own row there is nothing left to pick.
                Some(RowId::Target { target, .. }) if self.screen == Screen::Apex => {
                    self.propose(Action::Apex { site: site.into(), target }, effects);
                }
                Some(_) | None => self.pick_target(site),
            },
        }
    }

    fn maintenance_action(&self, site: &str) -> Action {
        if self.incident.maintenance(site).is_some() {
            Action::MaintenanceOff { site: site.into() }
        } else {
            Action::MaintenanceOn { site: site.into(), via: None }
        }
    }

    fn pick_target(&mut self, site: &str) {
        let Some(declared) = self.opening.sites.iter().find(|s| s.name == site) else { return };
        let current = self.current_target(declared).map(|t| t.name.clone());
        let choices: Vec<Choice> = declared
            .targets
            .iter()
            .map(|target| {
                let mut detail =
                    format!("{} {}, {}", target.kind, target.place(), self.target_readiness(target));
                if current.as_deref() == Some(target.name.as_str()) {
                    detail.push_str(", current");
                }
                let action = Action::Apex { site: site.into(), target: target.name.clone() };
                Choice { label: target.name.clone(), detail, purpose: Purpose::Act(Box::new(action)) }
            })
            .collect();
        if choices.is_empty() {
            self.notice(Tone::Warn, format!("site {site} has no targets: add a [[site.target]]"));
            return;
        }
        self.overlays.push(Overlay::Picker(Picker::new(format!("point {site} at"), choices)));
    }

    fn chosen_instances(&self) -> Vec<crate::incident::place::Key> {
        self.chosen_rows()
            .into_iter()
            .filter_map(|row| match row {
                RowId::Key(key) if key.kind == Kind::Instance => Some(key),
                RowId::Key(key) => match &self.incident.rows.get(&key)?.resource {
                    Resource::Registration(r) => {
                        let ec2 = key.scope().place(crate::incident::place::Service::Ec2);
                        Some(ec2.key(Kind::Instance, r.target.clone()))
                    }
                    _ => None,
                },
                RowId::Site(_) | RowId::Region(_) | RowId::Target { .. } | RowId::Event(..) => None,
            })
            .collect()
    }

    fn relaunch(&mut self, effects: &mut Vec<Effect>) {
        let instances = self.chosen_instances();
        if instances.is_empty() {
            self.notice(Tone::Neutral, "select an instance first (screen 2)".into());
            return;
        }
        self.propose(Action::Relaunch { instances }, effects);
    }

    fn terminate(&mut self, effects: &mut Vec<Effect>) {
        match self.chosen_instances().as_slice() {
            [] => self.notice(Tone::Neutral, "select an instance first (screen 2)".into()),
            [instance] => self.propose(Action::Terminate { instance: instance.clone() }, effects),
            _ => self.notice(Tone::Warn, "terminate one instance at a time; unmark the others".into()),
        }
    }

    fn restore(&mut self) {
        let key = match self.selected() {
            Some(RowId::Key(key)) => key.clone(),
            Some(_) | None => {
                self.notice(Tone::Neutral, "select a restore point first (screen 3)".into());
                return;
            }
        };
        match key.kind {
            Kind::Database => self.prompt(Purpose::RestoreAt(Box::new(key))),
            Kind::Snapshot | Kind::Cluster | Kind::AutomatedBackup => {
                let action = Action::Restore { from: key, at: None };
                let label = action.to_string();
                let choice =
                    Choice { label, detail: "make a plan".into(), purpose: Purpose::Act(Box::new(action)) };
                self.overlays.push(Overlay::Picker(Picker::new("restore", vec![choice])));
            }
            Kind::Instance
            | Kind::Balancer
            | Kind::TargetGroup
            | Kind::Registration
            | Kind::HostedZone
            | Kind::RecordSet => {
                self.notice(Tone::Neutral, "select a restore point first (screen 3)".into());
            }
        }
    }

    fn pick_registration(&mut self, register: bool, effects: &mut Vec<Effect>) {
        let rows = self.chosen_rows();
        let registrations: Vec<Registration> = rows
            .iter()
            .filter_map(|row| match row {
                RowId::Key(key) => match &self.incident.rows.get(key)?.resource {
                    Resource::Registration(r) => Some(r.clone()),
                    _ => None,
                },
                RowId::Site(_) | RowId::Region(_) | RowId::Target { .. } | RowId::Event(..) => None,
            })
            .collect();
        match (register, registrations.first()) {
            (false, Some(first)) => {
                let same = registrations
                    .iter()
                    .all(|r| balancer_ref(r) == balancer_ref(first) && r.key.scope() == first.key.scope());
                if !same {
                    let text = "marked rows are under several balancers: one at a time";
                    self.notice(Tone::Warn, text.into());
                    return;
                }
                let instances = registrations.iter().map(|r| r.target.clone()).collect();
                let scope = first.key.scope().clone();
                self.propose(Action::Deregister { scope, under: balancer_ref(first), instances }, effects);
            }
            (true, Some(first)) => self.pick_instance_for(first),
            (_, None) => self.pick_balancer_for(register),
        }
    }

    /// On the registrations screen: which instance to register under this row's balancer.
    fn pick_instance_for(&mut self, row: &Registration) {
        let under = balancer_ref(row);
        let scope = row.key.scope().clone();
        let choices: Vec<Choice> = self
            .incident
            .of_kind(Kind::Instance)
            .filter_map(|seen| match &seen.resource {
                Resource::Instance(i)
                    if *i.key.scope() == scope
                        && !matches!(i.state, InstanceState::Terminated | InstanceState::ShuttingDown) =>
                {
                    let registered = self.registrations_of(&i.key).any(|r| balancer_ref(r) == under);
                    (!registered).then(|| Choice {
                        label: i.key.id.clone(),
                        detail: format!("{} {} {}", i.name, i.state.as_str(), i.zone),
                        purpose: Purpose::Act(Box::new(Action::Register {
                            scope: scope.clone(),
                            under: under.clone(),
                            instances: vec![i.key.id.clone()],
                        })),
                    })
                }
                _ => None,
            })
            .collect();
        if choices.is_empty() {
            self.notice(Tone::Neutral, format!("every instance of {scope} is registered under {under}"));
            return;
        }
        self.overlays.push(Overlay::Picker(Picker::new(format!("register under {under}"), choices)));
    }

    /// On the instances screen: under which balancer to register (or from which to deregister) the chosen ones.
    fn pick_balancer_for(&mut self, register: bool) {
        let instances = self.chosen_instances();
        let Some(first) = instances.first() else {
            self.notice(Tone::Neutral, "select an instance or a registration first (screen 2 or 4)".into());
            return;
        };
        let scope = first.scope().clone();
        if instances.iter().any(|key| *key.scope() != scope) {
            self.notice(Tone::Warn, "marked instances are in several regions: one region at a time".into());
            return;
        }
        let ids: Vec<String> = instances.iter().map(|key| key.id.clone()).collect();
        let mut unders: Vec<BalancerRef> = if register {
            self.balancers_in(&scope)
        } else {
            instances.iter().flat_map(|key| self.registrations_of(key)).map(balancer_ref).collect()
        };
        unders.sort();
        unders.dedup();
        if unders.is_empty() {
            self.notice(Tone::Neutral, format!("nothing to choose from in {scope}"));
            return;
        }
        let choices = unders
            .into_iter()
            .map(|under| {
                let (scope, instances) = (scope.clone(), ids.clone());
                let label = under.to_string();
                let detail = match &under {
                    BalancerRef::Classic(_) => "classic balancer",
                    BalancerRef::TargetGroup(_) => "target group",
                };
                let action = if register {
                    Action::Register { scope, under, instances }
                } else {
                    Action::Deregister { scope, under, instances }
                };
                Choice { label, detail: detail.into(), purpose: Purpose::Act(Box::new(action)) }
            })
            .collect();
        let title = if register { "register under" } else { "deregister from" };
        self.overlays.push(Overlay::Picker(Picker::new(title, choices)));
    }

    fn balancers_in(&self, scope: &Scope) -> Vec<BalancerRef> {
        self.incident
            .rows
            .iter()
            .filter(|(key, _)| key.scope() == scope)
            .filter_map(|(_, seen)| match &seen.resource {
                Resource::Balancer(b) if b.balancer_kind == BalancerKind::Classic => {
                    Some(BalancerRef::Classic(b.name.clone()))
                }
                Resource::TargetGroup(group) if group.target_type == "instance" => {
                    Some(BalancerRef::TargetGroup(group.key.id.clone()))
                }
                _ => None,
            })
            .collect()
    }
}

#[derive(Debug, Clone, Copy)]
enum SiteUse {
    Maintenance,
    Apex,
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

fn balancer_ref(registration: &Registration) -> BalancerRef {
    match &registration.target_group_arn {
        Some(arn) => BalancerRef::TargetGroup(arn.clone()),
        None => BalancerRef::Classic(registration.balancer.clone()),
    }
}
