//! The commands that the script of a claim runs. While it runs, Redis serves nobody else.

use rsso_core::login::Limits;

use crate::common::fixture::{Fixture as _, RedisFixture};
use crate::common::login_helpers::{user, with_max_logins};

#[test]
fn a_claim_at_the_hard_limit_does_not_read_every_login() {
    let fixture = RedisFixture::prepare();
    let (mut client, ann) = (fixture.client(), user("ann"));
    let limits = Limits {
        max_logins_hard: 30,
        storm_limit: 5,
        storm_limit_hour: 30,
        ..with_max_logins(0)
    };
    for _ in 0..60 {
        client.sign_in(&fixture.new_key(), &ann, limits);
    }
    assert_eq!(client.logins(&ann).len(), 30);
    fixture.server().cli(&["config", "resetstat"]);
    client.sign_in(&fixture.new_key(), &ann, limits);
    let calls = fixture.server().cli(&["info", "commandstats"]);
    assert!(calls.contains("cmdstat_zrange:calls=1,"), "{calls}");
    assert!(!calls.contains("hgetall"), "{calls}");
}
