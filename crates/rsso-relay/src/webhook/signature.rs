//! The signature of a request: HMAC-SHA256 of id, time and body, once for each secret.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! "Signature scheme".

use data_encoding::BASE64;
use ring::hmac;
use rsso_core::Secret;

use crate::jwt::parse_shared_secret;

/// The most secrets. A rotation needs two.
const MAX_SECRETS: usize = 5;

/// Signs with each secret, the newest first, so a receiver with any of them accepts the request.
#[derive(Debug, Default)]
pub(super) struct Signer(Vec<hmac::Key>);

impl Signer {
    pub(super) fn new(secrets: &[Secret]) -> Result<Self, &'static str> {
        if secrets.len() > MAX_SECRETS {
            return Err("must be at most 5");
        }
        let key = |secret: &Secret| {
            let secret = parse_shared_secret(secret.expose())?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &secret))
        };
        secrets.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let sign = |key| {
            let mut context = hmac::Context::with_key(key);
            context.update(format!("{id}.{timestamp}.").as_bytes());
            context.update(body.as_bytes());
            format!("v1,{}", BASE64.encode(context.sign().as_ref()))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

/// The secrets of a file, one a line. Empty lines and lines that begin with `#` are ignored.
pub(super) fn secrets(text: &Secret) -> Vec<Secret> {
    let lines = text.expose().lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(Secret::new)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signer(secrets: &[&str]) -> Result<Signer, &'static str> {
        Signer::new(&secrets.iter().copied().map(Secret::new).collect::<Vec<_>>())
    }

    #[test]
    fn a_signature_is_the_one_of_standard_webhooks() {
        // From the tests of its reference libraries.
        let signed = signer(&[SECRET]).unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_the_first_first() {
        let other = format!("whsec_{}", BASE64.encode(&[7; 24]));
        let both = signer(&[SECRET, &other]).unwrap().sign("a", 1, "{}");
        let one = signer(&[SECRET]).unwrap().sign("a", 1, "{}");
        let two = signer(&[&other]).unwrap().sign("a", 1, "{}");
        assert_eq!(both, format!("{one} {two}"));
    }

    #[test]
    fn a_broken_secret_is_refused() {
        let long = format!("whsec_{}", BASE64.encode(&[7; 65]));
        for wrong in ["", "hunter2", "whsec_", "whsec_aGk=", "whsec_*", &long] {
            assert!(signer(&[wrong]).is_err(), "{wrong}");
        }
        assert!(signer(&[SECRET; 6]).is_err());
    }

    #[test]
    fn a_file_may_have_comments() {
        let text = Secret::new(format!("# new\n{SECRET}\r\n\n# until May\n whsec_b \n"));
        let found = secrets(&text);
        let found: Vec<_> = found.iter().map(Secret::expose).collect();
        assert_eq!(found, [SECRET, "whsec_b"]);
    }
}
