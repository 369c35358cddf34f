//! Whom the servers know.

/// The domain of the accounts.
pub const DOMAIN: &str = "example.org";

/// The component that every server here lets in.
pub const COMPONENT: &str = "rsso.example.org";

/// What it says to be let in.
pub const SECRET: &str = "the component's s3cret & <more>";

/// Of every account.
pub const PASSWORD: &str = "pw";
