//! One suite, every store: the contract of `rsso_core::store`, run against real servers.
//!
//! A promise is a function over a [`ground::Ground`]; [`stores!`] makes a test of each for each store.
//! A new store is one more line there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by panicking, and nobody reads its documentation but in its name"
)]

mod common;
mod delivery_receipts;
mod expiry;
mod fencing;
mod isolation;
mod lifetimes;
mod lock_order;
mod lock_waiters;
mod locks;
mod logins;
mod logins_auto_claim;
mod logins_double_click;
mod logins_expired;
mod logins_fencing;
mod logins_hard_limit;
mod logins_inherited_kick;
mod logins_kicks;
mod logins_limits;
mod logins_listed;
mod logins_model;
mod logins_notify_others;
mod logins_races;
mod logins_regenerate;
mod logins_requests;
mod logins_rotation;
mod logins_same_session;
mod logins_several_ids;
mod logins_storm;
mod logins_stress;
mod logins_tombstones;
mod mysql_accounts;
mod mysql_columns;
mod mysql_lost_answers;
mod mysql_settings;
mod outbox;
mod outbox_retention;
mod records;
mod redis_claims;
mod requests;
mod sites;
mod sqlite_gc;
mod strict_mode;

macro_rules! stores {
    ($($about:ident { $($promise:ident;)* })*) => {
        mod sqlite { $(mod $about { $(keeps!(SqliteGround, $about, $promise);)* })* }
        mod redis { $(mod $about { $(keeps!(RedisGround, $about, $promise);)* })* }
        mod mapped { $(mod $about { $(keeps!(MappedGround, $about, $promise);)* })* }
        mod mysql { $(mod $about { $(keeps!(MysqlGround, $about, $promise);)* })* }
    };
}

/// The test that one store keeps one promise.
macro_rules! keeps {
    ($ground:ident, $about:ident, $promise:ident) => {
        #[test]
        fn $promise() {
            use crate::common::fixture::{Ground as _, $ground};
            crate::$about::$promise(&$ground::prepare());
        }
    };
}

stores! {
    records {
        what_is_written_is_read_back;
        a_missing_session_is_empty_and_no_failure;
        a_touch_keeps_the_data;
        a_touch_creates_what_was_missing;
        destroying_twice_is_no_error;
        two_sessions_do_not_meet;
        a_commit_may_be_sent_twice;
    }
    locks {
        a_lock_is_held_by_one;
        the_same_token_is_granted_again;
        a_wait_ends_at_its_deadline;
        every_end_of_a_request_gives_the_lock_back;
        a_missing_session_that_is_only_checked_is_not_locked;
        a_stranger_cannot_free_a_lock;
        a_read_without_lock_does_not_wait;
        an_owner_whose_connection_is_gone_holds_nothing;
        a_waiter_is_freed_when_the_owner_dies;
        a_living_owner_keeps_its_lock_beyond_its_time;
        who_gave_up_waiting_does_not_get_the_lock_later;
    }
    lock_order {
        waiters_come_first_come_first_served;
        no_update_is_lost;
        no_update_is_lost_on_a_session_that_does_not_exist_yet;
    }
    fencing {
        a_destroyed_session_stays_destroyed_with_lock;
        a_destroyed_session_stays_destroyed_without_lock;
        a_new_session_under_an_old_id_is_not_overwritten;
        without_locks_the_last_write_wins;
        a_lost_lock_refuses_the_write_if_another_wrote;
        a_lost_lock_that_another_holds_now_does_not_write;
    }
    expiry {
        an_expired_session_is_missing;
        a_touch_puts_the_expiry_off;
        gc_removes_only_what_has_expired;
        a_session_in_use_does_not_expire;
        an_expired_id_begins_a_new_life;
    }
    lifetimes {
        each_use_counts_whatever_it_does;
        nothing_is_put_off_that_lives_long_enough;
        a_lifetime_beyond_every_clock_is_kept;
        a_store_takes_any_lifetime;
        a_login_lives_beyond_every_clock;
    }
    requests {
        strict_mode_fetches_once;
        an_id_of_our_own_is_written_unread;
        an_unread_id_is_written_under_its_lock;
        readonly_reads_and_refuses_to_write;
        reset_does_not_wait_for_itself;
        a_second_write_is_safe;
        reading_another_session_gives_the_first_back;
        what_ended_does_not_come_back_under_a_new_id;
    }
    strict_mode {
        a_validation_that_fails_keeps_the_id;
        a_validation_that_fails_is_forgotten_with_its_session;
        an_id_of_our_own_stays_known;
        an_id_that_was_made_is_free_before_it_is_used;
        an_id_of_our_own_that_another_has_filled_is_read;
    }
    isolation {
        a_new_session_that_was_closed_is_not_overwritten;
        an_id_that_was_made_may_be_known_after_a_close;
        an_ended_session_that_is_read_again_gives_its_lock_back;
        a_kick_is_told_to_nobody_else;
        a_kick_is_told_after_the_new_id_as_well;
        a_rotation_without_a_new_id_moves_no_login;
        who_waits_beside_a_login_goes_on_as_nobody;
        what_was_emptied_does_not_come_back;
        who_waits_beside_another_users_login_goes_on_as_nobody;
    }
    lock_waiters {
        so_many_wait_and_no_more;
        a_lock_that_is_free_needs_no_place;
        a_place_is_given_back;
    }
    logins {
        a_claim_makes_a_login;
        a_session_that_did_not_exist_is_made_by_its_claim;
        claiming_again_from_the_same_session_changes_nothing;
        a_claim_may_be_sent_twice;
        another_prefix_is_another_world;
        a_plain_id_has_logins_too;
        any_data_survive_what_happens_to_the_login;
        users_of_another_realm_are_others;
        any_uid_comes_back;
        any_label_and_meta_come_back;
    }
    logins_same_session {
        claiming_another_user_releases_the_first;
        another_device_of_the_user_replaces_the_own_login;
        a_refused_claim_leaves_the_own_login;
        signing_out_keeps_the_session;
        a_session_may_sign_in_again_after_signing_out;
        a_write_and_a_touch_keep_the_login;
    }
    logins_inherited_kick {
        the_new_id_of_strict_mode_inherits_the_kick;
        the_kick_is_inherited_by_ids_that_the_handler_did_not_make;
        who_signs_in_under_the_new_id_is_not_kicked;
        an_inherited_kick_ends_when_the_first_one_does;
        only_what_is_new_inherits;
    }
    logins_listed {
        a_list_says_when_a_login_was_used_and_when_it_ends;
        who_is_refused_is_told_until_when;
    }
    logins_tombstones {
        a_second_claim_kicks_the_first;
        no_event_holds_a_session_id;
        a_tombstone_ends_after_its_time;
        a_session_may_begin_anew_beside_the_tombstone;
        a_new_login_under_the_id_ends_the_tombstone;
        a_session_may_be_ended_with_a_tombstone;
        gc_leaves_the_winner_and_the_tombstone;
    }
    logins_fencing {
        a_kicked_request_cannot_write;
        a_kicked_request_cannot_touch;
        a_kicked_request_cannot_rotate;
        a_kicked_request_cannot_claim_its_way_back;
        a_kicked_request_has_nothing_to_end;
        a_kicked_request_leaves_the_next_session_under_its_id_alone;
        a_login_that_was_signed_out_cannot_be_rotated;
    }
    logins_limits {
        so_many_logins_and_no_more;
        each_device_has_a_limit_of_its_own;
        both_limits_hold_at_once;
        a_lower_limit_ends_as_many_as_it_must;
        zero_is_no_limit;
        the_idle_one_makes_room;
        the_one_that_was_claimed_first_makes_room;
        a_newcomer_is_refused;
        a_refused_claim_makes_no_session;
        refusing_goes_by_device_as_well;
    }
    logins_hard_limit {
        beyond_the_cap_the_oldest_go;
        a_cap_that_was_lowered_is_reached_in_slices;
        the_dead_make_room_before_the_living;
        without_a_limit_the_dead_are_removed_in_slices;
        without_a_limit_the_dead_behind_the_living_are_found;
        claims_that_meet_keep_below_the_cap;
    }
    logins_notify_others {
        the_other_logins_are_told;
        who_makes_room_is_told_of_that_alone;
        who_is_in_already_is_no_news;
        a_second_click_is_told_of_once;
        nobody_is_told_where_it_is_off;
        each_of_many_is_told_once;
    }
    logins_double_click {
        a_second_click_takes_the_place_of_the_first;
        a_second_click_with_an_id_that_was_never_stored;
        a_second_click_is_known_through_any_new_ids;
        a_second_click_with_an_id_that_is_replaced;
        a_claim_of_the_next_visitor_repeats_nothing;
        a_second_click_is_no_storm_and_nobodys_kick;
        a_repeated_claim_counts_for_the_grace_only;
        a_claim_from_elsewhere_repeats_nothing;
        a_claim_for_another_device_repeats_nothing;
    }
    logins_storm {
        too_many_replacements_are_a_storm;
        too_many_replacements_within_an_hour_are_a_storm;
        who_is_in_may_go_on_in_a_storm;
        where_nothing_is_replaced_there_is_no_storm;
        zero_never_storms;
    }
    logins_expired {
        an_expired_login_holds_no_slot;
        a_destroyed_login_holds_no_slot;
        a_login_whose_session_was_removed_holds_no_slot;
        a_flushed_store_locks_nobody_out;
        the_dead_are_told_of_once;
        a_new_session_under_the_id_does_not_inherit_the_login;
        who_was_found_dead_is_not_revived_by_a_late_request;
        a_login_in_use_does_not_expire;
        who_does_not_come_back_is_told_of_once;
        a_refreshed_login_lives_on;
        a_late_destroy_leaves_the_successor_alone;
    }
    logins_rotation {
        a_login_and_the_data_move_to_the_new_id;
        the_old_id_is_not_refreshed_any_more;
        what_would_expire_sooner_does_so;
        an_id_may_be_rotated_by_many_requests;
        so_many_sessions_of_a_login_and_no_more;
        who_does_not_have_the_login_cannot_rotate;
        a_rotation_does_not_overwrite;
        a_rotation_may_be_sent_twice;
        a_rotation_gives_the_old_lock_back;
    }
    logins_kicks {
        a_kick_ends_the_logins_that_it_means;
        the_kicked_learn_why;
        a_kick_spares_the_other_sessions;
        many_are_kicked_at_once;
        a_message_reaches_every_live_login;
        a_message_is_any_json;
    }
    outbox {
        an_outbox_begins_empty;
        positions_ascend_and_reading_goes_on_behind_them;
        the_newest_position_is_where_a_reader_begins;
        realms_are_apart;
        every_event_is_a_cloud_event_of_its_own;
        the_events_of_a_large_act_have_ids_of_their_own;
        who_reads_along_misses_nothing;
        who_finds_a_session_gone_finds_its_event;
    }
    outbox_retention {
        messages_do_not_push_out_how_logins_ended;
        what_outlived_has_a_bound_of_its_own;
        what_outlived_is_read_in_pages_and_waited_for;
        an_outbox_that_is_not_full_keeps_all;
    }
    logins_races {
        of_many_at_once_one_stays;
        of_many_at_once_three_stay;
        of_many_at_once_one_of_each_device_stays;
        of_many_at_once_both_limits_hold;
        of_many_at_once_one_is_not_refused;
        one_session_claimed_by_many_is_one_login;
    }
    logins_stress {
        claims_against_logouts;
        claims_against_rotations;
        claims_against_kicks;
        rotations_against_logouts;
        sessions_that_change_their_user;
        claims_against_what_vanishes;
        everything_at_once;
        everything_at_once_where_newcomers_are_refused;
    }
    delivery_receipts {
        without_a_gateway_nobody_waits;
        who_waits_is_woken_by_the_delivery;
        what_was_not_delivered_is_said_so;
        a_gateway_that_has_gone_is_forgotten;
        a_claim_learns_whether_its_kicks_were_delivered;
    }
    sites {
        a_word_is_found_whatever_the_prefix;
        a_word_is_left_once_in_a_while;
        words_expire_and_there_are_a_few;
    }
    logins_model {
        any_story_goes_as_the_model_says;
    }
    logins_requests {
        a_request_claims_for_the_session_that_it_has_read;
        a_claim_of_a_session_that_ended_is_refused;
        a_claim_without_a_session_of_its_own_is_refused;
        a_request_signs_out_and_goes_on;
        a_logout_ends_the_login;
        a_losers_late_logout_touches_nothing;
        the_kicked_browser_is_told;
    }
    logins_regenerate {
        a_new_id_carries_the_login;
        an_id_may_be_renewed_again_and_again;
        a_login_may_be_claimed_before_or_after_the_new_id;
        a_new_id_that_never_came_ends_what_was_deleted;
        reading_the_old_id_again_ends_what_was_deleted;
        a_kicked_session_has_no_heir;
        going_on_with_another_session_moves_nothing;
        who_left_an_id_may_destroy_it_alone;
        two_requests_may_renew_one_id;
        an_id_that_was_only_looked_at_on_the_way_is_not_locked;
        a_session_without_a_login_is_renewed_as_ever;
    }
    logins_auto_claim {
        the_login_follows_the_data;
        who_may_not_follow_is_turned_away;
        following_after_a_kick_brings_nothing_back;
    }
    logins_several_ids {
        a_login_lives_as_long_as_one_of_its_sessions;
        destroying_one_session_ends_the_login_with_all_of_them;
        the_old_session_may_be_destroyed_alone;
        what_has_begun_anew_under_an_id_is_spared;
        claiming_again_from_the_old_id_is_the_same_login;
        claiming_otherwise_ends_the_login_on_its_other_ids;
    }
}
