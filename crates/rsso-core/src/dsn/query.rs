//! The `?name=value` part of a DSN: every parameter is known and used, or refused by name.

use percent_encoding::percent_decode_str;

/// Parameters not yet taken, and the names that were asked for.
pub(super) struct Query {
    left: Vec<(String, Option<String>)>,
    known: Vec<&'static str>,
    /// One that was taken and has no value.
    empty: Option<&'static str>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let left = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => Ok((decode(name)?, Some(decode(value)?))),
                None => Ok((decode(pair)?, None)),
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            left,
            known: Vec::new(),
            empty: None,
        })
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let at = self.left.iter().position(|(n, _)| n == name)?;
        let value = self.left.swap_remove(at).1.unwrap_or_default();
        if value.is_empty() {
            self.empty = Some(name);
        }
        Some(value)
    }

    /// Refuses what nobody took: a misspelt parameter must not pass silently.
    pub(super) fn finish(self) -> Result<(), String> {
        if let Some(name) = self.empty {
            return Err(format!("has no value for its parameter '{name}'"));
        }
        let known = self.known.join(", ");
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) if self.known.contains(&name.as_str()) => {
                Err(format!("has the parameter '{name}' twice"))
            }
            // What is no name may be a piece of a password with a '?' in it.
            Some((name, _)) if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') => Err(
                format!("has an unknown parameter '{name}'; with this scheme there are: {known}"),
            ),
            Some(_) => Err(format!(
                "has a '?' with something behind it that is no parameter (there are: {known}); in a \
                 password write it as %3F, or use rsso.password"
            )),
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
