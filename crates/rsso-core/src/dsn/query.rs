//! The `?name=value` part of a DSN: every parameter is known and used, or refused by name.

use percent_encoding::percent_decode_str;

/// Parameters not yet taken.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Refuses what nobody took: a misspelt parameter must not pass silently.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            // What is no name may be a piece of a password with a '?' in it.
            Some((name, _)) if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
                Err(format!("has an unknown or repeated parameter '{name}'"))
            }
            Some(_) => Err(
                "has a '?' with something behind it that is no parameter: in a password write it as %3F, or use rsso.password"
                    .to_owned(),
            ),
        }
    }
}

/// Percent-decodes; what comes out must be text without NUL.
pub(super) fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| "is not UTF-8 after percent-decoding".to_owned())?;
    if decoded.contains('\0') {
        return Err("contains an encoded NUL byte".to_owned());
    }
    Ok(decoded.into_owned())
}
