//! `sso_claim()`: the session in use becomes a login of a user.
//!
//! PHP code runs twice on the way: when `meta` becomes JSON, and when the session's id changes.
//! Nothing but plain memory is alive meanwhile, and the arguments are read anew after it.

use std::ptr;

use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::{ExecuteData, ExecutorGlobals, SapiGlobals};
use rsso_core::login::{Claimed, Login, Refused};
use rsso_core::store::receipts;
use rsso_core::{Error, Result, SessionId};

use super::arguments::{UidArgument, throw_no_session};
use super::claim_arguments::{ClaimArguments, checked_meta};
use super::claim_messages::{ENDED, LIMIT, Refusal, STORM, UnchangedIdWarning};
use crate::exceptions::ExceptionClass;
use crate::guard::{self, OnError};
use crate::lent_rows::LentRows;
use crate::login_objects;
use crate::php::{self, arguments};
use crate::php_functions::{self, Value};
use crate::rows::{LoginRow, Rows};
use crate::superglobals::{self, PhpArray};
use crate::worker::{self, Access, Caller};

/// What a look at the session shows.
#[derive(Clone, Copy)]
enum Found {
    /// PHP has an exception.
    Thrown,
    NoSession,
    /// The session has this login already.
    SameLogin(LentRows),
    /// A session in use, which is this caller's.
    Session(Caller),
}

/// What became of the claim.
#[derive(Clone, Copy)]
enum Outcome {
    /// PHP has an exception.
    Thrown,
    NoSession,
    Login(LentRows),
    Refused(Refusal, LentRows),
}

/// What became of the claim, before the worker keeps the rows for PHP.
enum OwnedOutcome {
    NoSession,
    Login(LoginRow),
    Refused(Refusal, Vec<LoginRow>),
}

pub(super) extern "C" fn claim(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    let mut options: *mut ZendHashTable = ptr::null_mut();
    if !arguments!(call, c"z|Sh", uid, device, options) {
        return;
    }
    let Some(uid) = UidArgument::of(uid) else {
        return;
    };
    let arguments = ClaimArguments {
        uid,
        device,
        options,
    };
    let check = || Ok(Some(arguments.check()?).into());
    let Some(wanted) = guard::call(None, OnError::Throw, check) else {
        return;
    };
    let meta = match wanted.meta {
        None => Value::null(),
        // SAFETY: the options hold it, and the call's frame holds the options.
        Some(meta) => match unsafe { php_functions::json_encode(meta) } {
            None => return,
            Some(json) => json,
        },
    };
    run(arguments, wanted.keeps_id, &meta, result);
    meta.release();
}

/// Runs the claim, and gives PHP the login or an exception.
fn run(arguments: ClaimArguments, keeps_id: bool, meta: &Value, result: &mut Zval) {
    let find_session = || arguments.find_session(meta).map(Into::into);
    let caller = match guard::call(Found::Thrown, OnError::Throw, find_session) {
        Found::Thrown => return,
        Found::NoSession => return throw_no_session("sso_claim"),
        Found::SameLogin(lent) => return put_login(result, lent),
        Found::Session(caller) => caller,
    };
    if !keeps_id && change_id().is_none() {
        return;
    }
    let Some(sid) = php_functions::session_id() else {
        return;
    };
    let server = superglobals::server();
    let outcome = guard::call(Outcome::Thrown, OnError::Throw, || {
        arguments.claim(caller, meta, &sid, server).map(Into::into)
    });
    sid.release();
    match outcome {
        Outcome::Thrown => {}
        Outcome::NoSession => throw_no_session("sso_claim"),
        Outcome::Login(lent) => put_login(result, lent),
        Outcome::Refused(refusal, lent) => throw_refused(refusal, lent),
    }
}

/// Changes the session's id or warns; `None` if PHP has thrown.
fn change_id() -> Option<()> {
    // A cookie with the new id could not be sent any more.
    if php::is_set(SapiGlobals::get().headers_sent) {
        // If PHP sets no cookie, the application carries the id itself, and knows that it stays.
        if php::ini_long(c"session.use_cookies") != 0 {
            guard::warn(&UnchangedIdWarning(php::output_start()));
        }
        return (!ExecutorGlobals::has_exception()).then_some(());
    }
    if php_functions::session_regenerate_id()? {
        return Some(());
    }
    let text = "sso_claim() could not change the session's id, as PHP's warning says; \
                nobody was logged in";
    guard::throw_unprefixed(ExceptionClass::Rsso, &text);
    None
}

fn put_login(result: &mut Zval, lent: LentRows) {
    lent.hand_over(|rows| {
        if let Some(row) = rows.logins.first() {
            login_objects::put_login(result, row);
        }
    });
}

fn throw_refused(refusal: Refusal, lent: LentRows) {
    let exception = guard::throw(ExceptionClass::LoginRefused, &refusal.message);
    lent.hand_over(|rows| {
        // SAFETY: thrown a moment ago, and held by PHP.
        unsafe { login_objects::put_refused(exception, refusal.reason, &rows.logins) };
    });
}

impl ClaimArguments {
    /// Looks for a session in use, and whether it has the login already.
    fn find_session(self, meta: &Value) -> Result<Found> {
        checked_meta(meta)?;
        let device = self.device()?;
        let found = worker::with(|worker| {
            let Some(caller) = worker.active_caller() else {
                return worker.check_directives().map(|()| None);
            };
            let access = worker.access(caller)?;
            let user = self.uid.user(&access.request.settings.logins)?;
            let login = access.request.state.login_if_of(&user, device.as_str());
            Ok::<_, Error>(Some((caller, login.map(LoginRow::current))))
        })?;
        Ok(match found {
            None => Found::NoSession,
            Some((caller, None)) => Found::Session(caller),
            Some((_, Some(row))) => Found::SameLogin(Rows::login(row).lend()),
        })
    }

    /// Claims, for the session whose id is `sid`.
    fn claim(
        self,
        caller: Caller,
        meta: &Value,
        sid: &Value,
        server: Option<PhpArray>,
    ) -> Result<Outcome> {
        let outcome =
            worker::with(|worker| self.claim_in_store(worker.access(caller)?, meta, sid, server))?;
        Ok(match outcome {
            OwnedOutcome::NoSession => Outcome::NoSession,
            OwnedOutcome::Login(row) => Outcome::Login(Rows::login(row).lend()),
            OwnedOutcome::Refused(refusal, rows) => {
                Outcome::Refused(refusal, Rows::logins(rows).lend())
            }
        })
    }

    fn claim_in_store(
        self,
        mut access: Access<'_>,
        meta: &Value,
        sid: &Value,
        server: Option<PhpArray>,
    ) -> Result<OwnedOutcome> {
        let request = &mut access.request;
        let ttl = php::ttl(php::ini_long(c"session.gc_maxlifetime"));
        if let Ok(sid) = SessionId::parse(sid.bytes().unwrap_or_default()) {
            // A framework may go on with a new id that it has not read.
            request.switch_to(&sid, ttl)?;
        }
        if !request.state.is_active() {
            return Ok(OwnedOutcome::NoSession);
        }
        let claim = self.to_claim(&request.settings.logins, meta, server)?;
        let mut claimed = request.claim(&claim, ttl)?;
        if let Claimed::New(_, kicks) = &mut claimed {
            receipts::collect(
                request.store,
                &claim.user.realm,
                kicks,
                self.options()?.await_delivery,
            );
        }
        if let Claimed::New(..) = claimed {
            access.record_site();
        }
        let refused = |refusal, holders: &[Login]| {
            let rows = holders.iter().map(|login| LoginRow::of(login, None));
            OwnedOutcome::Refused(refusal, rows.collect())
        };
        Ok(match (claimed, access.request.state.login()) {
            (Claimed::New(_, kicks), Some(bound)) => {
                OwnedOutcome::Login(LoginRow::current(bound).with_kicks(&kicks))
            }
            (Claimed::Same(_, bound), _) => OwnedOutcome::Login(LoginRow::current(&bound)),
            (Claimed::Refused(Refused::Limit, holders), _) => refused(LIMIT, &holders),
            (Claimed::Refused(Refused::Storm, holders), _) => refused(STORM, &holders),
            (Claimed::Ended | Claimed::New(..), _) => refused(ENDED, &[]),
        })
    }
}
