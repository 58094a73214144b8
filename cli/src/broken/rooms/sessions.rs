//! Lesson 13: which pages may connect, and as whom.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::handshake::{Origins, Policy};
use ws101::http::header::{COOKIE, HOST, ORIGIN};
use ws101::http::{HeaderMap, HeaderValue, Request};
use ws101::id;
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// Whether sessions are what is taught; other lessons have none.
static ARE_TAUGHT: AtomicBool = AtomicBool::new(false);

/// The name of each session; none before a login.
static SESSIONS: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());

/// The session that the request's cookie names, if there is such a session.
fn session(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let sessions = SESSIONS.lock().unwrap();
    let value = |cookie: &str| match broken("13.4") {
        true => cookie.split_once("session=").map(|(_, value)| value.to_owned()),
        false => cookie.strip_prefix("session=").map(str::to_owned),
    };
    let mut values = lines.flat_map(|line| line.split("; ")).filter_map(value);
    values.find(|value| sessions.contains_key(value))
}

/// Begins a session if the request has none, as if it had brought the cookie; gives the cookie.
pub fn begin<B>(request: &mut Request<B>) -> Option<String> {
    if !ARE_TAUGHT.load(Ordering::Relaxed) || session(request.headers()).is_some() {
        return None;
    }
    let session = id::random();
    let cookie = HeaderValue::from_str(&format!("session={session}")).ok()?;
    request.headers_mut().append(COOKIE, cookie);
    let hidden = if broken("13.3") { "" } else { "HttpOnly; " };
    let cookie = format!("session={session}; {hidden}SameSite=Strict; Path=/");
    SESSIONS.lock().unwrap().insert(session, None);
    Some(cookie)
}

/// The policy for a request, where the server is wrong about its page.
pub fn wrong_policy<B>(policy: &Policy, request: &Request<B>) -> Option<Policy> {
    let headers = request.headers();
    let has_cookie = headers.contains_key(COOKIE);
    let has_port = headers.get(HOST).is_some_and(|host| host.as_bytes().contains(&b':'));
    let is_of_page = headers.contains_key(ORIGIN);
    let is_let_in = broken("13.2") && !has_cookie || broken("13.6") && has_cookie;
    if is_let_in {
        return Some(Policy { origins: Origins::any(), ..policy.clone() });
    }
    // It knows itself by another name.
    let is_refused = broken("13.1") && has_port && is_of_page;
    is_refused.then(|| Policy { hosts: vec!["chat".into()], ..policy.clone() })
}

/// Knows its clients by their sessions.
pub struct Sessions {
    clients: BTreeMap<ClientId, Client>,
    /// The owner of each ticket.
    tickets: BTreeMap<String, String>,
}

struct Client {
    session: Option<String>,
    name: Option<String>,
}

impl Sessions {
    pub fn new() -> Self {
        ARE_TAUGHT.store(true, Ordering::Relaxed);
        Self { clients: BTreeMap::new(), tickets: BTreeMap::new() }
    }

    fn redeem(&mut self, ticket: &str) -> Option<String> {
        if broken("13.5") {
            return self.tickets.get(ticket).cloned();
        }
        self.tickets.remove(ticket)
    }
}

impl Room for Sessions {
    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        let session = session(&peer.headers);
        let named = session.as_ref().and_then(|session| SESSIONS.lock().unwrap()[session].clone());
        let name = peer.query("ticket").and_then(|ticket| self.redeem(ticket)).or(named);
        hub.send(who, event("welcome", json!({"username": name})));
        self.clients.insert(who, Client { session, name });
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let said = parsed(&message);
        let Some(client) = self.clients.get_mut(&who) else { return };
        let answer = match (kind(&said), &client.name) {
            ("login", _) => {
                client.name = said["username"].as_str().map(str::to_owned);
                if let Some(session) = &client.session {
                    SESSIONS.lock().unwrap().insert(session.clone(), client.name.clone());
                }
                event("welcome", json!({"username": client.name}))
            }
            ("ticket", Some(name)) => {
                let ticket = id::random();
                self.tickets.insert(ticket.clone(), name.clone());
                event("ticket", json!({"ticket": ticket}))
            }
            ("message", name) => {
                event("message", json!({"username": name, "content": said["content"]}))
            }
            _ => event("error", json!({"message": "log in first"})),
        };
        hub.send(who, answer);
    }

    fn left(&mut self, who: ClientId, _: &Hub) {
        self.clients.remove(&who);
    }
}
