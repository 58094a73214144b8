//! Processor time and memory of a process, as the system reports them (Linux, `/proc`).

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// Processor time since a process began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    /// Of all threads together, in nanoseconds.
    pub total: Duration,
    /// The part outside the kernel, in ticks of 10 ms.
    pub user: u64,
    /// The part inside the kernel, in ticks of 10 ms.
    pub system: u64,
}

impl Cpu {
    /// The time of the process `pid`.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{pid}/task")).context("this needs Linux's /proc")? {
            // A thread may have ended since the listing.
            let Ok(line) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanos += field(&line, 0).unwrap_or(0);
        }
        let line = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in brackets, may contain spaces.
        let fields = line.rsplit(')').next().unwrap_or_default();
        let (user, system) =
            field(fields, 11).zip(field(fields, 12)).context("no times in stat")?;
        Ok(Self { total: Duration::from_nanos(nanos), user, system })
    }

    /// The time since `before`: in all, and the part outside the kernel.
    pub fn since(self, before: Self) -> (Duration, Duration) {
        let total = self.total.saturating_sub(before.total);
        let user = self.user - before.user;
        let system = self.system - before.system;
        (total, total.mul_f64(user as f64 / (user + system).max(1) as f64))
    }
}

/// Resident memory in bytes, without mapped files.
pub fn memory(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| field(line, 0)).context("no RssAnon in status")?;
    Ok(kilobytes * 1024)
}

fn field(line: &str, index: usize) -> Option<u64> {
    line.split_whitespace().nth(index)?.parse().ok()
}
