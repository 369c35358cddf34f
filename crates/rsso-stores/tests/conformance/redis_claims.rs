//! The commands that the script of a claim runs. While it runs, Redis serves nobody else.

use rsso_core::login::Limits;

use crate::common::fixture::{Fixture as _, RedisFixture};
use crate::common::login_helpers::{at_most, user};

#[test]
fn a_claim_without_a_limit_reads_no_list_of_logins() {
    let fixture = RedisFixture::prepare();
    let (mut client, ann) = (fixture.client(), user("ann"));
    let limits = Limits {
        max_logins_hard: 30,
        storm_limit: 5,
        storm_limit_hour: 30,
        ..at_most(0)
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
