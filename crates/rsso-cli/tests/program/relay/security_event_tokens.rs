//! Webhooks that receive Security Event Tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::backend::Backend;
use crate::common::receiver::{Receiver, Reply};
use crate::common::relay::{RelaySetup, SECRET, webhook};
use crate::common::tokens::{hs256, verified};

use data_encoding::{BASE64, BASE64_MIME};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rsso_core::login::LoginSelector;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

#[test]
fn the_end_of_a_login_is_a_security_event_token() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let key = key.unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n",
        BASE64_MIME.encode(key.as_ref())
    );
    let pair = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        key.as_ref(),
        &SystemRandom::new(),
    );
    let public = pair.unwrap().public_key().as_ref().to_vec();
    let es256 = |signed: &[u8], signature: &[u8]| {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        key.verify(signed, signature).is_ok()
    };
    let curve = setup.dir.write_secret("set.pem", &pem);
    let shared = setup.dir.write_secret("set.secret", SECRET);
    let token = setup.dir.write_secret("authorization", "Bearer it-is-me\n");
    let receivers = [
        Receiver::start(|_, _| Reply::status(202)),
        Receiver::accepting_all(),
    ];
    let tables: String = receivers
        .iter()
        .zip([(&curve, ""), (&shared, "key_id = \"2026\"\n")])
        .map(|(receiver, (key, more))| {
            format!(
                "[[webhook]]\nurl = \"{}\"\nformat = \"set\"\nissuer = \"https://sso.example.org\"\n\
                 audience = \"https://crm.example.org\"\nkey_file = \"{}\"\n\
                 authorization_file = \"{}\"\n{more}",
                receiver.url(),
                key.display(),
                token.display(),
            )
        })
        .collect();
    let gateway = setup.gateway(&backend, &tables);
    let mut app = backend.application();
    let first = app.log_in("a", "ann", "web");
    let second = app.log_in("b", "ann", "web");
    app.notify("ann", None, &json!("no token"));
    app.kick("ann", &LoginSelector::default());
    app.log_in("c", "ann", "web");
    app.log_out("c");
    let tokens = receivers[0].wait_for(3);
    let others = receivers[1].wait_for(3);
    let claims: Vec<_> = tokens
        .iter()
        .map(|request| {
            assert_eq!(request.header("content-type"), "application/secevent+jwt");
            assert_eq!(request.header("authorization"), "Bearer it-is-me");
            assert_eq!(request.header("accept"), "application/json");
            assert_eq!(request.header("webhook-signature"), "");
            let (header, claims) = verified(&request.body, es256).expect("a good signature");
            assert_eq!(header, json!({"alg": "ES256", "typ": "secevent+jwt"}));
            assert_eq!(claims["jti"], request.id());
            claims
        })
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(claims[0]["iat"].as_u64().unwrap().abs_diff(now) < 30);
    let event = &claims[0]["events"][REVOKED];
    assert!(event["event_timestamp"].as_u64().unwrap().abs_diff(now) < 30);
    assert_eq!(claims[0]["iss"], "https://sso.example.org");
    assert_eq!(claims[0]["aud"], "https://crm.example.org");
    assert_eq!(
        claims[0]["sub_id"],
        json!({
            "format": "complex",
            "user": {"format": "iss_sub", "iss": "https://sso.example.org", "sub": "ann"},
            "session": {"format": "opaque", "id": first.to_string()},
        })
    );
    assert_eq!(claims[1]["sub_id"]["session"]["id"], second.to_string());
    let who: Vec<_> = claims
        .iter()
        .map(|c| c["events"][REVOKED]["initiating_entity"].as_str().unwrap())
        .collect();
    assert_eq!(who, ["user", "admin", "user"]);
    let secret = BASE64.decode(&SECRET.as_bytes()["whsec_".len()..]).unwrap();
    for (other, claims) in others.iter().zip(&claims) {
        let (header, same) = verified(&other.body, hs256(&secret)).expect("a good signature");
        assert_eq!(header["alg"], "HS256");
        assert_eq!(header["kid"], "2026");
        assert_eq!(same["jti"], claims["jti"]);
        assert!(verified(&other.body, hs256(b"another")).is_none());
    }
    assert!(!gateway.log().contains("it-is-me"));
}

#[test]
fn a_token_may_be_signed_with_an_rsa_key() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::accepting_all();
    let path = setup.dir.join("rsa.pem");
    // ring signs with RSA, but generates no RSA keys.
    let made = std::process::Command::new("openssl")
        .args([
            "genpkey",
            "-quiet",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
        ])
        .args(["-outform", "PEM", "-out"])
        .arg(&path)
        .output()
        .expect("openssl is there (Debian: openssl)");
    assert!(made.status.success(), "{made:?}");
    let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_file(&path).unwrap() else {
        panic!("openssl writes PKCS #8")
    };
    let pair = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public = pair.public_key().as_ref().to_vec();
    let more = format!(
        "format = \"set\"\nissuer = \"a\"\naudience = \"b\"\nkey_file = \"{}\"",
        path.display()
    );
    let _gateway = setup.gateway(&backend, &webhook(&receiver.url(), "[]", &more));
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    app.log_out("a");
    let request = &receiver.wait_for(1)[0];
    // An endpoint may get tokens as well as events.
    assert!(request.is_signed_with(SECRET));
    let rs256 = |signed: &[u8], signature: &[u8]| {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
        key.verify(signed, signature).is_ok()
    };
    let (header, claims) = verified(&request.body, rs256).expect("a good signature");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(claims["jti"], request.id());
}
