//! The promises: each is a test of its own, over histories of its own.

mod claims;
mod ends;
mod events;
mod plans;
mod refusals;
mod sessions;

/// Makes a test of each function.
macro_rules! promises {
    ($($file:ident::$promise:ident,)*) => {$(
        #[test]
        fn $promise() {
            crate::history::check(stringify!($promise), $file::$promise);
        }
    )*};
}

promises! {
    claims::exactly_the_allowed_number_lives,
    claims::those_make_room_whom_the_limits_name,
    claims::the_hard_limit_holds_and_ends_the_oldest_only,
    claims::only_the_living_count,
    claims::claiming_again_from_the_same_session_changes_nothing,
    claims::a_repeated_claim_takes_the_place_of_the_first,
    claims::a_newcomer_has_one_login_at_its_session,
    claims::those_who_stay_are_told_of_a_newcomer,
    ends::every_loser_has_one_event_and_a_tombstone_for_each_session,
    ends::the_end_of_a_login_is_told_once,
    ends::nobody_loses_a_session_without_an_event,
    ends::a_late_clean_up_never_touches_the_winner,
    ends::a_kick_ends_what_its_selector_means,
    ends::a_sign_out_ends_the_login_and_keeps_the_session,
    ends::a_destroyed_session_takes_its_login_along,
    events::event_ids_are_unique_and_grow_within_an_act,
    events::an_event_is_about_one_login_of_its_user,
    events::a_message_reaches_each_live_login_once,
    plans::a_plan_asks_only_for_what_a_store_can_do,
    plans::a_plan_touches_no_session_that_it_has_not_seen,
    plans::the_work_of_an_act_is_bounded,
    plans::whoever_decided_earlier_decides_the_same_now,
    plans::the_dead_that_were_read_are_removed,
    refusals::a_refused_claim_changes_nothing_but_the_storm,
    refusals::a_storm_lasts_as_long_as_its_window,
    sessions::a_rotation_keeps_the_login_and_the_data,
    sessions::only_the_sessions_that_an_act_names_change,
}
