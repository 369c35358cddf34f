//! One suite, every store: the contract of `rsso_core::store`, run against real servers.
//!
//! A promise is a function over a [`Ground`]; [`stores!`] makes a test of each for each store.
//! A new store is one more line there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by panicking, and nobody reads its documentation but in its name"
)]

mod expiry;
mod fencing;
mod ground;
mod locks;
mod order;
mod records;
mod requests;

use ground::{Ground, MappedGround, MysqlGround, RedisGround, SqliteGround};

macro_rules! stores {
    ($($about:ident::$promise:ident;)*) => {
        mod sqlite {
            $(#[test] fn $promise() { super::$about::$promise(&<super::SqliteGround as super::Ground>::prepare()); })*
        }
        mod redis {
            $(#[test] fn $promise() { super::$about::$promise(&<super::RedisGround as super::Ground>::prepare()); })*
        }
        mod mapped {
            $(#[test] fn $promise() { super::$about::$promise(&<super::MappedGround as super::Ground>::prepare()); })*
        }
        mod mysql {
            $(#[test] fn $promise() { super::$about::$promise(&<super::MysqlGround as super::Ground>::prepare()); })*
        }
    };
}

stores! {
    records::what_is_written_is_read_back;
    records::a_missing_session_is_empty_and_no_failure;
    records::a_touch_keeps_the_data;
    records::a_touch_creates_what_was_missing;
    records::destroying_twice_is_no_error;
    records::two_sessions_do_not_meet;
    records::a_commit_may_be_sent_twice;
    locks::a_lock_is_held_by_one;
    locks::the_same_token_is_granted_again;
    locks::a_wait_ends_at_its_deadline;
    locks::every_end_of_a_request_gives_the_lock_back;
    locks::a_missing_session_that_is_only_checked_is_not_locked;
    locks::a_stranger_cannot_free_a_lock;
    locks::a_read_without_lock_does_not_wait;
    locks::an_owner_whose_connection_is_gone_holds_nothing;
    locks::a_waiter_is_freed_when_the_owner_dies;
    locks::a_living_owner_keeps_its_lock_beyond_its_time;
    locks::who_gave_up_waiting_does_not_get_the_lock_later;
    order::waiters_come_first_come_first_served;
    order::no_update_is_lost;
    order::no_update_is_lost_on_a_session_that_does_not_exist_yet;
    fencing::a_destroyed_session_stays_destroyed_with_lock;
    fencing::a_destroyed_session_stays_destroyed_without_lock;
    fencing::a_new_session_under_an_old_id_is_not_overwritten;
    fencing::without_locks_the_last_write_wins;
    fencing::a_lost_lock_refuses_the_write_if_another_wrote;
    expiry::an_expired_session_is_missing;
    expiry::a_touch_puts_the_expiry_off;
    expiry::gc_removes_only_what_has_expired;
    expiry::a_session_in_use_does_not_expire;
    expiry::an_expired_id_begins_a_new_life;
    requests::strict_mode_fetches_once;
    requests::an_id_of_our_own_is_written_unread;
    requests::an_unread_id_is_written_under_its_lock;
    requests::readonly_reads_and_refuses_to_write;
    requests::reset_does_not_wait_for_itself;
    requests::a_second_write_is_safe;
    requests::reading_another_session_gives_the_first_back;
    requests::what_ended_does_not_come_back_under_a_new_id;
    fencing::a_lost_lock_that_another_holds_now_does_not_write;
}
