//! The form of every list, and the cursor of the list of plans.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::ids::PlanId;
use waymark_services::plans::PlanCursor;

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that has one page.
    pub fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect(), next_cursor: None }
    }
}

/// A cursor's text: opaque to clients, 24 bytes of time and id to us.
pub fn encode(cursor: PlanCursor) -> String {
    let mut bytes = [0_u8; 24];
    let (time, id) = bytes.split_at_mut(8);
    time.copy_from_slice(&cursor.created_at.timestamp_micros().to_be_bytes());
    id.copy_from_slice(cursor.id.0.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor.
///
/// # Errors
/// A text that [`encode`] did not make.
pub fn decode(text: &str) -> Result<PlanCursor, &'static str> {
    read(text).ok_or("is not a cursor of this list")
}

fn read(text: &str) -> Option<PlanCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (time, id) = bytes.split_first_chunk::<8>()?;
    let created_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*time))?;
    // Times that no plan has, some of which PostgreSQL could not even read.
    (2000..10_000).contains(&created_at.year()).then_some(())?;
    Some(PlanCursor { created_at, id: PlanId(Uuid::from_slice(id).ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_round_trip_and_nonsense_is_refused() {
        let created_at = DateTime::from_timestamp_micros(1_795_000_000_123_456).unwrap();
        let cursor = PlanCursor { created_at, id: PlanId(Uuid::from_u128(0x0192_f0c1 << 96)) };
        assert_eq!(decode(&encode(cursor)), Ok(cursor));
        assert_eq!(encode(cursor).len(), 32);
        for wrong in ["", "a", "====", &"A".repeat(31), &"A".repeat(33), &"_".repeat(32)] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }
}
