//! Secrets in the configuration, and in files that it names. No error repeats their content.

use std::path::Path;

use rsso_core::{Error, Result, Secret};
use serde::{Deserialize, Deserializer};

use super::secret_file;

/// The content of a file of secrets.
pub(super) fn read_secret(key: &str, path: &Path) -> Result<Secret> {
    // If somebody wrote the secret itself in place of a path, it must not appear in a log.
    let shown = match path.is_absolute() {
        true => path.display().to_string(),
        false => "must be an absolute path".to_owned(),
    };
    secret_file::read(path).map_err(|error| Error::config(key, format!("{shown}: {error}")))
}

/// A secret in the configuration. An error does not repeat what is there instead.
#[derive(Debug)]
pub(crate) struct SecretText(pub(crate) Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer);
        text.map(|text| Self(Secret::new(text)))
            .map_err(|_| serde::de::Error::custom("must be a text in quotation marks"))
    }
}

/// One secret, or a list of them.
#[derive(Debug, Default)]
pub(crate) struct SecretList(pub(crate) Vec<Secret>);

impl<'de> Deserialize<'de> for SecretList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(SecretText),
            Several(Vec<SecretText>),
        }
        match Either::deserialize(deserializer) {
            Ok(Either::One(SecretText(secret))) => Ok(Self(vec![secret])),
            Ok(Either::Several(list)) => Ok(Self(list.into_iter().map(|h| h.0).collect())),
            Err(_) => Err(serde::de::Error::custom("must be a list of texts")),
        }
    }
}
