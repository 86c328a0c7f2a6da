//! The few members we read of Stripe's answers. Members we do not know are ignored, and a reference may be an id or the
//! whole object. Read by the client; what it returns is public.

use super::error::StripeError;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// A customer. The e-mail address is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeCustomer {
    /// `cus_...`
    pub id: String,
    /// A deleted customer can still be asked for, and for nothing else.
    pub deleted: bool,
    /// `metadata.user_id`: whose customer we made it.
    pub user_id: Option<String>,
}

/// A subscription as Stripe has it at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeSubscription {
    /// `sub_...`
    pub id: String,
    /// Whose it is: `cus_...`; none for those of Stripe's newer accounts.
    pub customer: Option<String>,
    /// Stripe's word, such as `past_due`.
    pub status: String,
    /// The prices of its items.
    pub prices: Vec<StripePrice>,
    /// When the paid period ends: the latest of the items', else that of the subscription, where API versions before
    /// 2025-03-31 have it.
    pub period_end: Option<DateTime<Utc>>,
    /// Whether its end is set: `cancel_at_period_end`, or `cancel_at`, which the customer portal sets instead in the flexible
    /// billing mode.
    pub cancels_at_period_end: bool,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// `metadata.user_id`, from the checkout.
    pub user_id: Option<String>,
}

/// The price of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripePrice {
    /// `price_...`
    pub id: String,
    /// `prod_...`
    pub product: Option<String>,
}

/// A hosted page on which a subscription is bought.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckoutSession {
    /// `cs_...`
    pub id: String,
    /// Where to send the learner. Whoever has it can open the page, so `Debug` does not show it.
    pub url: String,
}

impl std::fmt::Debug for CheckoutSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckoutSession").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripePage<T> {
    /// The page's objects.
    pub items: Vec<T>,
    /// Customers of objects that cannot be read; one such object must not hide all the others.
    pub unreadable: Vec<Option<String>>,
    /// The last object's id, when there are more after it.
    pub next: Option<String>,
}

/// An object of which only the id counts.
#[derive(Deserialize)]
pub(super) struct WireId {
    pub(super) id: String,
}

/// An object of which only the status counts.
#[derive(Deserialize)]
pub(super) struct WireStatus {
    pub(super) status: String,
}

/// An answer of which nothing counts but that it is an object.
#[derive(Deserialize)]
pub(super) struct WireAny {}

/// A portal session.
#[derive(Deserialize)]
pub(super) struct WirePage {
    pub(super) url: String,
}

/// What we keep in the metadata of objects.
#[derive(Deserialize, Default)]
pub(super) struct WireMetadata {
    user_id: Option<String>,
    pub(super) tier: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireProduct {
    pub(super) metadata: Option<WireMetadata>,
}

#[derive(Deserialize)]
pub(super) struct WireCustomer {
    id: String,
    deleted: Option<bool>,
    metadata: Option<WireMetadata>,
}

impl From<WireCustomer> for StripeCustomer {
    fn from(wire: WireCustomer) -> Self {
        let user_id = wire.metadata.and_then(|metadata| metadata.user_id);
        Self { id: wire.id, deleted: wire.deleted.unwrap_or(false), user_id }
    }
}

#[derive(Deserialize)]
pub(super) struct WireCheckout {
    id: String,
    url: Option<String>,
}

impl TryFrom<WireCheckout> for CheckoutSession {
    type Error = StripeError;

    fn try_from(wire: WireCheckout) -> Result<Self, StripeError> {
        // Null once a session is over; a replayed answer still has it.
        let url = wire.url.ok_or(StripeError::Malformed("checkout session without an address"))?;
        Ok(Self { id: wire.id, url })
    }
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct WireList {
    data: Vec<Value>,
    has_more: bool,
}

#[derive(Deserialize)]
struct WireItems {
    data: Vec<WireItem>,
}

#[derive(Deserialize)]
struct WireItem {
    price: Option<WirePrice>,
    /// What a price was called before 2020; old servers know no other.
    plan: Option<WirePrice>,
    current_period_end: Option<i64>,
}

#[derive(Deserialize)]
struct WirePrice {
    id: String,
    product: Option<Reference>,
}

/// A member that Stripe can expand.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Id(String),
    Object(WireId),
}

impl Reference {
    fn into_id(self) -> String {
        match self {
            Self::Id(id) | Self::Object(WireId { id }) => id,
        }
    }
}

impl TryFrom<WireItem> for StripePrice {
    type Error = StripeError;

    fn try_from(wire: WireItem) -> Result<Self, StripeError> {
        let price = wire.price.or(wire.plan).ok_or(StripeError::Malformed("subscription item without a price"))?;
        Ok(Self { id: price.id, product: price.product.map(Reference::into_id) })
    }
}

#[derive(Deserialize)]
pub(super) struct WireSubscription {
    id: String,
    customer: Option<Reference>,
    status: String,
    items: WireItems,
    current_period_end: Option<i64>,
    cancel_at_period_end: Option<bool>,
    cancel_at: Option<i64>,
    created: i64,
    metadata: Option<WireMetadata>,
}

impl TryFrom<WireSubscription> for StripeSubscription {
    type Error = StripeError;

    fn try_from(wire: WireSubscription) -> Result<Self, StripeError> {
        let of_items = wire.items.data.iter().filter_map(|item| item.current_period_end).max();
        let period_end = of_items.or(wire.current_period_end).map(instant).transpose()?;
        let prices = wire.items.data.into_iter().map(StripePrice::try_from).collect::<Result<_, _>>()?;
        Ok(Self {
            id: wire.id,
            customer: wire.customer.map(Reference::into_id),
            status: wire.status,
            prices,
            period_end,
            cancels_at_period_end: wire.cancel_at_period_end == Some(true) || wire.cancel_at.is_some(),
            created: instant(wire.created)?,
            user_id: wire.metadata.and_then(|metadata| metadata.user_id),
        })
    }
}

impl TryFrom<WireList> for StripePage<StripeSubscription> {
    type Error = StripeError;

    fn try_from(wire: WireList) -> Result<Self, StripeError> {
        let (mut items, mut unreadable) = (Vec::with_capacity(wire.data.len()), Vec::new());
        let next = wire.data.last().and_then(|last| last.get("id")?.as_str().map(str::to_owned));
        for entry in wire.data {
            let customer = entry.get("customer").map(|it| it.get("id").unwrap_or(it)).and_then(Value::as_str);
            let customer = customer.map(str::to_owned);
            let read = serde_json::from_value::<WireSubscription>(entry).map_err(|_| ());
            match read.and_then(|wire| StripeSubscription::try_from(wire).map_err(|_| ())) {
                Ok(item) => items.push(item),
                Err(()) => unreadable.push(customer),
            }
        }
        if wire.has_more && next.is_none() {
            return Err(StripeError::Malformed("subscription list that does not go on"));
        }
        Ok(Self { items, unreadable, next: next.filter(|_| wire.has_more) })
    }
}

/// Unix seconds.
fn instant(seconds: i64) -> Result<DateTime<Utc>, StripeError> {
    DateTime::from_timestamp(seconds, 0).ok_or(StripeError::Malformed("time"))
}
