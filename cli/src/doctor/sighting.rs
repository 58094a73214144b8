//! How far a second device has come on its way to this computer, and what stops it.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Steps without any device, before the doctor says what the fault may be: people look for their phones.
const SCANNING: u32 = 6;

/// A step of a device, in the order in which it takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It spoke TLS: its browser wants https.
    AskedForTls,
    /// It asked by a name that its owner could point at this computer.
    AskedByName,
    /// It has the page.
    Loaded,
    /// Its page opened a WebSocket.
    Opened,
    /// A frame came from it.
    Sent,
    /// It has repeated what a frame of ours said.
    Heard,
}

/// The furthest that any second device has come.
#[derive(Debug)]
pub struct Sighting {
    since: Instant,
    furthest: Option<(Step, IpAddr)>,
}

/// The finding about the room by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A device may still be on its way.
    Waiting,
    /// No device came.
    Nobody,
    /// A device has come so far, and not any further.
    StoppedAfter(Step),
    /// A device has sent and heard a frame.
    Works(IpAddr),
}

impl Sighting {
    pub fn new(now: Instant) -> Self {
        Self { since: now, furthest: None }
    }

    /// Notes the step of a device. Each step of the furthest device has its own time.
    pub fn saw(&mut self, step: Step, device: IpAddr, now: Instant) {
        if self.furthest.is_none_or(|(before, _)| before < step) {
            *self = Self { since: now, furthest: Some((step, device)) };
        }
    }

    pub fn furthest(&self) -> Option<Step> {
        self.furthest.map(|(step, _)| step)
    }

    /// The finding, if a step may take this long.
    pub fn finding(&self, now: Instant, limit: Duration) -> Finding {
        let waited = now - self.since;
        match self.furthest {
            Some((Step::Heard, device)) => Finding::Works(device),
            // A device that does this once does it every time.
            Some((step @ (Step::AskedForTls | Step::AskedByName), _)) => {
                Finding::StoppedAfter(step)
            }
            Some((step, _)) if waited >= limit => Finding::StoppedAfter(step),
            None if waited >= SCANNING * limit => Finding::Nobody,
            _ => Finding::Waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Finding, SCANNING, Sighting, Step};

    const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 33));
    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn each_step_has_its_time_and_the_furthest_counts() {
        let begun = Instant::now();
        let mut sighting = Sighting::new(begun);
        assert_eq!(sighting.finding(begun + LIMIT, LIMIT), Finding::Waiting);
        assert_eq!(sighting.finding(begun + SCANNING * LIMIT, LIMIT), Finding::Nobody);

        let loaded = begun + SCANNING * LIMIT;
        sighting.saw(Step::Loaded, PHONE, loaded);
        assert_eq!(sighting.finding(loaded, LIMIT), Finding::Waiting);
        let late = loaded + LIMIT;
        assert_eq!(sighting.finding(late, LIMIT), Finding::StoppedAfter(Step::Loaded));
        // Another device that comes less far changes nothing.
        sighting.saw(Step::AskedForTls, PHONE, late);
        assert_eq!(sighting.finding(late, LIMIT), Finding::StoppedAfter(Step::Loaded));

        sighting.saw(Step::Sent, PHONE, late);
        assert_eq!(sighting.finding(late, LIMIT), Finding::Waiting);
        sighting.saw(Step::Heard, PHONE, late);
        assert_eq!(sighting.finding(late + LIMIT, LIMIT), Finding::Works(PHONE));
    }

    #[test]
    fn a_browser_that_wants_https_is_told_at_once() {
        let now = Instant::now();
        let mut sighting = Sighting::new(now);
        sighting.saw(Step::AskedForTls, PHONE, now);
        assert_eq!(sighting.finding(now, LIMIT), Finding::StoppedAfter(Step::AskedForTls));
    }
}
