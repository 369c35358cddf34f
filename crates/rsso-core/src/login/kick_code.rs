//! The number that says how a login was ended: in events, tombstones and `Rsso\Kick::$code`.

use serde::{Deserialize, Serialize};

/// How a login was ended.
///
/// What always holds: any number is read, and written again as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "i32", into = "i32")]
pub enum KickCode {
    /// -3: its session expired or was removed.
    Expired,
    /// -4: a newcomer took its place.
    Replaced,
    /// -5: `sso_kick()` ended it.
    Kicked,
    /// A number that a later version of rsso has written.
    Other(i32),
}

impl KickCode {
    /// The number that stands for it.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Expired => -3,
            Self::Replaced => -4,
            Self::Kicked => -5,
            Self::Other(number) => number,
        }
    }
}

impl From<i32> for KickCode {
    fn from(number: i32) -> Self {
        match number {
            -3 => Self::Expired,
            -4 => Self::Replaced,
            -5 => Self::Kicked,
            other => Self::Other(other),
        }
    }
}

impl From<KickCode> for i32 {
    fn from(code: KickCode) -> Self {
        code.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_is_written_as_it_was_read() {
        for number in -10..10 {
            let code: KickCode = serde_json::from_str(&number.to_string()).unwrap();
            assert_eq!(serde_json::to_string(&code).unwrap(), number.to_string());
        }
        assert_eq!(KickCode::from(-4), KickCode::Replaced);
    }
}
