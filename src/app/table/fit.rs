//! How much room the columns of a table need, from what its rows say: taken when a table is opened, kept while somebody
//! looks at it, so that nothing moves under their eyes while data streams in. Only a column in which nothing stood gets its
//! room when something does.
//!
//! Knows nothing of terminals: `ui` sets the columns.

use super::{App, Holds, Screen, columns, is_same_day};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

/// Rows looked at. A table has what needs eyes at its top.
const ROWS: usize = 200;
/// `06-30 03:05`: how a time of another day is written.
const DATED: u16 = 11;

/// What a table's columns need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// Of each column, the widest of its texts; nothing while there are no rows.
    pub widest: Vec<u16>,
    /// All there is is of one account: the title names it.
    pub one_account: bool,
    /// When it was last looked.
    looked: Option<Timestamp>,
}

impl Fit {
    /// Whether a column stands empty that gave its room away for it.
    #[must_use]
    pub fn is_vacant(&self, index: usize, holds: Holds) -> bool {
        let lends = match holds {
            // A state may come any moment, and is the news.
            Holds::Words | Holds::Spare => false,
            Holds::Place | Holds::Name | Holds::Sentence | Holds::MadeName | Holds::Id => true,
        };
        lends && self.widest.get(index) == Some(&0)
    }
}

impl App {
    /// Fits the columns of a table to what its rows say, if it has just been opened or filled.
    pub(super) fn fit_columns(&mut self, screen: Screen, opened: bool) {
        let Some(view) = self.lists.get(&screen) else { return };
        let looked = view.fit.looked;
        let first_rows = view.fit.widest.is_empty() && !view.rows.is_empty();
        // At midnight times of before get a date.
        let day_turned = screen == Screen::Log && looked.is_some_and(|at| !is_same_day(at, self.now));
        let anew = opened || first_rows || day_turned;
        let vacant: Vec<usize> = columns(screen)
            .iter()
            .enumerate()
            .filter(|(index, column)| view.fit.is_vacant(*index, column.holds))
            .map(|(index, _)| index)
            .collect();
        let due = looked.is_none_or(|at| at.as_second() != self.now.as_second());
        if !anew && (vacant.is_empty() || !due) {
            return;
        }
        let fit = self.fit_now(screen);
        let filled = vacant.iter().any(|index| fit.widest.get(*index).is_some_and(|widest| *widest > 0));
        if let Some(view) = self.lists.get_mut(&screen) {
            view.fit = if anew || filled { fit } else { Fit { looked: fit.looked, ..view.fit.clone() } };
        }
    }

    fn fit_now(&self, screen: Screen) -> Fit {
        let rows: Vec<_> =
            self.lists.get(&screen).into_iter().flat_map(|view| view.rows.iter().take(ROWS)).collect();
        let mut widest = vec![0; if rows.is_empty() { 0 } else { columns(screen).len() }];
        for row in rows {
            for (widest, text) in widest.iter_mut().zip(self.cells(screen, row)) {
                *widest = u16::try_from(text.width()).unwrap_or(u16::MAX).max(*widest);
            }
        }
        // The oldest line may be far below.
        if screen == Screen::Log
            && let (Some(time), Some(oldest)) = (widest.first_mut(), self.incident.story.first())
            && !is_same_day(oldest.ts, self.now)
        {
            *time = DATED;
        }
        let mut accounts = self.incident.cells.keys().map(|place| &place.scope.account);
        let first = accounts.next();
        let one_account = accounts.all(|account| Some(account) == first);
        Fit { widest, one_account, looked: Some(self.now) }
    }
}
