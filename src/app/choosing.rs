//! From a command to an action: which site, target, instances or balancer is meant; asked for where several could be.

use super::input::{Choice, Overlay, Picker, Purpose};
use super::message::Effect;
use super::table::RowId;
use super::{App, Screen};
use crate::incident::place::{Kind, Scope};
use crate::incident::plan::Action;
use crate::incident::request::BalancerRef;
use crate::incident::resource::{BalancerKind, InstanceState, Registration, Resource};
use crate::incident::story::Tone;

impl App {
    /// The rows to act on: the marked ones, else the one under the cursor.
    fn chosen_rows(&self) -> Vec<RowId> {
        let Some(view) = self.lists.get(&self.screen) else { return Vec::new() };
        if view.marked.is_empty() {
            view.selected.iter().cloned().collect()
        } else {
            view.rows.iter().filter(|row| view.marked.contains(row)).cloned().collect()
        }
    }

    pub(super) fn pick_site_for(&mut self, wanted: SiteUse, effects: &mut Vec<Effect>) {
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
        // The log may not know: the answer to the switch was lost, or the cockpit that made it. The record does.
        let declared = self.opening.sites.iter().find(|s| s.name == site);
        let there =
            declared.and_then(|site| self.current_target(site)).is_some_and(|target| target.maintenance);
        if there || self.incident.maintenance(site).is_some() {
            Action::MaintenanceOff { site: site.into() }
        } else {
            Action::MaintenanceOn { site: site.into(), via: None }
        }
    }

    pub(super) fn pick_target(&mut self, site: &str) {
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

    pub(super) fn relaunch(&mut self, effects: &mut Vec<Effect>) {
        let instances = self.chosen_instances();
        if instances.is_empty() {
            self.notice(Tone::Neutral, "select an instance first (screen 2)".into());
            return;
        }
        self.propose(Action::Relaunch { instances }, effects);
    }

    pub(super) fn terminate(&mut self, effects: &mut Vec<Effect>) {
        match self.chosen_instances().as_slice() {
            [] => self.notice(Tone::Neutral, "select an instance first (screen 2)".into()),
            [instance] => self.propose(Action::Terminate { instance: instance.clone() }, effects),
            _ => self.notice(Tone::Warn, "terminate one instance at a time; unmark the others".into()),
        }
    }

    pub(super) fn restore(&mut self) {
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

    pub(super) fn pick_registration(&mut self, register: bool, effects: &mut Vec<Effect>) {
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
pub(super) enum SiteUse {
    Maintenance,
    Apex,
}

fn balancer_ref(registration: &Registration) -> BalancerRef {
    match &registration.target_group_arn {
        Some(arn) => BalancerRef::TargetGroup(arn.clone()),
        None => BalancerRef::Classic(registration.balancer.clone()),
    }
}
