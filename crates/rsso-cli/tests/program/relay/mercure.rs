//! Events that the relay publishes to a Mercure hub.
//!
//! The hub is a stand-in with the publishing half of the protocol, because no real one is available here.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::backend::Backend;
use crate::common::receiver::{Receiver, Reply, Request};
use crate::common::relay::{HUB_KEY, RelaySetup, mercure};
use crate::common::tokens::{hs256, verified};

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use serde_json::{Value, json};
use url::form_urlencoded;

/// The fields of a request to publish.
fn update(request: &Request) -> HashMap<String, String> {
    form_urlencoded::parse(request.body.as_bytes())
        .into_owned()
        .collect()
}

/// Answers as a hub of version 0 does: 401 without a valid token, 400 without a topic, else 200 and the id.
fn hub(request: &Request) -> Reply {
    answer(request, |header, claims| {
        header["alg"] == "HS256" && claims["mercure"]["publish"] == json!(["*"])
    })
}

/// Answers as a hub of version 1 does.
///
/// It accepts OAuth access tokens of an issuer that it trusts.
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
    let opened = token.and_then(|token| verified(token, hs256(HUB_KEY.as_bytes())));
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

#[test]
fn each_event_is_a_private_update_of_its_logins_topic() {
    for backend in [Backend::sqlite(), Backend::redis()] {
        let (setup, receiver) = (
            RelaySetup::new(),
            Receiver::start(|request, _| hub(request)),
        );
        let _gateway = setup.gateway(&backend, &mercure(&setup, &receiver.url(), ""));
        let mut app = backend.application();
        let ann = app.log_in("a", "ann", "web");
        let bob = app.log_in("b", "bob", "web");
        app.notify("bob", None, &json!("a&b=c é"));
        let requests = receiver.wait_for(3);
        setup.wait_for(0, 0, 0);
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
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::start(|request, _| hub_of_version_1(request));
    let more = "issuer = \"https://sso.example.org\"\n\
                audience = \"https://hub.example.org/.well-known/mercure\"";
    let _gateway = setup.gateway(&backend, &mercure(&setup, &receiver.url(), more));
    let login = backend.application().log_in("a", "ann", "web");
    let request = &receiver.wait_for(1)[0];
    let topic = &update(request)["topic"];
    assert_eq!(*topic, format!("urn:rsso:default:login:{login}"));
    setup.wait_for(0, 0, 0);
    assert_eq!(receiver.count(), 1, "the hub took it at once");
}

#[test]
fn a_hub_that_was_unreachable_gets_everything_in_order() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::start(|request, _| hub(request));
    let port = receiver.port;
    // The hub is unreachable; `retry_schedule` allows no second attempt, so none of these may count.
    drop(receiver);
    let url = format!("http://127.0.0.1:{port}/.well-known/mercure");
    let tables = mercure(&setup, &url, "retry_schedule = []");
    let gateway = setup.gateway(&backend, &tables);
    let mut app = backend.application();
    app.log_in("a", "ann", "web");
    for n in 0..10 {
        app.notify("ann", None, &json!(n));
    }
    setup.wait_for(0, 11, 0);
    std::thread::sleep(Duration::from_millis(1500));
    let waiting = setup.wait_for(0, 11, 0);
    assert!(waiting["next"].is_number(), "{waiting}");
    assert!(gateway.log().contains("no connection"), "{}", gateway.log());
    let receiver = Receiver::start_at(port, None, Box::new(|request, _| hub(request)));
    let requests = receiver.wait_for(11);
    let payloads = requests[1..].iter().map(|request| {
        let event: Value = serde_json::from_str(&update(request)["data"]).unwrap();
        event["data"]["payload"].clone()
    });
    assert!(payloads.eq((0..10).map(|n| json!(n))));
    setup.wait_for(0, 0, 0);
}

#[test]
fn a_hub_may_refuse_and_a_token_may_come_from_a_file() {
    let (backend, setup) = (Backend::sqlite(), RelaySetup::new());
    let receiver = Receiver::start(|request, _| hub(request));
    let wrong = setup.dir.write_secret("wrong.key", "another key");
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
    let jwt = setup.dir.write_secret("jwt", &jwt);
    let tables = format!(
        "[[mercure]]\nname = \"a\"\nurl = \"{0}\"\nkey_file = \"{1}\"\nretry_schedule = []\n\
         [[mercure]]\nname = \"b\"\nurl = \"{0}\"\njwt_file = \"{2}\"\ntopic = \"https://x/{{uid}}/{{device}}\"\n",
        receiver.url(),
        wrong.display(),
        jwt.display(),
    );
    let _gateway = setup.gateway(&backend, &tables);
    backend.application().log_in("a", "ann/1", "web");
    let refused = setup.wait_for(0, 0, 1);
    assert_eq!(refused["dead_letters"][0]["problem"], "answered 401");
    setup.wait_for(1, 0, 0);
    let requests = receiver.wait_for(2);
    assert!(
        requests
            .iter()
            .any(|r| update(r)["topic"] == "https://x/ann%2F1/web")
    );
}
