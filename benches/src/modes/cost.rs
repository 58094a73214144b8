//! The processor time that some work costs a server.

use std::time::Duration;

use super::Sample;
use crate::target::Target;

/// Runs `work`, which returns how many operations it did. Returns the server's processor time for
/// one operation: in all, and outside the kernel.
pub fn each<T>(
    target: &Target,
    work: impl FnOnce() -> anyhow::Result<(u64, T)>,
) -> anyhow::Result<(Sample, T)> {
    let before = target.cpu()?;
    let (times, result) = work()?;
    let (all, user) = target.cpu()?.since(before);
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / times.max(1) as f64;
    Ok((vec![("cpu us", micros(all)), ("user us", micros(user))], result))
}
