//! `sso_claim()`: the session in use becomes a login of a user.
//!
//! PHP code runs twice on the way, when `meta` becomes JSON and when the session's id changes. So
//! the arguments are read anew after it, and nothing but plain memory is alive meanwhile.

use std::ffi::CStr;
use std::{fmt, ptr};

use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use ext_php_rs::zend::{ExecuteData, ExecutorGlobals, SapiGlobals};
use rsso_core::login::{Claim, Claimed, Device, Login, LoginId, Refused, check_meta};
use rsso_core::settings::LoginSettings;
use rsso_core::store::receipts;
use rsso_core::{Error, Result, SessionId};

use super::arguments::{GivenUid, device, throw_no_session};
use crate::answers::{Answer, LoginRow};
use crate::engine::{self, Value};
use crate::exceptions::ExceptionClass;
use crate::guard::{self, OnError};
use crate::lending::Lent;
use crate::login;
use crate::options::ClaimOptions;
use crate::php::{self, arguments};
use crate::superglobals::{self, Array};
use crate::worker::{self, Access, Caller};

/// The arguments. Plain memory; the call's frame holds what is pointed to.
#[derive(Clone, Copy)]
struct Given {
    uid: GivenUid,
    device: *const ZendStr,
    options: *const ZendHashTable,
}

/// What the arguments ask for before the claim.
#[derive(Clone, Copy)]
struct Asked {
    meta: Option<*const Zval>,
    keeps_id: bool,
}

/// What there is to do after a look at the session.
#[derive(Clone, Copy)]
enum Next {
    /// An exception is on its way.
    Thrown,
    NoSession,
    /// The session has this login already.
    Done(Lent),
    /// Of the session that is in use here.
    Claim(Caller),
}

/// What became of the claim.
#[derive(Clone, Copy)]
enum Outcome {
    /// An exception is on its way.
    Thrown,
    NoSession,
    Login(Lent),
    Refused(Refusal, Lent),
}

/// What became of the claim, before the worker keeps the rows for PHP.
enum Settled {
    NoSession,
    Login(LoginRow),
    Refused(Refusal, Vec<LoginRow>),
}

/// Why a claim was refused: the exception's `$reason`, and what it says.
#[derive(Clone, Copy)]
struct Refusal {
    reason: &'static str,
    message: &'static str,
}

pub(super) extern "C" fn claim(call: &mut ExecuteData, result: &mut Zval) {
    let mut uid: *mut Zval = ptr::null_mut();
    let mut device: *mut ZendStr = ptr::null_mut();
    let mut options: *mut ZendHashTable = ptr::null_mut();
    if !arguments!(call, c"z|Sh", uid, device, options) {
        return;
    }
    let Some(uid) = GivenUid::of(uid) else { return };
    let given = Given {
        uid,
        device,
        options,
    };
    let asked = guard::call(None, OnError::Throw, || Ok(Some(given.check()?).into()));
    let Some(asked) = asked else { return };
    let meta = match asked.meta {
        None => Value::null(),
        // SAFETY: the options hold it, and the call's frame holds the options.
        Some(meta) => match unsafe { engine::json_encode(meta) } {
            None => return,
            Some(json) => json,
        },
    };
    run(given, asked, &meta, result);
    meta.release();
}

/// Runs the claim, and gives PHP the login or an exception.
fn run(given: Given, asked: Asked, meta: &Value, result: &mut Zval) {
    let look = || given.look(meta).map(Into::into);
    let caller = match guard::call(Next::Thrown, OnError::Throw, look) {
        Next::Thrown => return,
        Next::NoSession => return throw_no_session("sso_claim"),
        Next::Done(lent) => return put_login(result, lent),
        Next::Claim(caller) => caller,
    };
    // A cookie with the new id could not be sent any more.
    let headers_sent = SapiGlobals::get().headers_sent != 0;
    if !asked.keeps_id && headers_sent {
        // Where PHP sets no cookie, the application carries the id itself, and knows that it stays.
        let has_cookie = php::ini_long(c"session.use_cookies") != 0;
        if has_cookie {
            guard::warn(&KeptId(php::output_start()));
        }
        if ExecutorGlobals::has_exception() {
            return;
        }
    } else if !asked.keeps_id {
        match engine::session_regenerate_id() {
            None => return,
            Some(true) => {}
            Some(false) => {
                let text = "sso_claim() could not change the session's id, as PHP's warning says; \
                            nobody was logged in";
                guard::throw_plain(ExceptionClass::Rsso, &text);
                return;
            }
        }
    }
    let Some(sid) = engine::session_id() else {
        return;
    };
    let server = superglobals::server();
    let outcome = guard::call(Outcome::Thrown, OnError::Throw, || {
        given.claim(caller, meta, &sid, server).map(Into::into)
    });
    sid.release();
    match outcome {
        Outcome::Thrown => {}
        Outcome::NoSession => throw_no_session("sso_claim"),
        Outcome::Login(lent) => put_login(result, lent),
        Outcome::Refused(refusal, lent) => throw_refused(refusal, lent),
    }
}

/// What is said where the session's id should have changed and cannot: with where output began.
struct KeptId(Option<(&'static CStr, i32)>);

impl fmt::Display for KeptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers were already sent")?;
        if let Some((file, line)) = self.0 {
            write!(f, " (output started at {}:{line})", file.to_string_lossy())?;
        }
        f.write_str(
            ", so the session keeps the id that it had before the login, and whoever planted that \
             id in the browser has the login, too; call sso_claim() before any output, or say \
             'rotate_id' => false if the id is to stay",
        )
    }
}

fn put_login(result: &mut Zval, lent: Lent) {
    lent.hand_over(|answer| {
        if let Some(row) = answer.logins.first() {
            login::put_login(result, row);
        }
    });
}

fn throw_refused(refusal: Refusal, lent: Lent) {
    let exception = guard::throw(ExceptionClass::LoginRefused, &refusal.message);
    lent.hand_over(|answer| {
        // SAFETY: thrown a moment ago: PHP holds it.
        unsafe { login::put_refused(exception, refusal.reason, &answer.logins) };
    });
}

impl Given {
    fn device(self) -> Result<Device> {
        // SAFETY: the call's frame holds it.
        let device = unsafe { device(self.device) }?;
        Ok(device.unwrap_or_default())
    }

    fn options<'a>(self) -> Result<ClaimOptions<'a>> {
        // SAFETY: the call's frame holds them; no PHP code runs while they are read.
        ClaimOptions::read(unsafe { self.options.as_ref() })
    }

    /// Checks everything that can be checked without the JSON of `meta`.
    fn check(self) -> Result<Asked> {
        self.uid.check()?;
        self.device()?;
        let options = self.options()?;
        Ok(Asked {
            meta: options.meta.map(ptr::from_ref),
            keeps_id: options.keeps_id,
        })
    }

    /// Whether there is a session, and whether it has the login already.
    fn look(self, meta: &Value) -> Result<Next> {
        json(meta)?;
        let device = self.device()?;
        let found = worker::with(|worker| {
            let Some(caller) = worker.active() else {
                return worker.check_directives().map(|()| None);
            };
            let access = worker.access(caller)?;
            let user = self.uid.user(&access.request.settings.logins)?;
            let login = access.request.state.has_login(&user, device.as_str());
            Ok::<_, Error>(Some((caller, login.map(LoginRow::current))))
        })?;
        Ok(match found {
            None => Next::NoSession,
            Some((caller, None)) => Next::Claim(caller),
            Some((_, Some(row))) => Next::Done(Answer::login(row).lend()),
        })
    }

    /// The claim itself, of the session whose id is `sid`.
    fn claim(
        self,
        caller: Caller,
        meta: &Value,
        sid: &Value,
        server: Option<Array>,
    ) -> Result<Outcome> {
        let settled =
            worker::with(|worker| self.settle(worker.access(caller)?, meta, sid, server))?;
        Ok(match settled {
            Settled::NoSession => Outcome::NoSession,
            Settled::Login(row) => Outcome::Login(Answer::login(row).lend()),
            Settled::Refused(refusal, rows) => {
                Outcome::Refused(refusal, Answer::logins(rows).lend())
            }
        })
    }

    fn settle(
        self,
        mut access: Access<'_>,
        meta: &Value,
        sid: &Value,
        server: Option<Array>,
    ) -> Result<Settled> {
        let request = &mut access.request;
        let ttl = php::ttl(php::ini_long(c"session.gc_maxlifetime"));
        if let Ok(sid) = SessionId::parse(sid.bytes().unwrap_or_default()) {
            // Where a framework goes on with a new id that it has not read.
            request.go_on_with(&sid, ttl)?;
        }
        if !request.state.is_active() {
            return Ok(Settled::NoSession);
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
            access.leave_word();
        }
        let refused = |refusal, holders: &[Login]| {
            let rows = holders.iter().map(|login| LoginRow::of(login, None));
            Settled::Refused(refusal, rows.collect())
        };
        Ok(match (claimed, access.request.state.login()) {
            (Claimed::New(_, kicks), Some(bound)) => {
                Settled::Login(LoginRow::current(bound).with_kicks(&kicks))
            }
            (Claimed::Same(_, bound), _) => Settled::Login(LoginRow::current(&bound)),
            (Claimed::Refused(Refused::Limit, holders), _) => refused(LIMIT, &holders),
            (Claimed::Refused(Refused::Storm, holders), _) => refused(STORM, &holders),
            (Claimed::Ended | Claimed::New(..), _) => refused(ENDED, &[]),
        })
    }

    fn to_claim(
        self,
        settings: &LoginSettings,
        meta: &Value,
        server: Option<Array>,
    ) -> Result<Claim> {
        let options = self.options()?;
        // SAFETY: asked for a moment ago; no PHP code has run since.
        let server = server.map(|server| unsafe { server.get() });
        Ok(Claim {
            user: self.uid.user(settings)?,
            login: LoginId::new()?,
            device: self.device()?,
            meta: json(meta)?,
            client: superglobals::client(server, settings.login_details),
            born_of: None,
            limits: options.limits(settings),
            notify_others: settings.notify_other_logins,
            label: options.label,
            tombstone_ttl: settings.tombstone_ttl,
        })
    }
}

/// What `meta` has become; null where it was not given.
fn json(meta: &Value) -> Result<Option<String>> {
    let text = meta.bytes().map(String::from_utf8_lossy);
    text.map(|text| check_meta(&text)).transpose()
}

const LIMIT: Refusal = Refusal {
    reason: "limit",
    message: "the user is logged in elsewhere, and no login is free ($logins says which there are)",
};

const STORM: Refusal = Refusal {
    reason: "storm",
    message: "logins of this user replace each other too often (rsso.storm_limit, \
              rsso.storm_limit_hour): is an account shared, or does a program log in again by itself? \
              Try again in a minute, or within the hour if it has gone on for long",
};

const ENDED: Refusal = Refusal {
    reason: "ended",
    message: "the session of this request was ended elsewhere, or cannot be written: start a \
              session again and log in again",
};
