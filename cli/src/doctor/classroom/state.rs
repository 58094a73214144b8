//! The doctor's knowledge of a room before a class.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::firewall::Firewall;
use super::super::neighbours;
use super::super::sighting::{Finding, Sighting, Step};
use crate::lang::Lang;

/// A room before a class.
pub struct Classroom {
    /// The address that phones open.
    pub url: String,
    pub port: u16,
    /// How long a step of a device may take.
    pub step: Duration,
    pub lang: Lang,
    pub sighting: Mutex<Sighting>,
    /// The likely fault where no device comes.
    pub suspect: Mutex<Suspect>,
}

/// Why no device comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspect {
    Firewall(Firewall),
    /// Devices reach each other here: the phone is not in this network.
    MobileData,
    /// The Wi-Fi may keep devices apart, or the phone is not in it.
    IsolatedWifi,
}

impl Suspect {
    pub async fn find(own: IpAddr) -> Self {
        match Firewall::find().await {
            Some(firewall) => Self::Firewall(firewall),
            None if neighbours::are_there(own).await => Self::MobileData,
            None => Self::IsolatedWifi,
        }
    }
}

impl Classroom {
    pub fn saw(&self, step: Step, device: IpAddr) {
        self.sighting().saw(step, device, Instant::now());
    }

    pub fn finding(&self) -> Finding {
        self.sighting().finding(Instant::now(), self.step)
    }

    pub fn suspect(&self) -> Suspect {
        *self.suspect.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn sighting(&self) -> MutexGuard<'_, Sighting> {
        self.sighting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as the teacher's page shows it.
    pub fn state(&self) -> Value {
        let (finding, suspect) = (self.finding(), self.suspect());
        let why = match (finding, suspect) {
            (Finding::Waiting | Finding::Works(_), _) => Value::Null,
            (Finding::Nobody, Suspect::Firewall(_)) => "firewall".into(),
            (Finding::Nobody, Suspect::MobileData) => "mobile_data".into(),
            (Finding::Nobody, Suspect::IsolatedWifi) => "isolated_wifi".into(),
            (Finding::StoppedAfter(step), _) => code_of(step).into(),
        };
        let firewall = match (finding, suspect) {
            (Finding::Nobody, Suspect::Firewall(firewall)) => {
                json!({"name": firewall.name(), "mend": firewall.mend(self.port)})
            }
            _ => Value::Null,
        };
        let state = match finding {
            Finding::Waiting => "waiting",
            Finding::Works(_) => "works",
            Finding::Nobody | Finding::StoppedAfter(_) => "fails",
        };
        let furthest = self.sighting().furthest().map(code_of);
        json!({"state": state, "why": why, "furthest": furthest, "firewall": firewall, "url": self.url})
    }
}

/// The name of a step for pages.
fn code_of(step: Step) -> &'static str {
    match step {
        Step::AskedForTls => "asked_for_tls",
        Step::AskedByName => "asked_by_name",
        Step::Loaded => "loaded",
        Step::Opened => "opened",
        Step::Sent => "sent",
        Step::Heard => "heard",
    }
}
