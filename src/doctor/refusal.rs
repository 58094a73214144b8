//! The causes of a response other than 101 (RFC 6455 §4.2.2): by its status, headers and body.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, LOCATION, RETRY_AFTER, SEC_WEBSOCKET_VERSION, SERVER, VIA};
use http::{HeaderMap, HeaderName, Response, StatusCode};

use super::cause::Cause;
use super::evidence::{Evidence, Seen};
use super::examination::{Examination, SHOWN, body, quoted};
use super::manner::Manner;
use super::probe::{probe, probe_with_text};
use super::target::Target;
use crate::client::{Answer, Asked, ProxyFault, ResponseFault, final_response};
use crate::escape::{Shown, without_secret_parameters};
use crate::handshake::VERSION;

/// The paths that are tried if there is no WebSocket at the given one.
const USUAL_PATHS: [&str; 7] = [
    "/ws",
    "/",
    "/chat",
    "/socket",
    "/websocket",
    "/cable",
    "/socket.io/?EIO=4&transport=websocket",
];

impl Examination<'_> {
    /// The cause of an answer other than 101.
    pub(super) async fn refused(
        &mut self,
        peer: SocketAddr,
        response: &Response<()>,
        body: &[u8],
    ) -> Cause {
        let status = response.status();
        if status.is_informational() {
            return self.interim(status, body);
        }
        let mut said = quoted(body);
        if response.headers().contains_key(CONTENT_ENCODING) {
            said = quoted(&self.plain_body(peer).await);
            if !said.as_str().is_empty() {
                self.received(format!("← {said}"));
            }
        }
        let headers = response.headers();
        let address = &self.target.address;
        let text = |name| text(headers, name);
        let shown = |name| text(name).map(|value| Shown::of(&value));
        let proxy = shown(VIA).or_else(|| shown(SERVER));
        let words = said.as_str().to_ascii_lowercase();
        match status.as_u16() {
            400 | 426 | 505 if status == 505 || words.contains("http/1.0") => {
                Cause::OldProxy { status, name: proxy }
            }
            200..300 if text(VIA).is_some() => Cause::UpgradeSwallowed(proxy),
            200..300 => {
                let (path, found) = (address.target.clone(), self.elsewhere(peer).await);
                if body.is_empty() {
                    Cause::Empty { path, status, found }
                } else {
                    Cause::Page { path, found }
                }
            }
            300..400 => match text(LOCATION) {
                Some(to) if is_login(&to) => {
                    Cause::LoginRedirect(Shown::of(&without_secret_parameters(&to)))
                }
                Some(to) => {
                    Cause::Moved(Shown::of(&without_secret_parameters(&socket_address(&to))))
                }
                None => Cause::OtherStatus(status),
            },
            413 | 414 | 431 => Cause::RequestTooLarge(status),
            400 if words.contains("too large") => Cause::RequestTooLarge(status),
            400 if words.contains("transport unknown") => Cause::SocketIo,
            400 if self.answers_tls(peer).await => Cause::Tls,
            // A server made with this library says so in the first line of the body.
            400 if words.contains("upgrade") => Cause::UpgradeSwallowed(proxy),
            // Node's `ws` answers so where another path is its own.
            400 if words.is_empty() || words.ends_with("bad request") => match self
                .elsewhere(peer)
                .await
            {
                Some(found) => {
                    Cause::Elsewhere { path: address.target.clone(), status: Some(status), found }
                }
                None => Cause::BadRequest(said),
            },
            400 => Cause::BadRequest(said),
            401 => Cause::Login(status),
            407 => Cause::Proxy(ProxyFault::Login),
            403 => self.forbidden(peer, said).await,
            404 | 410 => {
                let (path, found) = (address.target.clone(), self.elsewhere(peer).await);
                // With a library it answers 403 where no route is.
                let is_uvicorn = text(SERVER).is_some_and(|name| name == "uvicorn");
                if is_uvicorn && found.is_none() {
                    Cause::NoLibrary(path)
                } else {
                    Cause::NotFound { path, found }
                }
            }
            405 => Cause::MethodNotAllowed,
            408 => Cause::TooLate,
            421 => Cause::Misdirected(address.authority()),
            426 => match text(SEC_WEBSOCKET_VERSION) {
                Some(spoken) if !spoken.split(',').any(|one| one.trim() == VERSION) => {
                    Cause::OtherVersion(Shown::of(&spoken))
                }
                _ => match self.elsewhere(peer).await {
                    Some(found) => Cause::Elsewhere {
                        path: address.target.clone(),
                        status: Some(status),
                        found,
                    },
                    None => Cause::UpgradeSwallowed(proxy),
                },
            },
            503 if is_haproxys(body) => Cause::NobodyBehind(status),
            429 | 503 => Cause::Busy { status, retry: shown(RETRY_AFTER) },
            // A content delivery network has four more for a server that it does not reach.
            502 | 504 | 521..=524 => Cause::NobodyBehind(status),
            511 => Cause::NetworkLogin,
            500..600 => Cause::ServerError(status),
            _ => Cause::OtherStatus(status),
        }
    }

    /// The text of a refusal that is compressed: a plain request accepts no compression.
    async fn plain_body(&mut self, peer: SocketAddr) -> Bytes {
        let request = Manner::Plain.request(self.target);
        let request = request.to_bytes(&self.target.address.authority());
        match probe_with_text(self.target, peer, &request).await {
            Ok((_, Answer::Response { response, rest, .. }))
                if !response.headers().contains_key(CONTENT_ENCODING) =>
            {
                body(&response, &rest)
            }
            _ => Bytes::new(),
        }
    }

    /// The cause of an interim answer; `behind` is what followed it.
    fn interim(&mut self, interim: StatusCode, behind: &[u8]) -> Cause {
        let real = final_response(behind);
        if let Some(real) = &real {
            self.show_response(real);
        } else if !behind.is_empty() {
            self.received(format!("← {}", Shown::new(behind, SHOWN)));
        }
        Cause::Interim { interim, behind: real.map(|real| real.status()) }
    }

    /// The cause of a 403: tries the server's own origin, and none, to see whether `Origin` is the reason.
    async fn forbidden(&mut self, peer: SocketAddr, said: Shown) -> Cause {
        let address = &self.target.address;
        let scheme = if address.tls { "https" } else { "http" };
        let own = format!("{scheme}://{}", address.authority());
        let own = Target { origin: Some(own), ..self.target.clone() };
        let without = Target { origin: None, ..self.target.clone() };
        let Some(origin) = &self.target.origin else {
            let wanted = self.opens(peer, &own).await;
            return if wanted {
                Cause::OriginWanted
            } else {
                self.forbidden_here(peer, said).await
            };
        };
        if self.opens(peer, &without).await || self.opens(peer, &own).await {
            return Cause::OriginRefused(origin.clone());
        }
        self.forbidden_here(peer, said).await
    }

    /// The cause of a 403 that no origin mends: many frameworks answer so where no route matches.
    async fn forbidden_here(&mut self, peer: SocketAddr, said: Shown) -> Cause {
        let path = self.target.address.target.clone();
        match self.elsewhere(peer).await {
            Some(found) => Cause::Elsewhere { path, status: Some(StatusCode::FORBIDDEN), found },
            None => Cause::Forbidden(said),
        }
    }

    /// Another path at which a WebSocket opens: the first of [`USUAL_PATHS`].
    pub(super) async fn elsewhere(&mut self, peer: SocketAddr) -> Option<String> {
        for path in USUAL_PATHS {
            let address = self.target.address.at(path);
            if address != self.target.address {
                let there = Target { address, ..self.target.clone() };
                if self.opens(peer, &there).await {
                    return Some(path.to_owned());
                }
            }
        }
        None
    }

    async fn opens(&mut self, peer: SocketAddr, target: &Target) -> bool {
        let Target { address, origin, .. } = target;
        let request = target.request().to_bytes(&address.authority());
        let answer = probe(target, peer, &request).await;
        let seen = Seen::of(&answer);
        let faults = answer.map(|(_, answer)| answer.faults(&Asked::of(&request)));
        let is_sound = faults.is_ok_and(|faults| !faults.iter().any(ResponseFault::is_fatal));
        let is_faulty = seen == Seen::Status(StatusCode::SWITCHING_PROTOCOLS) && !is_sound;
        let (path, origin) = (address.target.clone(), origin.clone());
        self.note(Evidence::Elsewhere { path, origin, seen, is_faulty });
        is_sound
    }
}

/// The address of a WebSocket for that of a page: `wss:` for `https:`.
fn socket_address(page: &str) -> String {
    page.strip_prefix("http")
        .filter(|rest| rest.starts_with([':', 's']))
        .map_or_else(|| page.to_owned(), |rest| format!("ws{rest}"))
}

fn is_login(location: &str) -> bool {
    let location = location.to_ascii_lowercase();
    ["login", "signin", "sign-in", "sign_in", "auth", "sso"]
        .iter()
        .any(|word| location.contains(word))
}

/// Whether it is what `HAProxy` answers if no server behind it is there.
fn is_haproxys(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("No server is available to handle this request")
}

/// All values of a header as one list. The text is raw: print it only as [`Shown`].
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}
