//! The arguments of `sso_claim()`, read anew each time that PHP code has run.

use std::ptr;

use ext_php_rs::types::{ZendHashTable, ZendStr, Zval};
use rsso_core::Result;
use rsso_core::login::{Claim, Device, LoginId, check_meta};
use rsso_core::settings::LoginSettings;

use super::arguments::{UidArgument, device};
use crate::options::ClaimOptions;
use crate::php_functions::Value;
use crate::superglobals::{self, PhpArray};

/// The arguments of `sso_claim()`. Plain memory; the call's frame holds what is pointed to.
#[derive(Clone, Copy)]
pub(super) struct ClaimArguments {
    pub(super) uid: UidArgument,
    pub(super) device: *const ZendStr,
    pub(super) options: *const ZendHashTable,
}

/// Which options are needed before the claim.
#[derive(Clone, Copy)]
pub(super) struct EarlyOptions {
    pub(super) meta: Option<*const Zval>,
    pub(super) keeps_id: bool,
}

impl ClaimArguments {
    pub(super) fn device(self) -> Result<Device> {
        // SAFETY: the call's frame holds it.
        let device = unsafe { device(self.device) }?;
        Ok(device.unwrap_or_default())
    }

    pub(super) fn options<'a>(self) -> Result<ClaimOptions<'a>> {
        // SAFETY: the call's frame holds them; no PHP code runs while they are read.
        ClaimOptions::read(unsafe { self.options.as_ref() })
    }

    /// Checks everything that can be checked without the JSON of `meta`.
    pub(super) fn check(self) -> Result<EarlyOptions> {
        self.uid.check()?;
        self.device()?;
        let options = self.options()?;
        Ok(EarlyOptions {
            meta: options.meta.map(ptr::from_ref),
            keeps_id: options.keeps_id,
        })
    }

    /// What the core is to claim.
    pub(super) fn to_claim(
        self,
        settings: &LoginSettings,
        meta: &Value,
        server: Option<PhpArray>,
    ) -> Result<Claim> {
        let options = self.options()?;
        // SAFETY: asked for a moment ago; no PHP code has run since.
        let server = server.map(|server| unsafe { server.get() });
        Ok(Claim {
            user: self.uid.user(settings)?,
            login: LoginId::new()?,
            device: self.device()?,
            meta: checked_meta(meta)?,
            client: superglobals::client(server, settings.login_details),
            claimed_from: None,
            limits: options.limits(settings),
            notify_others: settings.notify_other_logins,
            label: options.label,
            tombstone_ttl: settings.tombstone_ttl,
        })
    }
}

/// The JSON of `meta`, checked; `None` if it was not given.
pub(super) fn checked_meta(meta: &Value) -> Result<Option<String>> {
    let text = meta.bytes().map(String::from_utf8_lossy);
    text.map(|text| check_meta(&text)).transpose()
}
