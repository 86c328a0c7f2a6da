//! Users in Clerk's shape: <https://clerk.com/docs/reference/backend-api>. Times are milliseconds.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A user with one verified e-mail address, or none; made when `before` was.
pub(super) fn user(id: &str, email: Option<&str>, before: Option<&Value>, at: DateTime<Utc>) -> Value {
    let now = at.timestamp_millis();
    let created = before.map_or(json!(now), |before| before["created_at"].clone());
    // Each change is later than the one before, even within a millisecond.
    let last = before.and_then(|before| before["updated_at"].as_i64());
    let updated = last.map_or(now, |last| now.max(last + 1));
    let address = email.map(|email| (format!("idn_{}", hex::encode(email)), email));
    let addresses: Vec<_> = address.iter().map(|(id, email)| email_address(id, email, &created)).collect();
    json!({
        "id": id,
        "object": "user",
        "banned": false,
        "create_organization_enabled": true,
        "created_at": created,
        "delete_self_enabled": true,
        "email_addresses": addresses,
        "external_accounts": [],
        "external_id": null,
        "first_name": null,
        "has_image": false,
        "image_url": "",
        "last_active_at": now,
        "last_name": null,
        "last_sign_in_at": null,
        "locked": false,
        "password_enabled": true,
        "phone_numbers": [],
        "primary_email_address_id": address.as_ref().map(|(id, _)| id),
        "primary_phone_number_id": null,
        "primary_web3_wallet_id": null,
        "private_metadata": {},
        "public_metadata": {},
        "saml_accounts": [],
        "two_factor_enabled": false,
        "unsafe_metadata": {},
        "updated_at": updated,
        "username": null,
        "web3_wallets": [],
    })
}

/// What is told of a deleted user.
pub(super) fn deleted(id: &str) -> Value {
    json!({"id": id, "object": "user", "deleted": true})
}

fn email_address(id: &str, email: &str, created: &Value) -> Value {
    json!({
        "id": id,
        "object": "email_address",
        "created_at": created,
        "email_address": email,
        "linked_to": [],
        "reserved": false,
        "updated_at": created,
        "verification": {"attempts": 1, "expire_at": null, "status": "verified", "strategy": "email_code"},
    })
}
