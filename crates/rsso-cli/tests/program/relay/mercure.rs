//! Other forms than a webhook's: Security Event Tokens, and updates of a Mercure hub. The hub is a
//! stand-in that knows the publishing half of the protocol: no real one is had here.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::push::Backing;
use crate::common::receiver::{Receiver, Reply, Request};
use crate::common::relay::{Office, SECRET, webhook};
use data_encoding::{BASE64, BASE64_MIME, BASE64URL_NOPAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rsso_core::login::Which;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use url::form_urlencoded;

const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// Header and claims of a token whose signature is good.
fn opened(token: &str, verify: impl Fn(&[u8], &[u8]) -> bool) -> Option<(Value, Value)> {
    let (signed, signature) = token.rsplit_once('.')?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    if !verify(signed.as_bytes(), &decode(signature)?) {
        return None;
    }
    let (header, claims) = signed.split_once('.')?;
    let json = |part| serde_json::from_slice(&decode(part)?).ok();
    Some((json(header)?, json(claims)?))
}

fn hs256(key: &[u8]) -> impl Fn(&[u8], &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    move |signed, signature| hmac::verify(&key, signed, signature).is_ok()
}

#[test]
fn a_login_that_ended_is_a_security_event_token() {
    let (backing, office) = (Backing::sqlite(), Office::new());
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
    let curve = office.dir.write_secret("set.pem", &pem);
    let shared = office.dir.write_secret("set.secret", SECRET);
    let token = office
        .dir
        .write_secret("authorization", "Bearer it-is-me\n");
    let receivers = [
        Receiver::start(|_, _| Reply::status(202)),
        Receiver::willing(),
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
    let gateway = office.gateway(&backing, &tables);
    let mut site = backing.site();
    let first = site.log_in("a", "ann", "web");
    let second = site.log_in("b", "ann", "web");
    site.notify("ann", None, &json!("no token"));
    site.kick("ann", &Which::default());
    site.log_in("c", "ann", "web");
    site.log_out("c");
    let tokens = receivers[0].wait_for(3);
    let others = receivers[1].wait_for(3);
    let claims: Vec<_> = tokens
        .iter()
        .map(|request| {
            assert_eq!(request.header("content-type"), "application/secevent+jwt");
            assert_eq!(request.header("authorization"), "Bearer it-is-me");
            assert_eq!(request.header("accept"), "application/json");
            assert_eq!(request.header("webhook-signature"), "");
            let (header, claims) = opened(&request.body, es256).expect("a good signature");
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
        let (header, same) = opened(&other.body, hs256(&secret)).expect("a good signature");
        assert_eq!(header["alg"], "HS256");
        assert_eq!(header["kid"], "2026");
        assert_eq!(same["jti"], claims["jti"]);
        assert!(opened(&other.body, hs256(b"another")).is_none());
    }
    assert!(!gateway.log().contains("it-is-me"));
}

#[test]
fn a_token_may_be_signed_with_an_rsa_key() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::willing();
    let path = office.dir.join("rsa.pem");
    // ring signs with RSA, but makes no such keys.
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
    let _gateway = office.gateway(&backing, &webhook(&receiver.url(), "[]", &more));
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    site.log_out("a");
    let request = &receiver.wait_for(1)[0];
    // Whoever wants both gets both.
    assert!(request.is_signed_with(SECRET));
    let rs256 = |signed: &[u8], signature: &[u8]| {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
        key.verify(signed, signature).is_ok()
    };
    let (header, claims) = opened(&request.body, rs256).expect("a good signature");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(claims["jti"], request.id());
}

const HUB_KEY: &str = "!ChangeThisMercureHubJWTSecretKey!";

/// What a hub was asked to publish.
fn update(request: &Request) -> HashMap<String, String> {
    form_urlencoded::parse(request.body.as_bytes())
        .into_owned()
        .collect()
}

/// Answers as a hub of 0.x does: 401 without a good token, 400 without a topic, else 200 and the id.
fn hub(request: &Request) -> Reply {
    answer(request, |header, claims| {
        header["alg"] == "HS256" && claims["mercure"]["publish"] == json!(["*"])
    })
}

/// Answers as a hub of 1.0 does, which wants an OAuth access token of an issuer it trusts.
fn hub_of_version_1(request: &Request) -> Reply {
    answer(request, |header, claims| {
        let rfc_9068 = ["sub", "client_id", "jti"];
        header["typ"] == "at+jwt"
            && claims["iss"] == "https://sso.example.org"
            && claims["aud"] == "https://hub.example.org/.well-known/mercure"
            && claims["exp"].is_u64()
            && claims["iat"].is_u64()
            && rfc_9068.iter().all(|name| claims[name].is_string())
            && claims["mercure"].is_null()
            && claims["authorization_details"]
                == json!([{
                    "type": "https://mercure.rocks/authorization-detail",
                    "actions": ["publish"],
                    "topics": [{"match": "*"}],
                }])
    })
}

fn answer(request: &Request, good: impl Fn(&Value, &Value) -> bool) -> Reply {
    let token = request.header("authorization").strip_prefix("Bearer ");
    let opened = token.and_then(|token| opened(token, hs256(HUB_KEY.as_bytes())));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let may = opened.is_some_and(|(header, claims)| {
        good(&header, &claims) && claims["exp"].as_u64().is_none_or(|exp| exp > now)
    });
    let form = request.header("content-type") == "application/x-www-form-urlencoded";
    Reply::status(match (may, form && update(request).contains_key("topic")) {
        (false, _) => 401,
        (true, false) => 400,
        (true, true) => 200,
    })
}

fn mercure(office: &Office, url: &str, more: &str) -> String {
    let key = office.dir.write_secret("hub.key", &format!("{HUB_KEY}\n"));
    format!(
        "[[mercure]]\nname = \"hub\"\nurl = \"{url}\"\nkey_file = \"{}\"\n{more}\n",
        key.display()
    )
}

#[test]
fn each_event_is_a_private_update_to_its_logins_topic() {
    for backing in [Backing::sqlite(), Backing::redis()] {
        let (office, receiver) = (Office::new(), Receiver::start(|request, _| hub(request)));
        let _gateway = office.gateway(&backing, &mercure(&office, &receiver.url(), ""));
        let mut site = backing.site();
        let ann = site.log_in("a", "ann", "web");
        let bob = site.log_in("b", "bob", "web");
        site.notify("bob", None, &json!("a&b=c é"));
        let requests = receiver.wait_for(3);
        office.wait_for(0, 0, 0);
        for (request, login) in requests.iter().zip([ann, bob, bob]) {
            let update = update(request);
            assert_eq!(update["topic"], format!("urn:rsso:default:login:{login}"));
            assert_eq!(update["private"], "on");
            let event: Value = serde_json::from_str(&update["data"]).unwrap();
            assert_eq!(update["id"], event["id"]);
            assert_eq!(update["type"], event["type"]);
            assert_eq!(event["data"]["login"], login.to_string());
        }
        let message: Value = serde_json::from_str(&update(&requests[2])["data"]).unwrap();
        assert_eq!(message["data"]["payload"], "a&b=c é");
        assert_eq!(receiver.count(), 3, "the hub took each at once");
    }
}

#[test]
fn a_hub_of_version_1_gets_an_access_token() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::start(|request, _| hub_of_version_1(request));
    let more = "issuer = \"https://sso.example.org\"\n\
                audience = \"https://hub.example.org/.well-known/mercure\"";
    let _gateway = office.gateway(&backing, &mercure(&office, &receiver.url(), more));
    let login = backing.site().log_in("a", "ann", "web");
    let request = &receiver.wait_for(1)[0];
    let topic = &update(request)["topic"];
    assert_eq!(*topic, format!("urn:rsso:default:login:{login}"));
    office.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 1, "the hub took it at once");
}

#[test]
fn a_hub_that_is_away_gets_everything_in_order_when_it_is_back() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::start(|request, _| hub(request));
    let port = receiver.port;
    // Nobody is there; and an attempt that counted would be the last.
    drop(receiver);
    let url = format!("http://127.0.0.1:{port}/.well-known/mercure");
    let tables = mercure(&office, &url, "retry_after = []");
    let gateway = office.gateway(&backing, &tables);
    let mut site = backing.site();
    site.log_in("a", "ann", "web");
    for n in 0..10 {
        site.notify("ann", None, &json!(n));
    }
    office.wait_for(0, 11, 0);
    std::thread::sleep(Duration::from_millis(1500));
    let waiting = office.wait_for(0, 11, 0);
    assert!(waiting["next"].is_number(), "{waiting}");
    assert!(gateway.log().contains("no connection"), "{}", gateway.log());
    let receiver = Receiver::start_at(port, None, Box::new(|request, _| hub(request)));
    let requests = receiver.wait_for(11);
    let payloads = requests[1..].iter().map(|request| {
        let event: Value = serde_json::from_str(&update(request)["data"]).unwrap();
        event["data"]["payload"].clone()
    });
    assert!(payloads.eq((0..10).map(|n| json!(n))));
    office.wait_for(0, 0, 0);
}

#[test]
fn a_hub_may_refuse_and_a_token_may_be_given() {
    let (backing, office) = (Backing::sqlite(), Office::new());
    let receiver = Receiver::start(|request, _| hub(request));
    let wrong = office.dir.write_secret("wrong.key", "another key");
    let jwt = {
        let encode = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!(
            "{}.{}",
            encode(json!({"alg": "HS256", "typ": "JWT"})),
            encode(json!({"mercure": {"publish": ["*"]}}))
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, HUB_KEY.as_bytes());
        let signature = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}\n", BASE64URL_NOPAD.encode(signature.as_ref()))
    };
    let jwt = office.dir.write_secret("jwt", &jwt);
    let tables = format!(
        "[[mercure]]\nname = \"a\"\nurl = \"{0}\"\nkey_file = \"{1}\"\nretry_after = []\n\
         [[mercure]]\nname = \"b\"\nurl = \"{0}\"\njwt_file = \"{2}\"\ntopic = \"https://x/{{uid}}/{{device}}\"\n",
        receiver.url(),
        wrong.display(),
        jwt.display(),
    );
    let _gateway = office.gateway(&backing, &tables);
    backing.site().log_in("a", "ann/1", "web");
    let refused = office.wait_for(0, 0, 1);
    assert_eq!(refused["dead_letters"][0]["problem"], "answered 401");
    office.wait_for(1, 0, 0);
    let requests = receiver.wait_for(2);
    assert!(
        requests
            .iter()
            .any(|r| update(r)["topic"] == "https://x/ann%2F1/web")
    );
}

#[test]
fn what_is_wrong_with_the_file_is_said_without_its_secrets() {
    let office = Office::new();
    let check = |tables: &str| {
        let path = office.configure(tables);
        let words = [
            "serve",
            "--check=configuration",
            "--dsn",
            "sqlite:/nowhere/x.db",
            "--config",
            &path,
        ];
        crate::common::rsso(&words)
    };
    let good = webhook(
        "https://example.org/h?token=tomato",
        "[1, 2]",
        "types = [\"login.kicked\"]",
    );
    let said = check(&good).ok();
    assert!(said.contains("events go to hook"), "{said}");
    assert!(!said.contains("tomato") && !said.contains(&SECRET[6..]));
    let hub = mercure(&office, "http://127.0.0.1:1/", "");
    check(&hub).ok();
    let set = "format = \"set\"\nissuer = \"a\"\naudience = \"b\"\n";
    let url = "https://example.org/h?token=tomato";
    for (tables, says) in [
        (
            good.replace("[[webhook]]", "[[webhook]]\ncolour = 1"),
            "colour",
        ),
        (good.replace("https:", "http:"), "must be https://"),
        (good.replace("https:", "ftp:"), "must be https://"),
        (good.replace("whsec_", "tomato"), "whsec_ and base64"),
        (
            good.replace(&format!("[\"{SECRET}\"]"), "5"),
            "list of texts",
        ),
        (
            good.replace(&format!("secrets = [\"{SECRET}\"]"), ""),
            "secrets",
        ),
        (good.replace("login.kicked", "kicked"), "login.kicked"),
        (good.replace("[1, 2]", "[1, 99999999]"), "retry_after"),
        (format!("{good}timeout = 0\n"), "timeout"),
        (format!("{good}at_once = 0\n"), "at_once"),
        (format!("{good}realms = [\"\"]\n"), "realm"),
        (format!("{good}{good}"), "two endpoints"),
        (format!("{good}issuer = \"a\"\n"), "format"),
        (webhook(url, "[]", set), "key_file"),
        (
            webhook(url, "[]", &format!("{set}types = [\"message\"]")),
            "no form",
        ),
        (hub.replace("key_file", "jwt"), "jwt"),
        (format!("{hub}topic = \"urn:all\"\n"), "topic"),
        (format!("{hub}jwt_file = \"/nowhere\"\n"), "either"),
    ] {
        let problem = check(&tables).failed(crate::common::WRONG_USAGE);
        assert!(problem.contains(says), "{tables}\n{problem}");
        assert!(
            !problem.contains("tomato") && !problem.contains(&SECRET[6..]),
            "{problem}"
        );
    }
    let path = office.configure(&good);
    let text = std::fs::read_to_string(&path).unwrap();
    let state = text.lines().next().unwrap();
    office.dir.write("serve.toml", &text.replace(state, ""));
    let words = [
        "serve",
        "--check=configuration",
        "--dsn",
        "sqlite:/nowhere/x.db",
        "--config",
        &path,
    ];
    let problem = crate::common::rsso(&words).failed(crate::common::WRONG_USAGE);
    assert!(problem.contains("state"), "{problem}");
    use std::os::unix::fs::PermissionsExt as _;
    office.dir.write("serve.toml", &text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let problem = crate::common::rsso(&words).failed(crate::common::WRONG_USAGE);
    assert!(problem.contains("chmod"), "{problem}");
}

#[test]
fn the_backlog_of_a_file_that_is_none_is_refused() {
    let office = Office::new();
    let state = office.state().display().to_string();
    let words = ["webhooks", "--state", &state];
    let problem = crate::common::rsso(&words).failed(crate::common::STORE_FAILED);
    assert!(problem.contains("no such file"), "{problem}");
    assert!(!office.state().exists());
    let other = office
        .dir
        .write("other", "not a database, and long enough to be read as one");
    let words = ["webhooks", "--state", other.to_str().unwrap()];
    crate::common::rsso(&words).failed(crate::common::STORE_FAILED);
}
