//! Which sites are in maintenance, by what was done to them: told from the operations in the log, whoever did them and however
//! long ago. It does not look at the record itself: a planner does, and says where that differs.

use super::fold::Incident;
use super::operation::Operation;
use super::plan::Action;
use jiff::Timestamp;

/// The maintenance that a site is under.
#[derive(Debug, Clone, Copy)]
struct Maintenance<'a> {
    /// What turned it on.
    on: &'a Operation,
    /// What put the page there last: that, or an undo of what had ended it.
    last: &'a Operation,
}

impl Incident {
    /// The maintenance operation that a site is under, whoever turned it on, and however long ago.
    ///
    /// A later apex switch, undo or maintenance-off of the same site ends it.
    #[must_use]
    pub fn maintenance(&self, site: &str) -> Option<&Operation> {
        self.maintenance_of(site).map(|it| it.on)
    }

    /// Since when the page of a site in maintenance is there, and who put it there: where it was ended and that was undone,
    /// the undo did.
    #[must_use]
    pub fn maintenance_since<'a>(&'a self, site: &str) -> Option<(Timestamp, &'a str)> {
        self.maintenance_of(site).map(|it| (it.last.called(), it.last.by.as_str()))
    }

    fn maintenance_of<'a>(&'a self, site: &str) -> Option<Maintenance<'a>> {
        let mut current: Option<Maintenance<'a>> = None;
        for op in self.operations_in_order() {
            if !op.done() {
                continue;
            }
            match &op.plan.action {
                Action::MaintenanceOn { site: s, .. } if s == site => {
                    let last = self.last_turn(op);
                    current = (!self.is_undone(op)).then_some(Maintenance { on: op, last });
                }
                Action::MaintenanceOff { site: s } | Action::Apex { site: s, .. } if s == site => {
                    // What was undone did not end it: the page is there again.
                    let again = |it: Maintenance<'a>| {
                        let undo = self.last_turn(op);
                        let last = if undo.called() > it.last.called() { undo } else { it.last };
                        Maintenance { last, ..it }
                    };
                    current = current.filter(|_| self.is_undone(op)).map(again);
                }
                Action::MaintenanceOn { .. }
                | Action::MaintenanceOff { .. }
                | Action::Apex { .. }
                | Action::Relaunch { .. }
                | Action::Terminate { .. }
                | Action::Register { .. }
                | Action::Deregister { .. }
                | Action::Restore { .. }
                | Action::Undo { .. } => {}
            }
        }
        current
    }

    /// The newest of an operation, its undo, the undo of that, and so on.
    fn last_turn<'a>(&'a self, operation: &'a Operation) -> &'a Operation {
        self.turns(operation).filter_map(|by| self.operations.get(by)).last().unwrap_or(operation)
    }
}
