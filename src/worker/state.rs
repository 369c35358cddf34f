//! The state of a thread that runs PHP.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::mem::{self, ManuallyDrop};
use std::rc::Rc;
use std::time::Duration;

use rsso_core::settings::{Directive, Origin};
use rsso_core::store::Store;
use rsso_core::store::sites::SavedSites;
use rsso_core::{Deadline, Error, Result, Settings};
use rsso_stores::Spec;

use super::{Caller, HandlerState};
use crate::php::is_command_line;
use crate::rows::Rows;
use crate::worker_memory;

/// How many stores a worker keeps open. Most applications use one.
pub(super) const MAX_STORES: usize = 8;

/// How many characters of a refused value a message repeats.
const MAX_SHOWN_CHARS: usize = 40;

/// How long gc by chance may take after a request.
const GC_AFTER_REQUEST_LIMIT: Duration = Duration::from_millis(100);

/// Where a directive's value comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) origin: Origin,
    /// Whether a refused value stays. PHP can tell nobody of the refusal then.
    pub(crate) stays_if_refused: bool,
}

/// A thread's state.
pub(crate) struct Worker {
    pub(super) pid: u32,
    /// The directives' values as of now; changed by [`crate::ini`].
    pub(crate) settings: Settings,
    /// What is wrong with the directives' values, by name.
    pub(super) refused: BTreeMap<String, String>,
    /// Counts changes of `settings`. Unchanged settings are not resolved again.
    pub(super) changes: u64,
    pub(super) stores: Vec<(Spec, Box<dyn Store>)>,
    /// How many requests have ended since the first store was opened.
    pub(super) requests: u32,
    /// The settings that this process has recorded, by store.
    pub(super) saved_sites: SavedSites,
    /// What `session.save_handler=rsso` uses.
    pub(crate) native: HandlerState,
    /// What each `Rsso\SessionHandler` of this request uses, by object handle.
    pub(crate) handlers: HashMap<u32, HandlerState>,
    /// A session's data on its way to PHP.
    ///
    /// It is owned here, so that a `longjmp` from PHP's allocator leaks nothing.
    pub(crate) read_data: Vec<u8>,
    /// Rows on their way to PHP, for the same reason. Nested calls have several.
    pub(super) lent_rows: Vec<Rc<Rows>>,
}

thread_local! {
    static WORKER: RefCell<ManuallyDrop<Worker>> = RefCell::new(ManuallyDrop::new(Worker::new()));
}

/// Runs `act` on this thread's worker.
pub(crate) fn with<T>(act: impl FnOnce(&mut Worker) -> T) -> T {
    WORKER.with_borrow_mut(|worker| {
        worker.abandon_after_fork();
        act(worker)
    })
}

/// Ends a request and releases what it still holds.
///
/// A fatal error may have skipped close.
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
        worker.read_data = Vec::new();
        worker.lent_rows = Vec::new();
        if !worker.stores.is_empty() {
            worker.requests = worker.requests.saturating_add(1);
            // A command-line process ends now.
            if worker_memory::may_have_unused(worker.requests) && !is_command_line() {
                worker_memory::return_unused();
            }
        }
    });
}

/// Releases what an object held that is gone. PHP may use its number again.
pub(crate) fn forget_object(handle: u32) {
    with(|worker| {
        if worker.handlers.contains_key(&handle) {
            // An error here ends the lock with its connection; there is nobody left to tell.
            let _ = worker.finish(Caller::Object(handle));
            worker.handlers.remove(&handle);
        }
    });
}

/// Closes what a forked child must not inherit.
///
/// The child of `proc_open()` becomes another program at once, and inherits nothing.
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
pub(crate) fn close_stores() {
    with(|worker| {
        worker.stores.clear();
    });
}

/// Refuses a value by which a script would leave `open_basedir`.
pub(crate) fn check_script_may_set(name: &str, value: &str) -> Result<()> {
    match Settings::files_of(name, value)
        .iter()
        .find(|path| !crate::php::basedir_allows(path))
    {
        None => Ok(()),
        Some(path) => Err(Error::config(
            format!("rsso.{name}"),
            format!("open_basedir does not allow {}", path.display()),
        )),
    }
}

/// The message about a refused value, without a password.
fn refusal(name: &str, value: &str, problem: &str) -> String {
    if name == "dsn" || Directive::named(name).is_none_or(|directive| directive.secret) {
        return problem.to_owned();
    }
    let shown: String = value.chars().take(MAX_SHOWN_CHARS).collect();
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
            requests: 0,
            saved_sites: SavedSites::default(),
            native: HandlerState::default(),
            handlers: HashMap::new(),
            read_data: Vec::new(),
            lent_rows: Vec::new(),
        }
    }

    /// Sets a directive, unless `may` refuses it.
    ///
    /// A refused value that stays is remembered. To go on with another one would be a guess.
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
            Err(Error::Config { problem, .. }) if source.stays_if_refused => {
                self.refused
                    .insert(name.to_owned(), refusal(name, value, problem));
            }
            Err(_) => {}
        }
        set
    }

    /// Fails while a directive has a value that cannot be used.
    pub(crate) fn check_directives(&self) -> Result<()> {
        match self.refused.first_key_value() {
            None => Ok(()),
            Some((name, problem)) => Err(Error::config(format!("rsso.{name}"), problem.clone())),
        }
    }

    /// Keeps rows until they are [handed over](crate::lent_rows::LentRows::hand_over).
    pub(crate) fn keep_rows(&mut self, rows: Rc<Rows>) {
        self.lent_rows.push(rows);
    }

    /// Frees rows.
    pub(crate) fn release_rows(&mut self, rows: *const Rows) {
        self.lent_rows.retain(|kept| Rc::as_ptr(kept) != rows);
    }

    /// Has expired sessions removed after the request.
    pub(crate) fn gc_after_request(&mut self, caller: Caller) {
        self.handler_state(caller).gc_is_due = true;
    }

    /// Removes expired sessions for a short time, because the next request needs this worker.
    pub(super) fn collect_garbage(&mut self) {
        let objects = self.handlers.keys().copied().map(Caller::Object);
        for caller in std::iter::once(Caller::Native).chain(objects.collect::<Vec<_>>()) {
            if std::mem::take(&mut self.handler_state(caller).gc_is_due) {
                // What fails here, session_gc() or `rsso gc` will say.
                let _ = self.access(caller).and_then(|access| {
                    access
                        .request
                        .store
                        .gc(Some(Deadline::after(GC_AFTER_REQUEST_LIMIT)))
                });
            }
        }
    }

    fn abandon_after_fork(&mut self) {
        let pid = rsso_core::process::process_id();
        if self.pid != pid {
            self.pid = pid;
            // Left open and unused. A polite close would end the parent's connection.
            for (_, store) in mem::take(&mut self.stores) {
                store.abandon();
            }
        }
    }
}
