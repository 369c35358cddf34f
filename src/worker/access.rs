//! Which store a handler uses, and what it holds in it.

use std::time::Duration;

use rsso_core::deadline::bounded;
use rsso_core::settings::Origin;
use rsso_core::{Error, Result, Settings};
use rsso_stores::{SavePath, Spec};

use super::handler_state::Opened;
use super::state::{MAX_STORES, Worker};
use super::{Access, Caller, HandlerState};

impl Worker {
    /// Decides which store `caller` uses; connects to nothing.
    pub(crate) fn open(&mut self, caller: Caller, save_path: &str) -> Result<()> {
        self.check_directives()?;
        let changes = self.changes;
        let lifetime = u64::try_from(crate::php::ini_long(c"session.gc_maxlifetime")).unwrap_or(0);
        let origin = crate::php::origin_of_save_path(save_path);
        let state = self.handler_state(caller);
        let same = |o: &Opened| {
            o.save_path == save_path
                && o.origin == origin
                && o.changes == changes
                && o.lifetime == lifetime
                && o.spec.is_in_place()
        };
        if state.opened.as_ref().is_some_and(same) {
            return Ok(());
        }
        let mut settings = self.settings_of(caller).clone();
        settings.lifetime = bounded(Duration::from_secs(lifetime));
        let text = save_path;
        let spec = Spec::resolve_for(&settings, SavePath { text, origin })?;
        if settings.dsn.is_empty() && origin == Origin::Script {
            check_script_may_use(&spec)?;
        }
        let opened = &self.handler_state(caller).opened;
        if opened.as_ref().is_some_and(|opened| opened.spec != spec) {
            // What is held in another store is released there.
            self.finish(caller)?;
        }
        self.handler_state(caller).opened = Some(Opened {
            save_path: save_path.to_owned(),
            origin,
            changes,
            lifetime,
            spec,
        });
        Ok(())
    }

    /// Begins the use of a session.
    ///
    /// A process may serve many visitors without an end of a request between them. What is left of
    /// the visitor before ends now.
    pub(crate) fn begin_use(
        &mut self,
        caller: Caller,
        rotates: impl FnOnce() -> bool,
    ) -> Result<()> {
        let request = &mut self.handler_state(caller).request;
        request.opened();
        if request.may_rotate() && !rotates() {
            request.forget_predecessor();
            if request.is_rotating() {
                self.access(caller)?.request.cancel_rotation()?;
            }
        }
        if self.handler_state(caller).gc_is_due && self.active_caller().is_none() {
            self.collect_garbage();
        }
        Ok(())
    }

    /// Remembers an id that was made for this request.
    pub(crate) fn created(&mut self, caller: Caller, sid: rsso_core::SessionId, inherits: bool) {
        self.handler_state(caller).request.created(sid, inherits);
    }

    /// Releases the lock that `caller` holds; a rotation under way goes on.
    ///
    /// Needs no store if nothing is held.
    pub(crate) fn close(&mut self, caller: Caller) -> Result<()> {
        let request = &mut self.handler_state(caller).request;
        if !request.holds_something() {
            request.close_without_store();
            return Ok(());
        }
        self.access(caller)?.request.close()
    }

    /// Releases all that `caller` holds. Needs no store if it holds nothing.
    pub(crate) fn finish(&mut self, caller: Caller) -> Result<()> {
        if !self.handler_state(caller).request.holds_something() {
            return Ok(());
        }
        self.access(caller)?.request.finish()
    }

    /// The handler whose session is in use now, between its read and its close.
    pub(crate) fn active_caller(&self) -> Option<Caller> {
        if self.native.request.is_active() {
            return Some(Caller::Native);
        }
        let active =
            |(handle, state): (&u32, &HandlerState)| state.request.is_active().then_some(*handle);
        self.handlers
            .iter()
            .filter_map(active)
            .min()
            .map(Caller::Object)
    }

    /// The store for acts that need no session.
    ///
    /// It is the store of the session in use, else the one that the directives name now.
    pub(crate) fn current_access(&mut self) -> Result<Access<'_>> {
        let Some(caller) = self.active_caller() else {
            let save_path = crate::php::ini_string(c"session.save_path");
            self.open(Caller::Native, &save_path)?;
            return self.access(Caller::Native);
        };
        self.access(caller)
    }

    /// The settings of [`Self::current_access`], for acts that need no store.
    pub(crate) fn current_settings(&self) -> Result<&Settings> {
        self.check_directives()?;
        Ok(self.settings_of(self.active_caller().unwrap_or(Caller::Native)))
    }

    /// The settings that apply to `caller`.
    pub(crate) fn settings_of(&self, caller: Caller) -> &Settings {
        let options = match caller {
            Caller::Native => None,
            Caller::Object(handle) => self.handlers.get(&handle).and_then(|a| a.options.as_ref()),
        };
        options.unwrap_or(&self.settings)
    }

    /// The store that [`Self::open`] has chosen, connected or not.
    pub(crate) fn access(&mut self, caller: Caller) -> Result<Access<'_>> {
        if self.handler_state(caller).opened.is_none() {
            // A class may call read() of its parent without open().
            let save_path = crate::php::ini_string(c"session.save_path");
            self.open(caller, &save_path)?;
        }
        self.close_surplus_stores(caller);
        let Self {
            stores,
            native,
            handlers,
            settings,
            saved_sites,
            ..
        } = self;
        let state = match caller {
            Caller::Native => native,
            Caller::Object(handle) => handlers.entry(handle).or_default(),
        };
        let HandlerState {
            options,
            opened: Some(opened),
            request,
            ..
        } = state
        else {
            unreachable!("settled by open() above")
        };
        let at = match stores.iter().position(|(spec, _)| *spec == opened.spec) {
            Some(at) => at,
            None => {
                stores.push((opened.spec.clone(), opened.spec.create()?));
                stores.len() - 1
            }
        };
        Ok(Access {
            request: request.with(stores[at].1.as_mut(), options.as_ref().unwrap_or(settings)),
            saved_sites,
        })
    }

    /// Closes the oldest stores if one more is about to be opened.
    ///
    /// A store in which something is held stays open, because its lock would be lost.
    fn close_surplus_stores(&mut self, caller: Caller) {
        if self.stores.len() < MAX_STORES {
            return;
        }
        let states = || std::iter::once(&self.native).chain(self.handlers.values());
        let spec = |state: &HandlerState| state.opened.as_ref().map(|o| o.spec.clone());
        let wanted = match caller {
            Caller::Native => spec(&self.native),
            Caller::Object(handle) => self.handlers.get(&handle).and_then(spec),
        };
        if self
            .stores
            .iter()
            .any(|(open, _)| Some(open) == wanted.as_ref())
        {
            return;
        }
        let used: Vec<Spec> = states()
            .filter(|state| state.request.holds_something())
            .filter_map(spec)
            .collect();
        let mut surplus = self.stores.len() + 1 - MAX_STORES;
        self.stores.retain(|(open, _)| {
            let goes = surplus > 0 && !used.contains(open);
            surplus -= usize::from(goes);
            !goes
        });
    }

    pub(super) fn handler_state(&mut self, caller: Caller) -> &mut HandlerState {
        match caller {
            Caller::Native => &mut self.native,
            Caller::Object(handle) => self.handlers.entry(handle).or_default(),
        }
    }
}

/// Refuses a script's `session.save_path` that names a store outside `open_basedir`.
///
/// php.ini may name any store.
fn check_script_may_use(spec: &Spec) -> Result<()> {
    match spec
        .files()
        .into_iter()
        .find(|path| !crate::php::basedir_allows(path))
    {
        None => Ok(()),
        Some(path) => Err(Error::config(
            "session.save_path",
            format!("open_basedir does not allow {}", path.display()),
        )),
    }
}
