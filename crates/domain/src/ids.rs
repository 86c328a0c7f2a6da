//! Typed ids, so that a plan's id cannot be given where a task's is wanted. All are UUIDs (v7, made by the application:
//! index locality); the bytes come from `services::ids`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident ),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bare UUID, for a query's parameter.
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { text.parse().map(Self) }
        }
    )+ };
}

ids! {
    /// `users.id`: the internal key, never the identity provider's subject.
    UserId,
    /// `learning_plans.id`
    PlanId,
    /// `modules.id`
    ModuleId,
    /// `tasks.id`
    TaskId,
    /// `resources.id`
    ResourceId,
    /// `plan_generations.id`: one run of the model over a plan, with up to three attempts.
    GenerationId,
    /// `generation_attempts.id`
    AttemptId,
    /// `job_queue.id`
    JobId,
}
