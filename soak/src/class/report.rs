//! The report of a class.

use std::fmt;
use std::time::Duration;

use super::Options;
use super::viewer::View;

/// How late 99 of 100 events may be.
const LATE: Duration = Duration::from_millis(100);

/// How long a phone may take from the scan to its first frame on the projector.
const JOINED: Duration = Duration::from_secs(15);

/// The memory may grow by one part in so many, and by this many bytes, once all buffers are full.
const GROWTH: u64 = 10;
const GROWTH_BYTES: u64 = 4 * 1024 * 1024;

pub struct Report {
    pub options: Options,
    /// How long each phone took to join.
    pub joined: Vec<Duration>,
    /// Messages of all phones.
    pub sent: u64,
    /// How long they talked.
    pub took: Duration,
    pub views: Vec<View>,
    /// Bytes of memory after the first part of the run, and at its end.
    pub warm: Option<u64>,
    pub end: Option<u64>,
}

impl Report {
    /// The marks that were missed.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let late = self.late();
        if late.is_empty() {
            failures.push("no page was told of a frame".to_owned());
        }
        if part(&late, 99) > LATE {
            failures.push(format!("99 of 100 events come within {:?}", part(&late, 99)));
        }
        let last = self.joined.iter().max().copied().unwrap_or_default();
        if last > JOINED {
            failures.push(format!("the last phone was there after {last:?}"));
        }
        let missed: u64 = self.views.iter().map(|view| view.left_out).sum();
        if missed > 0 {
            failures.push(format!("pages missed {missed} events"));
        }
        if let (Some(warm), Some(end)) = (self.warm, self.end)
            && end > warm + warm / GROWTH + GROWTH_BYTES
        {
            failures.push(format!("the memory grew from {} to {}", mib(warm), mib(end)));
        }
        failures
    }

    /// How late the events of all pages were, in order.
    fn late(&self) -> Vec<Duration> {
        let mut late: Vec<_> = self.views.iter().flat_map(|view| view.late.clone()).collect();
        late.sort_unstable();
        late
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { phones, viewers, rate, .. } = self.options;
        let mut joined = self.joined.clone();
        joined.sort_unstable();
        let late = self.late();
        let events: u64 = self.views.iter().map(|view| view.events).sum();
        let left_out: u64 = self.views.iter().map(|view| view.left_out).sum();
        let seconds = self.took.as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "numbers for people")]
        let [events_a_second, sent_a_second] = [events, self.sent].map(|it| it as f64 / seconds);
        writeln!(f, "{phones} phones, {viewers} pages, {rate} messages a second of each phone")?;
        writeln!(
            f,
            "  from the scan to the first frame on the projector: p50 {:?}, last {:?}",
            part(&joined, 50),
            part(&joined, 100)
        )?;
        writeln!(
            f,
            "  {sent_a_second:.0} messages and {events_a_second:.0} events a second for {seconds:.0} s"
        )?;
        writeln!(
            f,
            "  events are late by: p50 {:?}, p99 {:?}, at most {:?}; pages missed {left_out}",
            part(&late, 50),
            part(&late, 99),
            part(&late, 100)
        )?;
        if let (Some(warm), Some(end)) = (self.warm, self.end) {
            writeln!(f, "  memory of ws101: {} when warm, {} at the end", mib(warm), mib(end))?;
        }
        for failure in self.failures() {
            writeln!(f, "FAILED {failure}")?;
        }
        Ok(())
    }
}

/// The value below which so many of 100 are.
fn part(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::part;

    #[test]
    fn a_part_is_a_value_that_was_measured() {
        let measured: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        let values = [1, 50, 99, 100].map(|percent| part(&measured, percent).as_millis());
        assert_eq!(values, [2, 100, 198, 200]);
        assert_eq!(part(&[], 99), Duration::ZERO);
    }
}
