//! Answers on their way to PHP: owned by the worker until PHP's values were made of them, for PHP's allocator may not
//! return.

use std::rc::Rc;

use crate::answers::Answer;
use crate::worker;

impl Answer {
    /// Leaves the answer with the worker; must not be called inside [`worker::with`].
    pub(crate) fn lend(self) -> Lent {
        let answer = Rc::new(self);
        let lent = Lent(Rc::as_ptr(&answer));
        worker::with(|worker| worker.lend(answer));
        lent
    }
}

/// An answer that the worker owns until it is handed over, or until the request ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lent(*const Answer);

impl Lent {
    /// Has `put` make PHP's values of the answer, and lets it go.
    pub(crate) fn hand_over(self, put: impl FnOnce(&Answer)) {
        // SAFETY: the worker keeps it until `take_back`, which comes once, below.
        put(unsafe { &*self.0 });
        crate::guard::quietly(|| worker::with(|worker| worker.take_back(self.0)));
    }
}
