//! Rows on their way to PHP.
//!
//! The worker owns them until PHP's values were made of them, because PHP's allocator may not return.

use std::rc::Rc;

use crate::rows::Rows;
use crate::worker;

impl Rows {
    /// Leaves the rows with the worker; must not be called inside [`worker::with`].
    pub(crate) fn lend(self) -> LentRows {
        let rows = Rc::new(self);
        let lent = LentRows(Rc::as_ptr(&rows));
        worker::with(|worker| worker.keep_rows(rows));
        lent
    }
}

/// Rows that the worker owns until they are handed over or the request ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LentRows(*const Rows);

impl LentRows {
    /// Makes PHP's values of the rows by `put`, and frees the rows.
    pub(crate) fn hand_over(self, put: impl FnOnce(&Rows)) {
        // SAFETY: the worker keeps it until `release_rows`, which comes once, below.
        put(unsafe { &*self.0 });
        crate::guard::quietly(|| worker::with(|worker| worker.release_rows(self.0)));
    }
}
