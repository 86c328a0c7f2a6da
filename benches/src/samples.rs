//! Medians and quantiles of what was measured.

use std::time::Duration;

/// Durations in order.
#[derive(Debug, Clone)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Takes them in any order.
    pub fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self(samples)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The sample below which `per_mille` thousandths lie (nearest rank), in milliseconds.
    pub fn millis(&self, per_mille: usize) -> f64 {
        let rank = (self.0.len() * per_mille).div_ceil(1000).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default().as_secs_f64() * 1e3
    }
}

/// The middle one; the higher of two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub const fn float(count: usize) -> f64 {
    count as f64
}
