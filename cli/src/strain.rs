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

/// How long a thread has run, and how long it was ready to run and did not.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    ran: Duration,
    waited: Duration,
}

/// The times of threads, by process and thread.
type Threads = BTreeMap<PathBuf, BTreeMap<PathBuf, Times>>;

/// The waits of a program's threads, and of those of this command, since a moment.
#[derive(Debug)]
pub struct Strain {
    group: u32,
    began: Instant,
    before: Threads,
}

impl Strain {
    /// Of the processes of this group, from now on.
    pub fn of(group: u32) -> Self {
        Self { group, began: Instant::now(), before: threads_of(group, true) }
    }

    /// How long the processes have waited, one after the other: each as long as the thread of it that waited
    /// most. Never more than the time that has passed.
    pub fn waited(&self) -> Duration {
        let sum = self.sum_of_most(threads_of(self.group, true), |times| times.waited);
        sum.min(self.began.elapsed())
    }

    /// How long the program's processes have run, each as long as the thread of it that ran most. This command
    /// does not count.
    pub fn ran(&self) -> Duration {
        self.sum_of_most(threads_of(self.group, false), |times| times.ran)
    }

    /// The sum over the processes of what one thread of each has more than at the beginning.
    fn sum_of_most(&self, now: Threads, time: fn(&Times) -> Duration) -> Duration {
        let more = |(process, threads): (PathBuf, BTreeMap<PathBuf, Times>)| {
            let before = self.before.get(&process);
            let before = |thread| before.and_then(|threads| threads.get(thread)).map(time);
            let more = threads.iter().map(|(thread, times)| {
                time(times).saturating_sub(before(thread).unwrap_or_default())
            });
            more.max().unwrap_or_default()
        };
        now.into_iter().map(more).sum()
    }

    /// Whether `limit` has passed without the waits, or all its extensions with them.
    pub fn is_over(&self, limit: Duration) -> bool {
        let elapsed = self.began.elapsed();
        // Looking at the threads costs more than looking at the clock.
        elapsed >= limit && is_over(elapsed, self.waited(), limit)
    }

    /// Waits until it [is over](Self::is_over). Gives the waits if they took up all extensions, and `None` if
    /// `limit` has passed without them. Cancel safe.
    pub async fn over(&self, limit: Duration) -> Option<Duration> {
        sleep(limit.saturating_sub(self.began.elapsed())).await;
        loop {
            let (elapsed, waited) = (self.began.elapsed(), self.waited());
            if is_over(elapsed, waited, limit) {
                return (elapsed.saturating_sub(waited) < limit).then_some(waited);
            }
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

/// The times of the processes of this group, and of this one if it is asked for.
fn threads_of(group: u32, with_own: bool) -> Threads {
    let theirs = members(group).map(|id| PathBuf::from(format!("/proc/{id}/task")));
    let own = with_own.then(|| PathBuf::from("/proc/self/task"));
    let threads = |process: PathBuf| {
        let threads = fs::read_dir(&process).into_iter().flatten().flatten().take(THREADS);
        let threads = threads.map(|thread| thread.path());
        let times = threads.filter_map(|thread| Some((thread.clone(), times_of(&thread)?)));
        let times = times.collect();
        (process, times)
    };
    theirs.chain(own).take(PROCESSES).map(threads).collect()
}

/// The first two numbers of `schedstat`: the nanoseconds that a thread has run, and those that it was ready to run.
fn times_of(thread: &Path) -> Option<Times> {
    let numbers = fs::read_to_string(thread.join("schedstat")).ok()?;
    let mut numbers = numbers.split(' ').map_while(|number| number.parse().ok());
    let ran = numbers.next().map(Duration::from_nanos)?;
    Some(Times { ran, waited: numbers.next().map(Duration::from_nanos)? })
}

#[cfg(test)]
mod tests {
    use std::process::id;
    use std::time::Duration;

    use super::{Strain, is_over, tenths, times_of};
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
        assert!(times_of("/proc/self/task/..".as_ref()).is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_runs_is_told_from_one_that_waits() {
        use std::os::unix::process::CommandExt;
        use std::process::Command;
        use std::thread::sleep;

        let mut programs = ["while :; do :; done", "exec sleep 60"].map(|script| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).process_group(0).spawn().expect("there is a shell")
        });
        let [busy, idle] = programs.each_ref().map(|program| Strain::of(program.id()));
        while busy.ran() < Duration::from_millis(50) {
            sleep(Duration::from_millis(5));
        }
        let idle = idle.ran();
        for program in &mut programs {
            program.kill().expect("it runs");
            program.wait().expect("it ends");
        }
        assert!(idle < Duration::from_millis(50), "{idle:?}");
    }
}
