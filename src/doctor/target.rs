//! The address to examine, and how a request to it is made.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;

use super::page::Page;
use crate::address::Address;
use crate::client::{Request, Route, Tcp};

/// How often [`Target::timeout`] can pass at most: once to look up the name, once for each of seven
/// addresses that do not answer, twice (to connect, and to get an answer) for the one that answers; then
/// twice for each of four requests that compare manners and addresses, and 23 times for the rules with
/// their witness. A refusal takes less: twice for each of the seven usual paths and of six more requests. So
/// does a difference between manners: nine requests, and no rules.
const STEPS: u32 = 1 + 7 + 2 + 2 * 4 + 23;

/// How many timeouts of the target it may take to fetch a page with its redirects.
pub(super) const FETCH_STEPS: u32 = 4;

/// How many timeouts the whole look at a page may take: to look up its name and connect by HTTPS, to fetch
/// it, and to look up two names.
const PAGE_STEPS: u32 = 2 + FETCH_STEPS + 2;

/// The time beside the timeouts: for greetings, texts of refusals, the turns of rules that are tested
/// alone, and the closing handshake.
const ASIDES: Duration = Duration::from_secs(15);

/// How long all tests of rules together may take that are run a second time. Most end at once, and those of a
/// server that closes nothing take half a second each.
pub(super) const AGAIN: Duration = Duration::from_secs(15);

/// The address to examine, and how.
///
/// Start from [`Target::new`] and change the fields that differ: `Target { quiet, ..Target::new(address) }`.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address of the WebSocket.
    pub address: Address,
    /// The page that opens the WebSocket: its rules are judged first. Its [`origin`](Page::origin) is sent
    /// only if `origin` says so.
    pub page: Option<Page>,
    /// The `Origin` to send, as a page would; `None` sends no `Origin`, as a program does.
    pub origin: Option<String>,
    /// The subprotocols to offer, separated by commas.
    pub subprotocols: Option<String>,
    /// More headers of every request: cookies, a login.
    pub headers: Vec<(String, String)>,
    /// The way to the server: TCP unless a program brings another, such as one with TLS.
    pub route: Arc<dyn Route>,
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
        Self {
            address,
            page: None,
            origin: None,
            subprotocols: None,
            headers: Vec::new(),
            route: Arc::new(Tcp),
            timeout,
            quiet: Duration::ZERO,
        }
    }

    /// The longest time that [`examine`](super::examine) takes: 41 times `timeout`, 8 times more for a page,
    /// plus `quiet`, plus 30 seconds.
    #[must_use]
    pub fn limit(&self) -> Duration {
        let steps = STEPS + if self.page.is_some() { PAGE_STEPS } else { 0 };
        self.timeout * steps + self.quiet + ASIDES + AGAIN
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
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(origin) = &self.origin {
            request = request.header("Origin", origin);
        }
        if let Some(names) = &self.subprotocols {
            request = request.subprotocol(names);
        }
        request
    }
}
