//! The address to examine, and how a request to it is made.

use std::time::Duration;

use data_encoding::BASE64;

use crate::address::Address;
use crate::client::Request;

/// How often [`Target::timeout`] can pass at most: once to look up the name, once for each of seven
/// addresses that do not answer, and twice (to connect, and to get an answer) for each of these: the
/// address that answers, the test for TLS, and the six usual paths.
const STEPS: u32 = 1 + 7 + 2 + 2 * 6;

/// The time beside the timeouts: for greetings, texts of refusals and the closing handshake.
const ASIDES: Duration = Duration::from_secs(5);

/// The address to examine, and how.
///
/// Start from [`Target::new`] and change the fields that differ: `Target { quiet, ..Target::new(address) }`.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address of the WebSocket.
    pub address: Address,
    /// The `Origin` to send, as a page would; `None` sends no `Origin`, as a program does.
    pub origin: Option<String>,
    /// The subprotocols to offer, separated by commas.
    pub subprotocols: Option<String>,
    /// How long each step may take.
    pub timeout: Duration,
    /// How long to send nothing, to find out whether the connection is closed when idle; zero skips this step.
    pub quiet: Duration,
}

impl Target {
    /// A target for a program: no origin, no subprotocols, five seconds for each step, no idle test.
    #[must_use]
    pub fn new(address: Address) -> Self {
        let timeout = Duration::from_secs(5);
        Self { address, origin: None, subprotocols: None, timeout, quiet: Duration::ZERO }
    }

    /// The longest time that [`examine`](super::examine) takes: 22 times `timeout`, plus `quiet`, plus five seconds.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.timeout * STEPS + self.quiet + ASIDES
    }

    /// A valid handshake with a new random key (RFC 6455 §4.1).
    pub(super) fn request(&self) -> Request {
        let mut nonce = [0; 16];
        // A system without randomness leaves zeros, which are a valid key (RFC 6455 §4.1).
        let _ = getrandom::fill(&mut nonce);
        let key = BASE64.encode(&nonce);
        let mut request = Request::new(&self.address.target)
            .header("Host", &self.address.authority())
            .header("Sec-WebSocket-Key", &key);
        if let Some(origin) = &self.origin {
            request = request.header("Origin", origin);
        }
        if let Some(names) = &self.subprotocols {
            request = request.subprotocol(names);
        }
        request
    }
}
