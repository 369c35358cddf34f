//! A handler's use of a store: which one, and what the request holds in it.

use rsso_core::Settings;
use rsso_core::request::{Request, RequestState};
use rsso_core::settings::Origin;
use rsso_core::store::sites::{SavedSites, Site};
use rsso_stores::Spec;

/// One handler's use of a store.
#[derive(Default)]
pub(crate) struct HandlerState {
    /// Options of its own; `None` if the directives apply.
    pub(super) options: Option<Settings>,
    pub(super) opened: Option<Opened>,
    pub(super) request: RequestState,
    pub(super) gc_is_due: bool,
}

/// The store that `open` has chosen, and what it was chosen by.
pub(super) struct Opened {
    pub(super) save_path: String,
    pub(super) origin: Origin,
    pub(super) changes: u64,
    pub(super) lifetime: u64,
    pub(super) spec: Spec,
}

/// What one callback works on: never kept across a call that can run PHP code.
pub(crate) struct Access<'a> {
    pub(crate) request: Request<'a>,
    pub(super) saved_sites: &'a mut SavedSites,
}

impl Access<'_> {
    /// Records in the store which settings PHP uses, after a claim.
    ///
    /// A gateway with other settings does not find that login, and can then say why.
    pub(crate) fn record_site(&mut self) {
        let cookie = crate::php::ini_string(c"session.name");
        let path = crate::php::ini_string(c"session.cookie_path");
        let site = Site::of(self.request.store, self.request.settings, &cookie, &path);
        self.saved_sites.save(self.request.store, site);
    }
}

/// Which handler calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    /// `session.save_handler=rsso`, also below PHP's `SessionHandler`.
    Native,
    /// The `Rsso\SessionHandler` object with this handle.
    Object(u32),
}

impl HandlerState {
    /// A state with options of its own.
    pub(crate) fn with_options(options: Settings) -> Self {
        Self {
            options: Some(options),
            ..Self::default()
        }
    }
}
