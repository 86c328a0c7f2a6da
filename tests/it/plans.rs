//! Plans through HTTP: streaming, resuming, canceling, refusing, and what comes of every way a model can fail.

mod cancel;
mod failures;
mod input;
mod quota;
mod reading;
mod routes;
mod shapes;
mod streaming;
