//! The rules of the page, which decide before anything is sent to the server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use http::{HeaderMap, Response};
use tokio::time::{Instant, timeout, timeout_at};

use super::cause::Cause;
use super::content_policy::ContentPolicy;
use super::evidence::{Evidence, Seen};
use super::examination::{Examination, body};
use super::markup::policies;
use super::page::Page;
use super::target::FETCH_STEPS;
use crate::address::Address;
use crate::client::{Answer, Request, ask_whole};
use crate::escape::{Shown, without_secret_parameters};

/// How many redirects of a page are followed.
const REDIRECTS: usize = 5;

/// The most bytes that are read of a page: its policy stands in its head.
const PAGE_LIMIT: usize = 64 * 1024;

impl Examination<'_> {
    /// The address that a browser connects to for the page; the cause if the page may not open it.
    ///
    /// Cancel safe: a dropped call closes its connections.
    pub(super) async fn of_page(&mut self, page: &Page) -> Result<Address, Cause> {
        let mut target = self.target.address.clone();
        let deadline = Instant::now() + self.target.timeout * FETCH_STEPS;
        let by_https = match page.is_tried_by_https() {
            true => self.by_https(page).await,
            false => None,
        };
        let (page, policies) = self.fetched(by_https.unwrap_or(page.clone()), deadline).await;
        let is_local = is_local_name(&target.host);
        if !target.tls && !is_local && policies.iter().any(ContentPolicy::upgrades) {
            target.tls = true;
            target.port = if target.port == 80 { 443 } else { target.port };
            self.note(Evidence::Upgraded(target.clone()));
        }
        if let Some(directive) = policies.iter().find_map(|policy| policy.forbids(&page, &target)) {
            return Err(Cause::ContentPolicy {
                page: page.to_string(),
                directive: Shown::of(&directive),
                wanted: source(&target),
            });
        }
        if page.address.tls && !target.tls && !is_local {
            return Err(Cause::MixedContent(page.to_string()));
        }
        self.local_network(&page, &target).await?;
        Ok(target)
    }

    /// The page by HTTPS, if it is there.
    async fn by_https(&mut self, page: &Page) -> Option<Page> {
        let address = Address { tls: true, port: 443, ..page.address.clone() };
        let secure = Page { address };
        let peer = self.peer(&secure.address).await?;
        let limit = self.target.timeout;
        let is_there = self.target.route.connect(peer, &secure.address, limit).await.is_ok();
        self.note(Evidence::HttpsFirst { page: secure.to_string(), is_there });
        is_there.then_some(secure)
    }

    /// The page behind all redirects, with its policies; none if it cannot be fetched.
    async fn fetched(&mut self, mut page: Page, deadline: Instant) -> (Page, Vec<ContentPolicy>) {
        for _ in 0..=REDIRECTS {
            let got = timeout_at(deadline, self.get(&page)).await.ok().flatten();
            let seen = got.as_ref().map(|(response, _)| Seen::Status(response.status()));
            self.note(Evidence::PageFetched {
                page: without_secret_parameters(&page.to_string()),
                seen,
            });
            let Some((response, body)) = got else { break };
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let next = to.and_then(|to| page.redirected(to));
            match next.filter(|_| response.status().is_redirection()) {
                Some(next) => page = next,
                None => return (page, self.policies(response.headers(), &body)),
            }
        }
        (page, Vec::new())
    }

    /// The policies of a page, which are evidence.
    fn policies(&mut self, headers: &HeaderMap, body: &[u8]) -> Vec<ContentPolicy> {
        let values = headers.get_all(CONTENT_SECURITY_POLICY).iter();
        let values: Vec<_> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        let elements = policies(&String::from_utf8_lossy(body));
        for (front, text) in values
            .iter()
            .map(|text| ("  content-security-policy:", text))
            .chain(elements.iter().map(|text| ("  <meta> Content-Security-Policy:", text)))
        {
            self.received(format!("{front} {}", Shown::of(text)));
        }
        let of_headers = values.iter().flat_map(|value| ContentPolicy::parse_header(value));
        of_headers.chain(elements.iter().map(|text| ContentPolicy::parse(text))).collect()
    }

    async fn get(&self, page: &Page) -> Option<(Response<()>, Bytes)> {
        let peer = self.peer(&page.address).await?;
        let limit = self.target.timeout;
        let mut io = self.target.route.connect(peer, &page.address, limit).await.ok()?;
        let request = ["Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"]
            .into_iter()
            .fold(Request::new(&page.address.target), Request::without)
            .header("Connection", "close")
            .header("Accept", "text/html,*/*");
        let bytes = request.to_bytes(&page.address.authority());
        let answer = ask_whole(&mut io, &bytes, Instant::now() + limit, PAGE_LIMIT).await;
        let Answer::Response { response, rest, .. } = answer else { return None };
        let body = body(&response, &rest);
        Some((response, body))
    }

    /// The first address of a host.
    async fn peer(&self, address: &Address) -> Option<SocketAddr> {
        let resolving = self.target.route.resolve(address);
        let found = timeout(self.target.timeout, resolving).await.ok()?;
        found.ok()?.first().copied()
    }

    /// Judges local network access: Chrome asks the user before a public page reaches a local address.
    async fn local_network(&mut self, page: &Page, target: &Address) -> Result<(), Cause> {
        let (Some(from), Some(to)) = (self.peer(&page.address).await, self.peer(target).await)
        else {
            return Ok(());
        };
        if is_private(from.ip()) || !is_private(to.ip()) {
            return Ok(());
        }
        if !page.address.tls && !is_local_name(&page.address.host) {
            return Err(Cause::LocalNetwork { page: page.to_string(), peer: to });
        }
        self.note(Evidence::AsksUser { page: page.to_string(), peer: to });
        Ok(())
    }
}

/// The source for `connect-src` that permits a target and nothing else.
fn source(target: &Address) -> String {
    format!("{}://{}", if target.tls { "wss" } else { "ws" }, target.authority())
}

/// Whether browsers take a connection to this host for secure without TLS, or ask the user instead:
/// `localhost`, and addresses and names of the local network (Secure Contexts §3.1).
fn is_local_name(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host.parse()
        .map_or_else(|_| matches!(host.rsplit('.').next(), Some("localhost" | "local")), is_private)
}

/// Whether an address is of this computer or of the local network (Local Network Access §2.1).
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || is_shared
                || ip == Ipv4Addr::UNSPECIFIED
        }
        IpAddr::V6(ip) => {
            ip == Ipv6Addr::LOCALHOST || ip.is_unique_local() || ip.is_unicast_link_local()
        }
    }
}
