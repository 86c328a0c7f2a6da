//! Attacks on accounts: what one pays for, who one is, who others are.

use super::{ATTACKER, DENIED, Fails, attacks, cannot_be_told_apart, succeeds};

attacks! { as ATTACKER;
    a_learner_cannot_raise_their_own_tier: "update users set subscription_tier = 'pro'" => DENIED;
    a_learner_cannot_raise_their_own_tier_beside_a_change_that_is_theirs:
        "update users set name = 'x', subscription_tier = 'pro'" => DENIED;
    a_learner_cannot_set_their_subscription_status: "update users set subscription_status = 'active'" => DENIED;
    a_learner_cannot_extend_their_subscription: "update users set subscription_period_end = '2099-01-01'" => DENIED;
    a_learner_cannot_claim_a_newer_subscription_snapshot:
        "update users set subscription_synced_at = '2099-01-01'" => DENIED;
    a_learner_cannot_hide_behind_a_later_snapshot: "update users set subscription_snapshot = 9223372036854775807" => DENIED;
    a_learner_cannot_number_snapshots: "select nextval('subscription_snapshots')" => DENIED;
    a_learner_cannot_say_how_current_they_are: "update users set clerk_updated_at = '2099-01-01'" => DENIED;
    a_learner_cannot_take_a_payment_customers_id: "update users set stripe_customer_id = 'cus_user_owner'" => DENIED;
    a_learner_cannot_take_a_subscriptions_id: "update users set stripe_subscription_id = 'sub_x'" => DENIED;
    a_learner_cannot_reset_their_export_count: "update users set monthly_export_count = 0" => DENIED;
    a_learner_cannot_squat_anothers_email: "update users set email = 'user_owner@example.com'" => DENIED;
    a_learner_cannot_become_another_subject: "update users set clerk_user_id = 'user_owner'" => DENIED;
    a_learner_cannot_change_their_id: "update users set id = {no.user}" => DENIED;
    a_learner_cannot_delete_their_account_behind_the_servers_back: "delete from users" => DENIED;
    a_learner_cannot_make_an_account_with_a_tier_and_a_payment_id_of_choice:
        "insert into users (clerk_user_id, subscription_tier, stripe_customer_id) values ('user_c', 'pro', 'cus_x')" => DENIED;
    a_learner_cannot_make_an_account_at_all: "insert into users (clerk_user_id) values ('user_c')" => DENIED;
    a_learner_cannot_read_anothers_email: "select email from users where id = {their.user}" => Fails::WithoutRows;
    a_learner_cannot_find_anothers_email_by_its_text:
        "select id from users where email = 'user_owner@example.com'" => Fails::WithoutRows;
    a_learner_cannot_rename_another: "update users set name = 'x' where id = {their.user}" => Fails::WithoutRows;
    a_tombstone_cannot_be_removed: "delete from deleted_users" => DENIED;
    a_tombstone_cannot_be_read: "select * from deleted_users" => DENIED;
    a_tombstone_cannot_be_put_on_another: "insert into deleted_users (clerk_user_id) values ('user_owner')" => DENIED;
}

#[tokio::test]
async fn a_learner_may_edit_their_own_profile() {
    succeeds(ATTACKER, "update users set name = 'x', timezone = 'Europe/Oslo', updated_at = now()", 1).await;
}

#[tokio::test]
async fn a_learner_sees_one_account() {
    succeeds(ATTACKER, "select email from users", 1).await;
}

#[tokio::test]
async fn a_taken_email_cannot_be_told_from_a_free_one() {
    cannot_be_told_apart(&[
        "update users set email = 'user_owner@example.com'",
        "update users set email = 'nobody@example.com'",
    ])
    .await;
    cannot_be_told_apart(&[
        "insert into users (clerk_user_id, email) values ('user_c', 'user_owner@example.com')",
        "insert into users (clerk_user_id, email) values ('user_c', 'nobody@example.com')",
        "insert into users (clerk_user_id) values ('user_owner')",
        "insert into users (id, clerk_user_id) values ({their.user}, 'user_c')",
    ])
    .await;
}
