//! Which price is which tier's.

use super::SubscriptionTier;

/// The prices on sale, by tier, as the settings list them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceTiers {
    /// Prices of the tier starter.
    pub starter: Vec<String>,
    /// Prices of the tier pro.
    pub pro: Vec<String>,
}

impl PriceTiers {
    /// The tier of a price; none when it is not ours.
    pub fn tier(&self, price: &str) -> Option<SubscriptionTier> {
        let among = |prices: &[String]| prices.iter().any(|known| known == price);
        if among(&self.pro) {
            Some(SubscriptionTier::Pro)
        } else if among(&self.starter) {
            Some(SubscriptionTier::Starter)
        } else {
            None
        }
    }

    /// A price that stands under both tiers, which would mean either.
    pub fn ambiguous(&self) -> Option<&str> {
        self.starter.iter().find(|price| self.pro.contains(price)).map(String::as_str)
    }
}
