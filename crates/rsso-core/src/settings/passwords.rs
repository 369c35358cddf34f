//! Who gave a setting: whoever administers the machine, or a script.
//!
//! What always holds: a password goes to no other server than the one it was given for. A script
//! may name any server; the administrator's password goes there only if it is the administrator's.

use super::{Origin, Settings};
use crate::dsn::Dsn;
use crate::error::Result;
use crate::secret::Secret;

/// Where a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordSource<'a> {
    /// `rsso.password`
    Given(&'a Secret),
    /// The path that `rsso.password_file` names.
    File(&'a str),
}

impl Settings {
    /// Sets the directive `rsso.<name>` for `origin`. A script that brings a password of its own
    /// puts all of the administrator's away.
    ///
    /// # Errors
    /// As [`Settings::set`].
    pub fn set_for(&mut self, origin: Origin, name: &str, value: &str) -> Result<()> {
        self.set_value(name, value)?;
        match name {
            "dsn" => {
                self.origins.dsn = origin;
                if origin == Origin::Administrator {
                    self.origins.administrators_dsn = self.dsn.clone();
                }
            }
            "password" | "password_file" => {
                if origin == Origin::Script && self.origins.password == Origin::Administrator {
                    match name {
                        "password" => self.password_file.clear(),
                        _ => self.password = Secret::default(),
                    }
                }
                self.origins.password = origin;
            }
            _ => {}
        }
        Ok(())
    }

    /// Who gave `rsso.dsn`.
    #[must_use]
    pub fn origin_of_dsn(&self) -> Origin {
        self.origins.dsn
    }

    /// The password for the server of `dsn`, which `origin` has named.
    #[must_use]
    pub fn password_for(&self, dsn: &Dsn, origin: Origin) -> Option<PasswordSource<'_>> {
        let is_for_it = match (self.origins.password, origin) {
            // Its owner has sent it there.
            (Origin::Script, _) | (_, Origin::Administrator) => true,
            (Origin::Administrator, Origin::Script) => {
                !dsn.has_password() && self.is_administrators_server(dsn)
            }
        };
        self.password().filter(|_| is_for_it)
    }

    /// `rsso.password`, else `rsso.password_file`, whoever they are for.
    #[must_use]
    pub fn password(&self) -> Option<PasswordSource<'_>> {
        if !self.password.is_empty() {
            return Some(PasswordSource::Given(&self.password));
        }
        (!self.password_file.is_empty()).then_some(PasswordSource::File(&self.password_file))
    }

    fn is_administrators_server(&self, dsn: &Dsn) -> bool {
        let administrators = self.origins.administrators_dsn.expose();
        Dsn::parse("rsso.dsn", administrators).is_ok_and(|known| known.is_same_server(dsn))
    }
}
