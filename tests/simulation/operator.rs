//! What an operator does next: sometimes the right thing, sometimes something else.

use super::invariants::Held;
use super::night::Night;
use super::tally::Happened;
use blackstart::app::commands::Command;
use blackstart::app::keys::{Key, KeyCode, KeySequence};
use blackstart::app::message::Message;
use blackstart::app::{LogState, Overlay, Planning};
use blackstart::incident::hash::PlanHash;
use blackstart::incident::place::Kind;
use blackstart::incident::plan::{Action, Plan, Risk};
use blackstart::incident::request::BalancerRef;
use blackstart::incident::resource::Resource;

/// Keys that lead somewhere, in the keymap's notation.
const PURPOSEFUL: [&str; 16] = [
    "1m",
    "1a<enter>",
    "5apage<enter>",
    "2gr",
    "2g<space>j<space>r",
    "2Gt",
    "3go<enter>",
    "4g-",
    "4G-",
    "2g+<enter>",
    "u",
    "R",
    "nseen<enter>",
    "Ddark<enter>",
    "1j<enter>",
    "6G<enter>",
];

const RANDOM: &str = "123456mmaarrtou+-nDjkgGs/:?yR yLLV";

impl Night {
    /// The next move of whoever sits there.
    pub fn operate(&mut self, seat: usize) -> Held {
        let app = &self.seats[seat].app;
        if let Some(plan) = app.ready_plan() {
            let plan = plan.clone();
            return self.answer_plan(seat, &plan);
        }
        if let LogState::Refused(_) = app.log
            && self.chance.percent(35)
        {
            self.escape(seat)?;
            return self.press(seat, "L");
        }
        let app = &self.seats[seat].app;
        match app.dialog().map(|dialog| &dialog.planning) {
            Some(Planning::Gathering { .. }) if self.chance.percent(85) => return Ok(()),
            Some(_) => return self.escape(seat),
            None => {}
        }
        if !self.seats[seat].app.incident.unsettled().is_empty() && self.chance.percent(20) {
            self.escape(seat)?;
            self.press(seat, "V")?;
            return self.press(seat, "<enter>");
        }
        match self.chance.between(0, 99) {
            0..=44 => match self.action(seat) {
                Some(action) => {
                    self.say(|| format!("#{seat} wants {action}"));
                    self.take(seat, Message::Act(action))
                }
                None => Ok(()),
            },
            45..=62 => {
                self.escape(seat)?;
                let keys = self.chance.pick(&PURPOSEFUL);
                self.press(seat, keys)
            }
            63..=78 => {
                for _ in 0..self.chance.between(1, 8) {
                    let key = self.any_key();
                    self.take(seat, Message::Key(key))?;
                }
                Ok(())
            }
            79..=83 => self.palette(seat),
            84..=87 => {
                let (columns, rows) = (self.chance.between(1, 200), self.chance.between(1, 60));
                let message = Message::Resize(u16::try_from(columns).unwrap(), u16::try_from(rows).unwrap());
                self.take(seat, message)
            }
            88 | 89 => self.take(seat, Message::Paste("shop\nharbour".into())),
            90 | 91 => {
                let signal = self.chance.pick(&["SIGHUP", "SIGTERM"]);
                self.take(seat, Message::Signal(signal))
            }
            92 => {
                self.take(seat, Message::Key(Key::CTRL_C))?;
                if self.chance.percent(30) { self.take(seat, Message::Key(Key::CTRL_C)) } else { Ok(()) }
            }
            _ => self.escape(seat),
        }
    }

    /// A plan is on the screen.
    fn answer_plan(&mut self, seat: usize, plan: &Plan) -> Held {
        if self.seats[seat].app.plan_fresh_for(plan) <= 0 {
            self.tally.count(Happened::PlansReadAgain);
        }
        match self.chance.between(0, 99) {
            0..=29 => {
                let confirmation = Message::Confirm { plan: plan.hash.clone(), typed: plan.confirm.clone() };
                self.take(seat, confirmation)
            }
            30..=64 => {
                // As a person does: the text, then Enter; or the one key.
                if plan.risk == Risk::Reversible {
                    return self.press(seat, "y");
                }
                self.type_in(seat, &plan.confirm)?;
                self.press(seat, "<enter>")
            }
            65..=71 => {
                self.tally.count(Happened::WrongConfirmations);
                let typed = self.chance.pick(&["", "yes", "SHOP", "harbour"]).to_owned();
                self.take(seat, Message::Confirm { plan: plan.hash.clone(), typed })
            }
            72..=76 => {
                self.tally.count(Happened::WrongConfirmations);
                let plan_hash = PlanHash("0".repeat(64));
                self.take(seat, Message::Confirm { plan: plan_hash, typed: plan.confirm.clone() })
            }
            77..=81 => {
                let key = self.any_key();
                self.take(seat, Message::Key(key))
            }
            82..=88 => self.press(seat, "<esc>"),
            _ => Ok(()),
        }
    }

    /// An action on something that is on the screen.
    fn action(&mut self, seat: usize) -> Option<Action> {
        let app = &self.seats[seat].app;
        let keys = |kind: Kind| -> Vec<_> {
            app.incident.of_kind(kind).map(|seen| seen.resource.key().clone()).collect()
        };
        let site = app.opening.sites.first()?;
        let targets: Vec<String> = site.targets.iter().map(|target| target.name.clone()).collect();
        let name = site.name.clone();
        match self.chance.between(0, 17) {
            0 | 1 => Some(Action::MaintenanceOn { site: name, via: None }),
            2 => Some(Action::MaintenanceOff { site: name }),
            3..=5 => Some(Action::Apex { site: name, target: self.chance.of_list(&targets)? }),
            6..=9 => {
                let first = self.chance.of_list(&keys(Kind::Instance))?;
                let mut instances = vec![first];
                if self.chance.percent(25) {
                    instances.extend(self.chance.of_list(&keys(Kind::Instance)));
                }
                Some(Action::Relaunch { instances })
            }
            10 => Some(Action::Terminate { instance: self.chance.of_list(&keys(Kind::Instance))? }),
            11..=13 => {
                let rows: Vec<_> = app
                    .incident
                    .of_kind(Kind::Registration)
                    .filter_map(|seen| match &seen.resource {
                        Resource::Registration(row) => {
                            let under = match &row.target_group {
                                Some(group) => BalancerRef::TargetGroup(group.clone()),
                                None => BalancerRef::Classic(row.balancer.clone()),
                            };
                            Some((row.key.scope().clone(), under, row.target.clone()))
                        }
                        _ => None,
                    })
                    .collect();
                let (scope, under, target) = self.chance.of_list(&rows)?;
                let instances = vec![target];
                Some(if self.chance.percent(60) {
                    Action::Deregister { scope, under, instances }
                } else {
                    Action::Register { scope, under, instances }
                })
            }
            14 => {
                let instance = self.chance.of_list(&keys(Kind::Instance))?;
                let under = BalancerRef::Classic("web".into());
                let scope = instance.scope().clone();
                Some(Action::Register { scope, under, instances: vec![instance.id] })
            }
            15 => {
                let from = [keys(Kind::Snapshot), keys(Kind::Database)].concat();
                Some(Action::Restore { from: self.chance.of_list(&from)?, at: None })
            }
            _ => {
                let operations: Vec<PlanHash> = app.incident.operations.keys().cloned().collect();
                let operation = self.chance.of_list(&operations)?;
                let of = app.incident.operations.get(&operation)?;
                if of.session != app.opening.session {
                    self.tally.count(Happened::Takeovers);
                }
                Some(Action::Undo { operation })
            }
        }
    }

    fn any_key(&mut self) -> Key {
        match self.chance.between(0, 9) {
            0 => Key::plain(KeyCode::Enter),
            1 => Key::plain(KeyCode::Esc),
            2 => Key::plain(KeyCode::Down),
            3 => Key::plain(KeyCode::Tab),
            _ => {
                let keys: Vec<char> = RANDOM.chars().collect();
                Key::char(keys[self.chance.index(keys.len())])
            }
        }
    }

    /// A command by name, whatever it is; leaving is rare enough elsewhere.
    fn palette(&mut self, seat: usize) -> Held {
        let command = Command::ALL[self.chance.index(Command::ALL.len())];
        if matches!(command, Command::Quit) {
            return Ok(());
        }
        self.escape(seat)?;
        self.press(seat, ":")?;
        self.type_in(seat, command.id())?;
        self.press(seat, "<enter>")
    }

    fn escape(&mut self, seat: usize) -> Held {
        for _ in 0..5 {
            let app = &self.seats[seat].app;
            if app.overlays.is_empty() || app.quitting {
                break;
            }
            let open = matches!(app.overlays.last(), Some(Overlay::Plan(_)));
            self.press(seat, "<esc>")?;
            if open {
                break;
            }
        }
        Ok(())
    }

    fn press(&mut self, seat: usize, keys: &str) -> Held {
        let sequence: KeySequence = keys.parse().unwrap_or_else(|error| panic!("{keys}: {error}"));
        for key in sequence.0 {
            self.take(seat, Message::Key(key))?;
        }
        Ok(())
    }

    fn type_in(&mut self, seat: usize, text: &str) -> Held {
        for key in text.chars().map(Key::char) {
            self.take(seat, Message::Key(key))?;
        }
        Ok(())
    }
}
