//! Who gave a setting: whoever administers the machine, or a script.

use crate::secret::Secret;

/// Who gave a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// php.ini, a pool or a virtual host; the configuration of `rsso`.
    #[default]
    Administrator,
    /// `ini_set()`, the options of `Rsso\SessionHandler`, `.htaccess` and `.user.ini`.
    Script,
}

/// Who gave the DSN and the password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins {
    pub(super) dsn: Origin,
    pub(super) password: Origin,
    /// What a script has put its own DSN in place of.
    pub(super) administrators_dsn: Secret,
}
