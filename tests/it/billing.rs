//! Money: checkouts and portals, the payment provider's events, and subscriptions that follow what was paid.

mod audit;
mod checkout;
mod crash;
mod downgrade;
mod effects;
mod intake;
mod life;
mod nightly;
mod orders;
mod portal;
mod races;
mod reconcile;
mod repeats;
mod shop;
mod subscribed;
