//! PostgreSQL's enum types, one by one the same as the domain's enums. They exist because the driver's traits can only be
//! implemented here; rows are translated to domain values with `From`.

use sea_orm::entity::prelude::*;

macro_rules! pg_enum {
    ($(#[$doc:meta])* $name:ident = $type:literal, $domain:path { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "Enum", enum_name = $type)]
        pub enum $name { $(#[sea_orm(string_value = $text)] $variant),+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                use $domain as Domain;
                match value { $(Domain::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

pg_enum! {
    /// The type `skill_level`.
    SkillLevel = "skill_level", waymark_domain::plans::SkillLevel {
        Beginner = "beginner",
        Intermediate = "intermediate",
        Advanced = "advanced",
    }
}

pg_enum! {
    /// The type `learning_style`.
    LearningStyle = "learning_style", waymark_domain::plans::LearningStyle {
        Reading = "reading",
        Video = "video",
        Practice = "practice",
        Mixed = "mixed",
    }
}

pg_enum! {
    /// The type `resource_type`.
    ResourceType = "resource_type", waymark_domain::plans::ResourceType {
        Youtube = "youtube",
        Article = "article",
        Course = "course",
        Doc = "doc",
        Other = "other",
    }
}

pg_enum! {
    /// The type `progress_status`.
    ProgressStatus = "progress_status", waymark_domain::plans::ProgressStatus {
        NotStarted = "not_started",
        InProgress = "in_progress",
        Completed = "completed",
    }
}

pg_enum! {
    /// The type `generation_status`.
    GenerationStatus = "generation_status", waymark_domain::plans::GenerationStatus {
        Generating = "generating",
        Ready = "ready",
        Failed = "failed",
    }
}

pg_enum! {
    /// The type `plan_origin`.
    PlanOrigin = "plan_origin", waymark_domain::plans::PlanOrigin {
        Ai = "ai",
        Template = "template",
        Manual = "manual",
    }
}

pg_enum! {
    /// The type `job_status`.
    JobStatus = "job_status", waymark_domain::jobs::JobStatus {
        Pending = "pending",
        Processing = "processing",
        Completed = "completed",
        Failed = "failed",
    }
}

pg_enum! {
    /// The type `job_type`.
    JobType = "job_type", waymark_domain::jobs::JobType {
        PlanGeneration = "plan_generation",
        PlanRegeneration = "plan_regeneration",
        AccountErasure = "account_erasure",
        BillingReconcile = "billing_reconcile",
    }
}

pg_enum! {
    /// The type `subscription_tier`.
    SubscriptionTier = "subscription_tier", waymark_domain::billing::SubscriptionTier {
        Free = "free",
        Starter = "starter",
        Pro = "pro",
    }
}

pg_enum! {
    /// The type `subscription_status`.
    SubscriptionStatus = "subscription_status", waymark_domain::billing::SubscriptionStatus {
        Active = "active",
        Canceled = "canceled",
        PastDue = "past_due",
        Trialing = "trialing",
    }
}

pg_enum! {
    /// The type `integration_provider`.
    IntegrationProvider = "integration_provider", waymark_domain::integrations::IntegrationProvider {
        Notion = "notion",
        GoogleCalendar = "google_calendar",
    }
}
