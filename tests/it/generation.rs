//! Generation, from the model adapter to the flow.

mod provider;
