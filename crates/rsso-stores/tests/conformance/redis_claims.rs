//! What a claim has a Redis server do, which serves nobody else meanwhile.

use rsso_core::login::Limits;

use rsso_testkit::RedisServer;

use crate::common::login_helpers::{at_most, user};
use crate::common::mysql_helpers::{connect, new_key};

#[test]
fn a_claim_without_a_limit_reads_no_list_of_logins() {
    let redis = RedisServer::start();
    let (mut client, ann) = (connect(&redis.url(), &[]), user("ann"));
    let limits = Limits {
        max_logins_hard: 30,
        storm_limit: 5,
        storm_limit_hour: 30,
        ..at_most(0)
    };
    for _ in 0..60 {
        client.sign_in(&new_key(&[]), &ann, limits);
    }
    assert_eq!(client.logins(&ann).len(), 30);
    redis.cli(&["config", "resetstat"]);
    client.sign_in(&new_key(&[]), &ann, limits);
    let calls = redis.cli(&["info", "commandstats"]);
    assert!(calls.contains("cmdstat_zrange:calls=1,"), "{calls}");
    assert!(!calls.contains("hgetall"), "{calls}");
}
