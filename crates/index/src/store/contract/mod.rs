//! What every store must do, as a function: [`check`] tests any of them.

mod queue;
mod reading;
mod tokens;
mod world;

pub(super) use world::*;

use super::Store;

/// Tests a kind of store. `make` gives a new, empty one each time.
pub(super) async fn check<S: Store>(make: impl Fn() -> S) {
    queue::an_accepted_file_waits_and_then_is_published_with_all_its_facts(make()).await;
    queue::the_same_bytes_again_change_nothing(make()).await;
    queue::other_bytes_under_a_name_are_refused_for_ever(make()).await;
    queue::a_refused_file_may_come_again(make()).await;
    queue::tickets_have_one_order_and_are_done_once(make()).await;
    queue::many_accepts_at_once_are_all_kept(make()).await;
    queue::a_request_needs_something_that_it_is_about(make()).await;
    queue::what_is_staged_is_limited_hashed_and_can_be_read(make()).await;
    queue::whoever_waits_is_woken(make()).await;
    queue::an_accept_that_is_given_up_happens_as_a_whole_or_not_at_all(make()).await;
    queue::changes_mean_what_they_mean_to_projects(make()).await;
    reading::of_two_publishers_one_has_a_conflict(make()).await;
    reading::a_refused_publication_changes_nothing(make()).await;
    reading::a_version_keeps_its_bytes(make()).await;
    reading::replaced_versions_stay_until_they_are_collected(make()).await;
    reading::roots_and_what_is_current_are_never_collected(make()).await;
    reading::the_last_few_versions_are_kept(make()).await;
    reading::projects_are_listed_in_order(make()).await;
    reading::a_sound_store_has_no_findings(make()).await;
    reading::there_is_one_publisher_at_a_time(make()).await;
    reading::what_was_published_is_the_newest_at_once(make()).await;
    tokens::a_token_is_found_by_its_hash_until_it_is_revoked(make()).await;
    tokens::days_of_use_only_go_forward(make()).await;
}
