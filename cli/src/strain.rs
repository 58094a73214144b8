//! How long a program waited for a processor. That time is the machine's, and counts against no deadline.
//!
//! Linux tells it in `/proc`. Elsewhere no such wait is known, and all time counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::processes::members;

/// How often a deadline may be extended by its own length.
const EXTENSIONS: u32 = 5;

/// The pause between two looks at a program that is past its deadline.
const LOOK: Duration = Duration::from_millis(100);

/// How many processes of a program are looked at, and how many threads of each.
const PROCESSES: usize = 256;
const THREADS: usize = 256;

/// The waits of threads, by process and thread.
type Waits = BTreeMap<PathBuf, BTreeMap<PathBuf, Duration>>;

/// The waits of a program's threads, and of those of this command, since a moment.
#[derive(Debug)]
pub struct Strain {
    group: u32,
    began: Instant,
    before: Waits,
}

impl Strain {
    /// Of the processes of this group, from now on.
    pub fn of(group: u32) -> Self {
        Self { group, began: Instant::now(), before: waits(group) }
    }

    /// How long the processes have waited, one after the other: each as long as the thread of it that waited
    /// most. Never more than the time that has passed.
    pub fn waited(&self) -> Duration {
        let more = |(process, threads): (PathBuf, BTreeMap<PathBuf, Duration>)| {
            let before = self.before.get(&process);
            let before = |thread| before.and_then(|threads| threads.get(thread)).copied();
            let more = threads
                .iter()
                .map(|(thread, wait)| wait.saturating_sub(before(thread).unwrap_or_default()));
            more.max().unwrap_or_default()
        };
        let sum: Duration = waits(self.group).into_iter().map(more).sum();
        sum.min(self.began.elapsed())
    }

    /// Whether `limit` has passed without the waits, or all its extensions with them.
    pub fn is_over(&self, limit: Duration) -> bool {
        let elapsed = self.began.elapsed();
        // Looking at the threads costs more than looking at the clock.
        elapsed >= limit && is_over(elapsed, self.waited(), limit)
    }

    /// Waits until it [is over](Self::is_over). Cancel safe.
    pub async fn over(&self, limit: Duration) {
        sleep(limit.saturating_sub(self.began.elapsed())).await;
        while !self.is_over(limit) {
            sleep(LOOK).await;
        }
    }

    /// How long the threads have waited, if that may be why something took longer than `limit`: a program
    /// that needs less than half of it has been kept from it by the machine.
    pub fn excuse(&self, limit: Duration) -> Option<Duration> {
        let waited = self.waited();
        (waited >= limit / 2).then_some(waited)
    }
}

fn is_over(elapsed: Duration, waited: Duration, limit: Duration) -> bool {
    elapsed >= limit * (1 + EXTENSIONS) || elapsed.saturating_sub(waited) >= limit
}

/// A time in whole tenths of a second, as sentences tell it.
pub fn tenths(time: Duration) -> Duration {
    time.saturating_sub(Duration::from_nanos(u64::from(time.subsec_nanos() % 100_000_000)))
}

/// The waits of the processes of this group, and of this one.
fn waits(group: u32) -> Waits {
    let theirs = members(group).map(|id| PathBuf::from(format!("/proc/{id}/task")));
    let all = theirs.chain([PathBuf::from("/proc/self/task")]).take(PROCESSES);
    let threads = |process: PathBuf| {
        let threads = fs::read_dir(&process).into_iter().flatten().flatten().take(THREADS);
        let threads = threads.map(|thread| thread.path());
        let waits = threads.filter_map(|thread| Some((thread.clone(), wait_of(&thread)?)));
        let waits = waits.collect();
        (process, waits)
    };
    all.map(threads).collect()
}

/// The second number of `schedstat`: the nanoseconds that a thread was ready to run, and did not.
fn wait_of(thread: &Path) -> Option<Duration> {
    let numbers = fs::read_to_string(thread.join("schedstat")).ok()?;
    numbers.split(' ').nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use std::process::id;
    use std::time::Duration;

    use super::{is_over, tenths, wait_of};
    use crate::processes::{group_of, members};

    #[test]
    fn a_wait_extends_a_deadline_up_to_a_limit() {
        let ms = Duration::from_millis;
        for (elapsed, waited, expected) in [
            (900, 0, false),
            (1000, 0, true),
            (1000, 1, false),
            (1500, 400, true),
            (5900, 5800, false),
            (6000, 6000, true),
        ] {
            let seen = is_over(ms(elapsed), ms(waited), ms(1000));
            assert_eq!(seen, expected, "{elapsed} ms, {waited} of them waited");
        }
        assert_eq!(tenths(ms(2345)), ms(2300));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_waits_of_a_process_are_found() {
        let group = group_of(id()).expect("this process has a group");
        assert!(members(group).any(|member| member == id()));
        assert!(wait_of("/proc/self/task/..".as_ref()).is_some());
    }
}
