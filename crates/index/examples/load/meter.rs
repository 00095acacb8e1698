//! CPU time of this process, and how long things took.

use std::time::Duration;

/// CPU seconds of this process so far.
pub(crate) fn cpu_seconds() -> f64 {
    #[cfg(unix)]
    {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
    }
    #[cfg(not(unix))]
    0.0
}

/// The value below which this share of them lies, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * share).ceil() as usize;
    sorted.get(place).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
}
