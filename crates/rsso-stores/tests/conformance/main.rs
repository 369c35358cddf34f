//! The contract of a store: one suite that every store passes, on real servers.
//!
//! A promise is a function that takes a [`common::fixture::Fixture`], which starts a new, empty store.
//! [`store_tests!`] makes a test of each promise for each store, named `STORE::FILE::PROMISE`. MySQL runs twice: with
//! rsso's own tables, and with an existing one. Tests of a single store are in files that begin with its name. What
//! the tests share is in `common/`.
//!
//! To run all promises on one store: `cargo nextest run -p rsso-stores --test conformance sqlite::`. Its own tests run
//! by their file, such as `sqlite_gc::`.
//! To add a store: write its fixture in `common/fixture.rs`, and one more line in [`store_tests!`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by panicking, and its name is its documentation"
)]

mod common;
mod delivery_receipts;
mod expiry_during_use;
mod fencing;
mod isolation;
mod lifetime_after_use;
mod lock_order;
mod lock_waiters;
mod locks;
mod logins;
mod logins_auto_claim;
mod logins_double_click;
mod logins_expired;
mod logins_fencing;
mod logins_hard_limit;
mod logins_inherited_tombstone;
mod logins_kicks;
mod logins_limits;
mod logins_list_details;
mod logins_model;
mod logins_notify_others;
mod logins_races;
mod logins_same_session;
mod logins_several_ids;
mod logins_storm;
mod logins_stress;
mod logins_tombstones;
mod mysql_authentication;
mod mysql_columns;
mod mysql_lost_answers;
mod mysql_schema;
mod mysql_settings;
mod outbox;
mod outbox_retention;
mod recorded_settings;
mod records;
mod redis_changed_sessions;
mod redis_claims;
mod redis_half_done;
mod redis_lock_owners;
mod redis_lost_answers;
mod redis_old_records;
mod redis_plain_commands;
mod redis_reservations;
mod requests;
mod requests_logins;
mod requests_rotation;
mod sqlite_gc;
mod sqlite_schema;
mod store_rotation;
mod strict_mode;

macro_rules! store_tests {
    ($($file:ident { $($test:ident;)* })*) => {
        mod sqlite { $(mod $file { $(store_test!(SqliteFixture, $file, $test);)* })* }
        mod redis { $(mod $file { $(store_test!(RedisFixture, $file, $test);)* })* }
        mod mysql_existing_table { $(mod $file { $(store_test!(ExistingTableFixture, $file, $test);)* })* }
        mod mysql { $(mod $file { $(store_test!(MysqlFixture, $file, $test);)* })* }
    };
}

/// A test that one store keeps one promise.
macro_rules! store_test {
    ($fixture:ident, $file:ident, $test:ident) => {
        #[test]
        fn $test() {
            use crate::common::fixture::{Fixture as _, $fixture};
            crate::$file::$test(&$fixture::prepare());
        }
    };
}

store_tests! {
    records {
        what_is_written_is_read_back;
        reading_a_missing_session_finds_no_data_and_takes_the_lock;
        a_touch_keeps_the_data;
        a_touch_stores_a_new_empty_session;
        destroying_twice_is_no_error;
        two_sessions_do_not_affect_each_other;
        a_commit_sent_twice_counts_once;
    }
    locks {
        only_one_request_holds_a_lock;
        the_same_token_gets_its_lock_again;
        a_wait_ends_at_its_deadline;
        every_write_touch_destroy_or_release_call_frees_the_lock;
        checking_for_a_missing_session_does_not_lock_it;
        a_lock_is_not_freed_by_another_requests_release_or_destroy;
        a_read_without_lock_does_not_wait;
        a_lock_ends_with_its_owners_connection;
        a_waiter_gets_the_lock_when_the_owner_dies;
        a_live_owner_keeps_its_lock_beyond_its_ttl;
        a_waiter_that_gave_up_does_not_get_the_lock_later;
    }
    lock_order {
        waiters_are_served_in_order;
        no_update_is_lost;
        no_update_is_lost_on_a_new_session;
    }
    fencing {
        a_destroyed_session_stays_destroyed_with_a_lock;
        a_destroyed_session_stays_destroyed_without_a_lock;
        a_new_session_under_an_old_id_is_not_overwritten;
        without_locks_the_last_write_wins;
        after_a_lost_lock_a_write_is_refused_if_another_wrote;
        after_a_lost_lock_a_write_is_refused_if_another_holds_it;
    }
    expiry_during_use {
        an_expired_session_is_missing;
        a_touch_extends_the_expiry;
        gc_removes_only_expired_sessions;
        a_session_in_use_does_not_expire;
        a_new_session_under_an_expired_id_is_not_overwritten;
    }
    lifetime_after_use {
        after_every_use_the_lifetime_is_about_the_requested_one;
        a_lifetime_that_is_long_enough_is_not_extended;
        a_lifetime_longer_than_any_clock_is_kept;
        a_store_accepts_any_lifetime;
        a_login_may_live_longer_than_any_clock;
    }
    requests {
        strict_mode_reads_the_session_once;
        a_generated_id_is_written_without_a_read;
        an_unread_id_is_written_under_its_lock;
        lock_failure_readonly_reads_a_locked_session_but_refuses_writes;
        session_reset_does_not_wait_for_its_own_lock;
        a_second_write_succeeds_unless_another_request_wrote;
        reading_another_session_releases_the_lock_of_the_first;
        an_ended_session_does_not_come_back_under_a_new_id;
    }
    strict_mode {
        an_id_stays_valid_if_its_validation_times_out;
        an_unanswered_validation_does_not_affect_other_ids;
        a_generated_id_is_valid_only_for_its_request;
        the_collision_check_finds_a_generated_id_free;
        a_generated_id_that_another_request_wrote_is_read;
    }
    isolation {
        a_write_after_close_is_refused_if_another_request_stored_the_id;
        a_generated_id_that_was_stored_meanwhile_is_read_after_a_close;
        rereading_a_session_that_ended_leaves_no_lock_behind;
        a_kick_is_reported_to_no_other_visitor;
        a_kick_is_still_reported_after_a_new_id;
        a_cancelled_rotation_gives_the_next_visitor_no_login;
        a_request_that_waits_during_a_sign_in_gets_an_empty_session;
        a_slow_write_does_not_restore_an_id_after_a_deleting_regenerate;
        a_request_under_a_former_users_session_id_gets_an_empty_session;
    }
    lock_waiters {
        waiters_beyond_the_limit_are_refused;
        a_limit_of_waiters_does_not_affect_a_free_lock;
        a_waiter_that_timed_out_no_longer_counts;
    }
    logins {
        a_claim_creates_a_login;
        a_claim_creates_a_missing_session;
        claiming_again_from_the_same_session_changes_nothing;
        a_claim_sent_twice_counts_once;
        prefixes_do_not_share_logins;
        an_unhashed_id_may_have_a_login;
        changes_to_the_login_never_change_the_data;
        the_same_uid_in_another_realm_is_another_user;
        any_uid_is_read_back;
        any_label_and_meta_are_read_back;
    }
    logins_same_session {
        claiming_another_user_releases_the_first_login;
        claiming_another_device_replaces_the_sessions_own_login;
        a_refused_claim_keeps_the_sessions_own_login;
        signing_out_keeps_the_session;
        a_session_may_sign_in_again_after_signing_out;
        a_write_and_a_touch_keep_the_login;
    }
    logins_inherited_tombstone {
        the_new_id_of_strict_mode_inherits_the_kick;
        ids_that_php_generates_inherit_the_kick;
        a_sign_in_under_the_new_id_ends_the_kick;
        a_kick_older_than_tombstone_ttl_is_not_inherited;
        only_new_sessions_inherit_a_kick;
    }
    logins_list_details {
        the_list_shows_last_use_and_expiry_of_a_login;
        a_refusal_shows_when_the_other_login_expires;
    }
    logins_tombstones {
        a_second_claim_kicks_the_first;
        no_event_contains_a_session_id;
        a_tombstone_expires;
        a_new_session_may_start_beside_the_tombstone;
        a_new_login_under_the_id_removes_the_tombstone;
        destroying_a_session_may_leave_a_tombstone;
        gc_keeps_live_logins_and_tombstones;
    }
    logins_fencing {
        a_kicked_request_cannot_write;
        a_kicked_request_cannot_touch;
        a_kicked_request_cannot_rotate;
        a_kicked_request_cannot_claim_again;
        a_request_whose_login_ended_cannot_sign_out_or_destroy;
        a_kicked_request_cannot_change_the_next_session_under_its_id;
        a_released_login_cannot_be_rotated;
    }
    logins_limits {
        beyond_the_limit_the_oldest_login_makes_room;
        each_device_has_a_limit_of_its_own;
        both_limits_apply_together;
        a_lowered_limit_kicks_as_many_as_needed;
        zero_means_no_limit;
        with_victim_idle_the_least_recently_used_login_makes_room;
        age_is_the_order_of_claims_not_of_login_ids;
        with_on_conflict_refuse_a_claim_beyond_the_limit_is_refused;
        a_refused_claim_creates_no_session;
        refusing_applies_per_device_too;
    }
    logins_hard_limit {
        beyond_the_hard_limit_the_oldest_are_kicked;
        a_lowered_hard_limit_is_reached_over_several_claims;
        expired_logins_make_room_before_live_ones;
        without_a_limit_expired_logins_are_removed_in_slices;
        without_a_limit_expired_logins_behind_live_ones_are_found;
        concurrent_claims_respect_the_hard_limit;
    }
    logins_notify_others {
        the_other_logins_are_notified;
        a_kicked_login_is_notified_only_of_its_kick;
        claiming_again_notifies_nobody;
        a_double_click_notifies_once;
        nobody_is_notified_if_it_is_off;
        each_of_many_logins_is_notified_once;
    }
    logins_double_click {
        a_second_click_replaces_the_first;
        a_second_click_may_have_an_id_that_was_never_stored;
        a_second_click_is_recognized_although_ids_were_regenerated;
        a_second_click_is_recognized_if_its_id_was_replaced;
        a_claim_of_the_next_visitor_is_not_a_second_click;
        a_second_click_kicks_nobody_and_is_no_storm;
        a_second_click_counts_only_within_the_grace_period;
        a_claim_of_another_browser_is_not_a_second_click;
        a_claim_for_another_device_is_not_a_second_click;
    }
    logins_storm {
        too_many_replacements_are_a_storm;
        too_many_replacements_within_an_hour_are_a_storm;
        a_signed_in_session_continues_during_a_storm;
        without_replacements_there_is_no_storm;
        zero_turns_storms_off;
    }
    logins_expired {
        an_expired_login_does_not_count;
        a_destroyed_login_does_not_count;
        a_login_whose_session_was_removed_does_not_count;
        after_the_store_was_flushed_everybody_can_sign_in_again;
        a_login_whose_session_was_removed_is_reported_expired_once;
        a_new_session_under_the_id_does_not_inherit_the_login;
        a_late_request_does_not_revive_an_expired_login;
        a_login_in_use_does_not_expire;
        destroying_a_session_in_use_ends_its_login;
        a_session_in_use_is_rotated_although_its_lifetime_is_over;
        a_login_whose_session_expired_is_reported_once;
        a_touched_login_lives_longer;
        a_late_destroy_does_not_end_the_next_login;
    }
    store_rotation {
        the_new_id_gets_login_and_data_and_the_old_keeps_them;
        requests_under_the_old_id_do_not_extend_it;
        a_rotation_does_not_lengthen_a_shorter_lifetime;
        several_requests_may_rotate_one_id;
        a_login_has_a_limited_number_of_sessions;
        a_rotation_that_names_another_login_does_nothing;
        a_rotation_does_not_overwrite_a_session;
        a_rotation_sent_twice_counts_once;
        a_rotation_releases_the_old_lock;
    }
    logins_kicks {
        a_kick_ends_the_selected_logins;
        a_kicked_session_learns_the_reason;
        a_kick_keeps_the_other_logins;
        many_logins_are_kicked_at_once;
        a_message_reaches_every_live_login;
        a_message_may_be_any_json;
    }
    outbox {
        an_outbox_starts_empty;
        positions_ascend_and_reading_continues_after_any_of_them;
        reading_after_the_newest_position_finds_only_later_events;
        realms_have_separate_outboxes;
        every_event_is_a_valid_cloud_event;
        events_of_a_large_operation_have_unique_ids;
        a_concurrent_reader_misses_nothing;
        an_event_is_there_before_its_session_is_gone;
    }
    outbox_retention {
        messages_do_not_evict_the_ends_of_logins;
        ends_of_logins_have_a_limit_of_their_own;
        retained_events_are_read_in_pages;
        an_outbox_below_its_limit_keeps_everything;
    }
    logins_races {
        of_many_concurrent_claims_one_stays;
        of_many_concurrent_claims_three_stay;
        of_many_concurrent_claims_one_of_each_device_stays;
        of_many_concurrent_claims_both_limits_hold;
        of_many_concurrent_claims_all_but_one_are_refused;
        concurrent_claims_of_one_session_make_one_login;
    }
    logins_stress {
        claims_and_logouts_may_overlap;
        claims_and_rotations_may_overlap;
        claims_and_kicks_may_overlap;
        rotations_and_logouts_may_overlap;
        sessions_may_change_their_user_concurrently;
        claims_and_lost_sessions_may_overlap;
        all_operations_may_overlap;
        all_operations_may_overlap_if_newcomers_are_refused;
    }
    delivery_receipts {
        without_a_gateway_nobody_waits;
        a_waiting_claim_is_woken_by_the_delivery;
        an_undelivered_kick_is_reported_as_such;
        a_stopped_gateway_is_forgotten;
        a_claim_learns_whether_its_kicks_were_delivered;
    }
    recorded_settings {
        sites_of_every_prefix_are_found;
        a_site_is_recorded_once_an_hour;
        old_sites_expire_and_the_newest_are_kept;
    }
    logins_model {
        random_operations_match_the_model;
    }
    requests_logins {
        a_request_claims_for_the_session_it_has_read;
        a_claim_for_an_ended_session_creates_no_login;
        a_claim_without_an_open_writable_session_creates_no_login;
        a_request_may_sign_out_and_continue;
        a_logout_ends_the_login;
        a_late_sign_out_or_destroy_after_a_kick_changes_nothing;
        a_kicked_browser_learns_of_its_kick;
    }
    requests_rotation {
        the_new_id_has_the_login;
        an_id_may_be_regenerated_repeatedly;
        a_login_may_be_claimed_before_or_after_the_new_id;
        an_unfinished_regenerate_ends_the_login_only_if_it_deletes;
        rereading_the_old_id_after_an_unfinished_deleting_regenerate_ends_the_login;
        a_new_id_does_not_revive_a_kicked_session;
        opening_another_session_moves_no_login;
        destroying_the_old_id_after_regenerating_keeps_the_login;
        two_requests_may_regenerate_one_id;
        a_generated_id_that_is_taken_does_not_stay_locked;
        a_session_without_a_login_is_regenerated_too;
    }
    logins_auto_claim {
        the_login_follows_the_data;
        a_refused_automatic_claim_ends_the_session_with_a_tombstone;
        an_automatic_claim_after_a_kick_revives_nothing;
    }
    logins_several_ids {
        a_login_lives_as_long_as_one_of_its_sessions;
        destroying_one_session_ends_the_login_and_its_other_sessions;
        the_old_session_may_be_destroyed_alone;
        a_new_session_under_a_former_id_is_kept;
        claiming_again_from_the_old_id_is_the_same_login;
        claiming_another_user_or_device_empties_the_old_id;
    }
}
