//! What a PHP process (under ZTS: a thread) keeps between and during requests: the directives'
//! values, open stores, and what the current request holds.
//!
//! What always holds: no PHP code runs inside [`with`]; a forked child uses none of its parent's
//! stores and closes none of them politely.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::{self, ManuallyDrop};
use std::time::Duration;

use rsso_core::request::RequestState;
use rsso_core::store::{Spec, Store};
use rsso_core::{Deadline, Error, Result, Settings};

/// Stores a worker keeps open; an application uses one, a test suite some.
const MAX_STORES: usize = 8;

/// How long gc by chance may take after a request.
const GC_TIME: Duration = Duration::from_millis(100);

/// A thread's state.
pub(crate) struct Worker {
    pid: u32,
    /// The directives' values as of now; changed by [`crate::ini`].
    pub(crate) settings: Settings,
    /// What is wrong with the `rsso.dsn` of php.ini.
    refused: Option<String>,
    /// Counts changes of `settings`, so that an unchanged one is not resolved again.
    changes: u64,
    stores: Vec<(Spec, Box<dyn Store>)>,
    /// What `session.save_handler=rsso` uses.
    pub(crate) native: Attachment,
    /// What each `Rsso\SessionHandler` of this request uses, by object handle.
    pub(crate) handlers: HashMap<u32, Attachment>,
    /// A result on its way to PHP: owned here, so that a `longjmp` from PHP's allocator leaks nothing.
    pub(crate) scratch: Vec<u8>,
}

/// One handler's use of a store.
#[derive(Default)]
pub(crate) struct Attachment {
    /// Options of its own; else the directives count.
    options: Option<Settings>,
    opened: Option<Opened>,
    request: RequestState,
    gc_is_due: bool,
}

/// What `open` resolved, and from what.
struct Opened {
    save_path: String,
    changes: u64,
    lifetime: u64,
    spec: Spec,
}

/// A store with the request's state and the settings that go with it.
pub(crate) struct Access<'a> {
    pub(crate) store: &'a mut dyn Store,
    pub(crate) request: &'a mut RequestState,
    pub(crate) settings: &'a Settings,
}

/// Which handler calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    /// `session.save_handler=rsso`, also below PHP's `SessionHandler`.
    Native,
    /// The `Rsso\SessionHandler` object with this handle.
    Object(u32),
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
        let _ = worker.close(Caller::Native);
        worker.collect_garbage();
        worker.native.request.forget();
        for handle in worker.handlers.keys().copied().collect::<Vec<_>>() {
            let _ = worker.close(Caller::Object(handle));
        }
        worker.handlers = HashMap::new();
        worker.scratch = Vec::new();
    });
}

/// An object is gone: gives back what it held, and its number may be another's next.
pub(crate) fn forget_object(handle: u32) {
    with(|worker| {
        if worker.handlers.contains_key(&handle) {
            // An error here ends the lock with its connection; there is nobody left to tell.
            let _ = worker.close(Caller::Object(handle));
            worker.handlers.remove(&handle);
        }
    });
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

/// Refuses a store that a script names through `session.save_path` outside `open_basedir`; php.ini
/// may name any.
fn check_script_may_use(spec: &Spec, save_path: &str) -> Result<()> {
    if save_path == crate::php::ini_original(c"session.save_path") {
        return Ok(());
    }
    match spec
        .files()
        .into_iter()
        .find(|path| !crate::php::may_use(path))
    {
        None => Ok(()),
        Some(path) => Err(Error::config(
            "session.save_path",
            format!("open_basedir does not allow {}", path.display()),
        )),
    }
}

impl Worker {
    fn new() -> Self {
        Self {
            pid: std::process::id(),
            settings: Settings::default(),
            refused: None,
            changes: 0,
            stores: Vec::new(),
            native: Attachment::default(),
            handlers: HashMap::new(),
            scratch: Vec::new(),
        }
    }

    /// Sets a directive. A store that php.ini names wrongly is remembered: using another one
    /// instead would lose sessions without a word.
    pub(crate) fn set(&mut self, name: &str, value: &str, startup: bool) -> Result<()> {
        self.changes += 1;
        let set = self.settings.set(name, value);
        if name == "dsn" {
            self.refused = match &set {
                Err(Error::Config { problem, .. }) if startup => Some(problem.clone()),
                Err(_) => self.refused.take(),
                // PHP sets the default in place of what was refused.
                Ok(()) if startup && value.is_empty() => self.refused.take(),
                Ok(()) => None,
            };
        }
        set
    }

    /// Settles which store `caller` uses; connects to nothing.
    pub(crate) fn open(&mut self, caller: Caller, save_path: &str) -> Result<()> {
        if let Some(refused) = &self.refused {
            return Err(Error::config("rsso.dsn", refused.clone()));
        }
        let changes = self.changes;
        let lifetime = u64::try_from(crate::php::ini_long(c"session.gc_maxlifetime")).unwrap_or(0);
        let (attachment, directives) = self.attachment(caller);
        let same = |o: &Opened| {
            o.save_path == save_path
                && o.changes == changes
                && o.lifetime == lifetime
                && o.spec.is_in_place()
        };
        if attachment.opened.as_ref().is_some_and(same) {
            return Ok(());
        }
        let mut settings = attachment.options.as_ref().unwrap_or(directives).clone();
        settings.lifetime = Duration::from_secs(lifetime);
        let spec = Spec::resolve(&settings, save_path)?;
        if settings.dsn.is_empty() {
            check_script_may_use(&spec, save_path)?;
        }
        if attachment.opened.as_ref().is_some_and(|o| o.spec != spec) {
            // What is held in another store is given back there.
            self.close(caller)?;
        }
        self.attachment(caller).0.opened = Some(Opened {
            save_path: save_path.to_owned(),
            changes,
            lifetime,
            spec,
        });
        Ok(())
    }

    /// Remembers an id that was made for this request.
    pub(crate) fn created(&mut self, caller: Caller, sid: rsso_core::SessionId, inherits: bool) {
        self.attachment(caller).0.request.created(sid, inherits);
    }

    /// Gives back what `caller` holds. Needs no store where it holds nothing.
    pub(crate) fn close(&mut self, caller: Caller) -> Result<()> {
        if self.attachment(caller).0.request.holds_lock() {
            self.access(caller)?.give_back()?;
        }
        Ok(())
    }

    /// Has expired sessions removed when the request is over.
    pub(crate) fn gc_after_request(&mut self, caller: Caller) {
        self.attachment(caller).0.gc_is_due = true;
    }

    /// Removes expired sessions for a while: a worker is needed for the next request.
    fn collect_garbage(&mut self) {
        let objects = self.handlers.keys().copied().map(Caller::Object);
        for caller in std::iter::once(Caller::Native).chain(objects.collect::<Vec<_>>()) {
            if std::mem::take(&mut self.attachment(caller).0.gc_is_due) {
                // What fails here, session_gc() or `rsso gc` will say.
                let _ = self
                    .access(caller)
                    .and_then(|access| access.store.gc(Some(Deadline::after(GC_TIME))));
            }
        }
    }

    /// The store that `open` settled, connected or not.
    pub(crate) fn access(&mut self, caller: Caller) -> Result<Access<'_>> {
        if self.attachment(caller).0.opened.is_none() {
            // A class may call read() of its parent without open().
            let save_path = crate::php::ini_string(c"session.save_path");
            self.open(caller, &save_path)?;
        }
        let Self {
            stores,
            native,
            handlers,
            settings,
            ..
        } = self;
        let attachment = match caller {
            Caller::Native => native,
            Caller::Object(handle) => handlers.entry(handle).or_default(),
        };
        let Attachment {
            options,
            opened: Some(opened),
            request,
            ..
        } = attachment
        else {
            unreachable!("settled by open() above")
        };
        let at = match stores.iter().position(|(spec, _)| *spec == opened.spec) {
            Some(at) => at,
            None => {
                let store = opened.spec.create()?;
                if stores.len() == MAX_STORES {
                    stores.remove(0);
                }
                stores.push((opened.spec.clone(), store));
                stores.len() - 1
            }
        };
        Ok(Access {
            store: stores[at].1.as_mut(),
            request,
            settings: options.as_ref().unwrap_or(settings),
        })
    }

    fn attachment(&mut self, caller: Caller) -> (&mut Attachment, &Settings) {
        let attachment = match caller {
            Caller::Native => &mut self.native,
            Caller::Object(handle) => self.handlers.entry(handle).or_default(),
        };
        (attachment, &self.settings)
    }

    fn notice_fork(&mut self) {
        let pid = std::process::id();
        if self.pid != pid {
            self.pid = pid;
            // Left open and unused: closing would say goodbye in the parent's name.
            for (_, store) in mem::take(&mut self.stores) {
                store.abandon();
            }
        }
    }
}

impl Attachment {
    /// An attachment that the directives do not concern.
    pub(crate) fn with_options(options: Settings) -> Self {
        Self {
            options: Some(options),
            ..Self::default()
        }
    }
}

impl Access<'_> {
    fn give_back(self) -> Result<()> {
        self.request.close(self.store)
    }
}
