//! The accounts and the component of the servers.

/// The domain of the accounts.
pub const DOMAIN: &str = "example.org";

/// The component that every server accepts.
pub const COMPONENT: &str = "rsso.example.org";

/// The component's secret.
pub const SECRET: &str = "the component's s3cret & <more>";

/// The password of every account.
pub const PASSWORD: &str = "pw";
