//! The state of a thread that runs PHP.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::mem::{self, ManuallyDrop};
use std::rc::Rc;
use std::time::Duration;

use rsso_core::settings::{Directive, Origin};
use rsso_core::store::Store;
use rsso_core::store::sites::Left;
use rsso_core::{Deadline, Error, Result, Settings};
use rsso_stores::Spec;

use super::{Attachment, Caller};
use crate::answers::Answer;

/// Stores a worker keeps open; an application uses one, a test suite some.
pub(super) const MAX_STORES: usize = 8;

/// How many characters of a refused value a message repeats.
const MAX_SHOWN: usize = 40;

/// How long gc by chance may take after a request.
const GC_TIME: Duration = Duration::from_millis(100);

/// Where a directive's value comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) origin: Origin,
    /// Whether PHP has nobody to tell of a refusal, and shows the value as if it counted.
    pub(crate) stands: bool,
}

/// A thread's state.
pub(crate) struct Worker {
    pub(super) pid: u32,
    /// The directives' values as of now; changed by [`crate::ini`].
    pub(crate) settings: Settings,
    /// What is wrong with directives as they stand, by name.
    pub(super) refused: BTreeMap<String, String>,
    /// Counts changes of `settings`, so that an unchanged one is not resolved again.
    pub(super) changes: u64,
    pub(super) stores: Vec<(Spec, Box<dyn Store>)>,
    /// What this process has said of its settings, and where.
    pub(super) left: Left,
    /// What `session.save_handler=rsso` uses.
    pub(crate) native: Attachment,
    /// What each `Rsso\SessionHandler` of this request uses, by object handle.
    pub(crate) handlers: HashMap<u32, Attachment>,
    /// A result on its way to PHP: owned here, so that a `longjmp` from PHP's allocator leaks nothing.
    pub(crate) scratch: Vec<u8>,
    /// Answers on their way to PHP, for the same reason; of calls inside calls there are several.
    pub(super) lent: Vec<Rc<Answer>>,
}

thread_local! {
    static WORKER: RefCell<ManuallyDrop<Worker>> = RefCell::new(ManuallyDrop::new(Worker::new()));
}

/// Runs `act` on this thread's worker.
pub(crate) fn with<T>(act: impl FnOnce(&mut Worker) -> T) -> T {
    WORKER.with_borrow_mut(|worker| {
        worker.notice_fork();
        act(worker)
    })
}

/// Ends a request: gives back what it still holds (a fatal error may have skipped close).
pub(crate) fn end_request() {
    with(|worker| {
        // An error here ends the lock with its connection; there is nobody left to tell.
        let _ = worker.finish(Caller::Native);
        worker.collect_garbage();
        worker.native.request.forget();
        for handle in worker.handlers.keys().copied().collect::<Vec<_>>() {
            let _ = worker.finish(Caller::Object(handle));
        }
        worker.handlers = HashMap::new();
        worker.scratch = Vec::new();
        worker.lent = Vec::new();
    });
}

/// An object is gone: gives back what it held, and its number may be another's next.
pub(crate) fn forget_object(handle: u32) {
    with(|worker| {
        if worker.handlers.contains_key(&handle) {
            // An error here ends the lock with its connection; there is nobody left to tell.
            let _ = worker.finish(Caller::Object(handle));
            worker.handlers.remove(&handle);
        }
    });
}

/// Closes what a child of this thread must not inherit; it is opened again when needed. The child of
/// `proc_open()` becomes another program at once, and inherits nothing.
pub(crate) fn before_fork() {
    // A thread that has no worker, or is at its end, has nothing to close.
    let _none = WORKER.try_with(|worker| {
        if let Ok(mut worker) = worker.try_borrow_mut()
            && !worker.stores.is_empty()
            && crate::php::is_any_running(&["proc_open"]) != Some(true)
        {
            for (_, store) in &mut worker.stores {
                store.before_fork();
            }
        }
    });
}

/// Whether there is a store to close.
pub(crate) fn has_stores() -> bool {
    with(|worker| !worker.stores.is_empty())
}

/// Ends the process' use of its stores.
pub(crate) fn end() {
    with(|worker| {
        worker.stores.clear();
    });
}

/// Refuses a value by which a script would leave `open_basedir`.
pub(crate) fn check_script_may_set(name: &str, value: &str) -> Result<()> {
    match Settings::files_of(name, value)
        .iter()
        .find(|path| !crate::php::may_use(path))
    {
        None => Ok(()),
        Some(path) => Err(Error::config(
            format!("rsso.{name}"),
            format!("open_basedir does not allow {}", path.display()),
        )),
    }
}

/// What a refused directive's exception says, without a password.
fn refusal(name: &str, value: &str, problem: &str) -> String {
    if name == "dsn" || Directive::named(name).is_none_or(|directive| directive.secret) {
        return problem.to_owned();
    }
    let shown: String = value.chars().take(MAX_SHOWN).collect();
    format!("'{}' cannot be used: {problem}", shown.escape_debug())
}

impl Worker {
    fn new() -> Self {
        Self {
            pid: rsso_core::process::process_id(),
            settings: Settings::default(),
            refused: BTreeMap::new(),
            changes: 0,
            stores: Vec::new(),
            left: Left::default(),
            native: Attachment::default(),
            handlers: HashMap::new(),
            scratch: Vec::new(),
            lent: Vec::new(),
        }
    }

    /// Sets a directive, unless `may` refuses it. A refused value that stands all the same is
    /// remembered: to go on with another one would be to guess.
    pub(crate) fn set(
        &mut self,
        name: &str,
        value: &str,
        source: Source,
        may: Result<()>,
    ) -> Result<()> {
        self.changes += 1;
        let set = may.and_then(|()| self.settings.set_for(source.origin, name, value));
        match &set {
            Ok(()) => drop(self.refused.remove(name)),
            Err(Error::Config { problem, .. }) if source.stands => {
                self.refused
                    .insert(name.to_owned(), refusal(name, value, problem));
            }
            Err(_) => {}
        }
        set
    }

    /// Refuses to go on while a directive has a value that cannot be used.
    pub(crate) fn check_directives(&self) -> Result<()> {
        match self.refused.first_key_value() {
            None => Ok(()),
            Some((name, problem)) => Err(Error::config(format!("rsso.{name}"), problem.clone())),
        }
    }

    /// Keeps an answer until it is [taken](crate::lending::Lent::hand_over).
    pub(crate) fn lend(&mut self, answer: Rc<Answer>) {
        self.lent.push(answer);
    }

    /// Lets an answer go.
    pub(crate) fn take_back(&mut self, answer: *const Answer) {
        self.lent.retain(|kept| Rc::as_ptr(kept) != answer);
    }

    /// Has expired sessions removed when the request is over.
    pub(crate) fn gc_after_request(&mut self, caller: Caller) {
        self.attachment(caller).0.gc_is_due = true;
    }

    /// Removes expired sessions for a while: a worker is needed for the next request.
    pub(super) fn collect_garbage(&mut self) {
        let objects = self.handlers.keys().copied().map(Caller::Object);
        for caller in std::iter::once(Caller::Native).chain(objects.collect::<Vec<_>>()) {
            if std::mem::take(&mut self.attachment(caller).0.gc_is_due) {
                // What fails here, session_gc() or `rsso gc` will say.
                let _ = self
                    .access(caller)
                    .and_then(|access| access.request.store.gc(Some(Deadline::after(GC_TIME))));
            }
        }
    }

    fn notice_fork(&mut self) {
        let pid = rsso_core::process::process_id();
        if self.pid != pid {
            self.pid = pid;
            // Left open and unused: closing would say goodbye in the parent's name.
            for (_, store) in mem::take(&mut self.stores) {
                store.abandon();
            }
        }
    }
}
