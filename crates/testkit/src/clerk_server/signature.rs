//! Svix's signatures: <https://docs.svix.com/receiving/verifying-payloads/how-manual>.

use crate::hooks::mac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// The `svix-signature` header; the key is what stands in base64 after `whsec_`.
pub(super) fn signature(id: &str, payload: &str, secret: &str, at: DateTime<Utc>) -> String {
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok()).expect("whsec_ and base64");
    let content = format!("{id}.{}.{payload}", at.timestamp());
    format!("v1,{}", STANDARD.encode(mac(&key, content.as_bytes())))
}
