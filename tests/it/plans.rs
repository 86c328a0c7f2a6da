//! Plans through HTTP: streaming, resuming, canceling, refusing, and what comes of every way a model can fail.

mod cancel;
mod failures;
mod idempotency;
mod input;
mod phases;
mod quota;
mod races;
mod reading;
mod refusals;
mod regeneration;
mod retry;
mod routes;
mod shapes;
mod spend;
mod streaming;
