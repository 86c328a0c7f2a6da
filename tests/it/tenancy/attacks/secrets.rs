//! Attacks on what even its owner does not see: ciphertext, prompts, payloads, states of a sign-in.

use super::{ATTACKER, DENIED, Fails, attacks, succeeds};

attacks! { as ATTACKER;
    the_access_tokens_ciphertext_cannot_be_read: "select encrypted_access_token from integration_tokens" => DENIED;
    the_refresh_tokens_ciphertext_cannot_be_read: "select encrypted_refresh_token from integration_tokens" => DENIED;
    ciphertext_cannot_be_read_by_a_star: "select * from integration_tokens" => DENIED;
    ciphertext_cannot_be_read_as_a_whole_row: "select integration_tokens from integration_tokens" => DENIED;
    ciphertext_cannot_be_read_as_json: "select to_jsonb(t) from integration_tokens t" => DENIED;
    ciphertext_cannot_be_guessed_by_a_filter:
        r"select id from integration_tokens where encrypted_access_token > '\x00'" => DENIED;
    ciphertext_cannot_be_guessed_by_an_order: "select id from integration_tokens order by encrypted_access_token" => DENIED;
    ciphertext_cannot_be_returned_by_a_delete: "delete from integration_tokens returning encrypted_access_token" => DENIED;
    ciphertext_cannot_be_replaced: r"update integration_tokens set encrypted_access_token = '\x00'" => DENIED;
    ciphertext_cannot_be_copied_out: "copy integration_tokens to stdout" => DENIED;
    a_token_cannot_be_planted:
        r"insert into integration_tokens (user_id, provider, encrypted_access_token, key_id) values ({their.user}, 'google_calendar', '\x00', 'k')"
        => DENIED;
    a_token_cannot_be_moved_to_another: "update integration_tokens set user_id = {their.user}" => DENIED;
    another_cannot_be_disconnected: "delete from integration_tokens where user_id = {their.user}" => Fails::WithoutRows;
    the_metadata_of_an_attempt_cannot_be_read: "select metadata from generation_attempts" => DENIED;
    the_prompt_of_a_generation_cannot_be_read: "select prompt from plan_generations" => DENIED;
    the_payload_of_a_job_cannot_be_read: "select payload from job_queue" => DENIED;
    the_state_of_a_sign_in_cannot_be_read: "select * from oauth_state_tokens" => DENIED;
    a_state_of_a_sign_in_that_never_expires_cannot_be_made:
        "insert into oauth_state_tokens (state_token_hash, clerk_user_id, provider, expires_at) \
         values (repeat('c', 64), 'user_stranger', 'notion', '2099-01-01')" => DENIED;
    a_state_of_a_sign_in_cannot_be_prolonged: "update oauth_state_tokens set expires_at = '2099-01-01'" => DENIED;
    payment_events_cannot_be_read: "select * from stripe_webhook_events" => DENIED;
    payment_events_cannot_be_forgotten: "delete from stripe_webhook_events" => DENIED;
    identity_events_cannot_be_read: "select * from clerk_webhook_events" => DENIED;
    identity_events_cannot_be_claimed_as_seen:
        "insert into clerk_webhook_events (event_id, type) values ('evt_next', 'user.deleted')" => DENIED;
}

#[tokio::test]
async fn a_learner_sees_that_they_are_connected_and_may_disconnect() {
    succeeds(ATTACKER, "select provider, status from integration_tokens", 1).await;
    succeeds(ATTACKER, "delete from integration_tokens", 1).await;
}
