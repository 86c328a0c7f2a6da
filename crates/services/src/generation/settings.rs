//! What the generation may take and how long.

use crate::sweeper::SweeperSettings;
use std::time::Duration;
use waymark_domain::generation::FIRST_PAUSE;
use waymark_domain::quota::Limits;

/// How long an attempt may take. The provider call is really cancelled when one runs out.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the first module has closed.
    pub first_module: Duration,
    /// Then, without any byte.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { first_module: Duration::from_secs(30), idle: Duration::from_secs(30), total: Duration::from_mins(3) }
    }
}

/// How this process takes part in generating.
#[derive(Debug, Clone)]
pub struct GenerationSettings {
    /// Time-outs of an attempt.
    pub timeouts: Timeouts,
    /// How long a job is held without a heartbeat; heartbeats come three times as often.
    pub lease: Duration,
    /// Generations at once in this process; 0 for none.
    pub workers: usize,
    /// How long a stopping process lets its generations finish before it hands them over.
    pub drain: Duration,
    /// The pause before a second attempt; each later one is four times as long.
    pub first_pause: Duration,
    /// Limits by tier.
    pub limits: Limits,
    /// Generations a learner may start within an hour; none for no limit (load tests).
    pub hourly_generations: Option<u32>,
    /// What is kept how long, and how often that is looked after; only processes that generate do.
    pub sweeper: SweeperSettings,
}

impl Default for GenerationSettings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            lease: Duration::from_secs(30),
            workers: 64,
            drain: Duration::from_secs(5),
            first_pause: FIRST_PAUSE,
            limits: Limits::default(),
            hourly_generations: Some(10),
            sweeper: SweeperSettings::default(),
        }
    }
}
