//! Decides which pages may connect, and as whom: `Origin`, a cookie, and a ticket.
//!
//!     cargo run --example strangers_page
//!
//! Open <http://127.0.0.1:8080> and log in as Anna. Then open the second address that is printed:
//! a page of another server. It connects in Anna's browser, and gets 403. With the check of
//! `is_ours` taken out it is welcomed as Anna.

use std::{collections::VecDeque, convert::Infallible, sync::Mutex};

use futures::SinkExt;
use http::header::{CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
use warp::{Filter, Reply, filters::BoxedFilter, reject::MethodNotAllowed, reply::Response};
use ws101::close::{CLOSE_DEADLINE, Ended, finish, next_message};
use ws101::handshake::{Policy, Rejection};
use ws101::limits::Caps;
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, Upgrade, UpgradedIo, config, upgrade};
use ws101::{echo::WRITE_DEADLINE, id, log, server, stream::within, typed};

/// How many secrets are kept of each kind. The oldest are forgotten.
const SECRETS: usize = 1000;

/// The longest name, in characters.
const NAME: usize = 32;

/// Secrets, each with the name of its owner: a session, or a ticket for one connection.
type Secrets = Mutex<VecDeque<(String, Option<String>)>>;
static SESSIONS: Secrets = Mutex::new(VecDeque::new());
static TICKETS: Secrets = Mutex::new(VecDeque::new());

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let address = listener.local_addr()?;
    let stranger = program::listen(&Settings { port: 0, ..settings.clone() })?;
    log!("open http://{address}, log in, and then open http://{}", stranger.local_addr()?);
    let shutdown = Shutdown::default();
    let policy = Policy { paths: vec!["/ws".into()], ..settings.policy() };
    let gate = Gate { policy, caps: settings.caps(), settings: settings.clone() };
    let serving = shutdown.clone();
    let sockets = warp::path!("ws").and(upgrade()).map(move |upgrade| gate.open(upgrade, &serving));
    let own = page(include_str!("strangers_page/own.html").to_owned());
    let attack = include_str!("strangers_page/stranger.html");
    let attack = page(attack.replace("ADDRESS", &address.to_string()));
    let ours = server::serve(&settings, listener, [sockets.boxed(), own], shutdown.clone());
    tokio::join!(ours, server::serve(&settings, stranger, [attack], shutdown));
    Ok(())
}

/// Serves one page, whose script may connect to any WebSocket.
fn page(html: String) -> BoxedFilter<(Response,)> {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'; connect-src ws: wss:; frame-ancestors 'none'";
    let page = move || {
        let page = warp::reply::html(html.clone());
        warp::reply::with_header(page, CONTENT_SECURITY_POLICY, POLICY).into_response()
    };
    let missing = |rejection: warp::Rejection| async move {
        let status = match rejection.find::<MethodNotAllowed>() {
            Some(_) => StatusCode::METHOD_NOT_ALLOWED,
            None => StatusCode::NOT_FOUND,
        };
        Ok::<_, Infallible>(warp::reply::with_status(status.to_string(), status).into_response())
    };
    warp::get().and(warp::path::end()).map(page).recover(missing).unify().boxed()
}

/// Decides about requests for a WebSocket.
#[derive(Clone)]
struct Gate {
    policy: Policy,
    caps: Caps,
    settings: Settings,
}

impl Gate {
    /// Answers a request, and serves the client if it is let in.
    fn open(&self, upgrade: Upgrade, serving: &Shutdown) -> Response {
        let headers = upgrade.request().headers().clone();
        if !is_ours(&headers, &self.settings.origins) {
            let origin = headers.get(ORIGIN).map_or(&b""[..], HeaderValue::as_bytes);
            let origin = String::from_utf8_lossy(origin).into_owned();
            return Rejection::Origin(origin).into_response();
        }
        let pending = match upgrade.answer(&self.policy, &self.caps) {
            Ok(pending) => pending,
            Err(rejection) => return rejection.into_response(),
        };
        let mut response = pending.to_response();
        let session = session(&headers).unwrap_or_else(|| {
            let session = issue(&SESSIONS, None);
            let cookie = format!("session={session}; HttpOnly; SameSite=Strict; Path=/");
            response.headers_mut().insert(SET_COOKIE, cookie.parse().expect("it is ASCII"));
            session
        });
        let max_bytes = self.settings.max_message_bytes;
        serving.spawn(async move {
            if let Ok(accepted) = pending.granted().await {
                serve(accepted, session, max_bytes).await;
            }
        });
        response.into_response()
    }
}

/// Whether the page that asks is one of this server, or of a listed origin. Programs other than
/// browsers send no `Origin`.
fn is_ours(headers: &HeaderMap, listed: &[String]) -> bool {
    let origins: Vec<_> = headers.get_all(ORIGIN).iter().collect();
    let [origin] = origins[..] else { return origins.is_empty() };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let known = ["http", "https"].map(|scheme| format!("{scheme}://{host}"));
    known.iter().chain(listed).any(|known| known == origin)
}

/// The session that the cookie names, if there is such a session.
fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|line| line.split("; "));
    let secret = cookies.find_map(|cookie| cookie.strip_prefix("session="))?;
    let sessions = SESSIONS.lock().unwrap();
    sessions.iter().any(|(known, _)| known == secret).then(|| secret.to_owned())
}

/// Makes a secret that nobody can guess.
fn issue(secrets: &Secrets, owner: Option<String>) -> String {
    let secret = id::random();
    let mut secrets = secrets.lock().unwrap();
    if secrets.len() == SECRETS {
        secrets.pop_front();
    }
    secrets.push_back((secret.clone(), owner));
    secret
}

/// Whose session it is; nobody's before a login.
fn owner(session: &str) -> Option<String> {
    let sessions = SESSIONS.lock().unwrap();
    let (_, owner) = sessions.iter().find(|(known, _)| known == session)?;
    owner.clone()
}

/// The owner of a ticket, which is used up by that.
fn redeem(ticket: &str) -> Option<String> {
    let mut tickets = TICKETS.lock().unwrap();
    let at = tickets.iter().position(|(known, _)| known == ticket)?;
    tickets.remove(at)?.1
}

/// Serves one client, from the welcome to the end.
async fn serve(accepted: Accepted<UpgradedIo>, session: String, max_bytes: usize) {
    let peer = accepted.peer.clone();
    log!("{peer}");
    let name = peer.query("ticket").and_then(redeem).or_else(|| owner(&session));
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let Err(end) = talk(&mut socket, &session, name).await;
    log!("{}: {}", peer.id, finish(&mut socket, end, CLOSE_DEADLINE).await);
}

/// Receives and answers until the connection ends.
async fn talk(
    socket: &mut WebSocketStream<UpgradedIo>,
    session: &str,
    mut name: Option<String>,
) -> Ended {
    let welcome = json!({"type": "welcome", "username": name});
    within(WRITE_DEADLINE, socket.send(welcome.to_string().into())).await?;
    loop {
        let Message::Text(text) = next_message(socket).await? else { continue };
        let answer = hear(&text, session, &mut name).unwrap_or_else(error);
        within(WRITE_DEADLINE, socket.send(answer.to_string().into())).await?;
    }
}

/// Does what a message asks. The name comes from the session, never from the message.
fn hear(text: &str, session: &str, name: &mut Option<String>) -> Result<Value, &'static str> {
    let said = typed::read(text).map_err(|_| "send a JSON object with a type")?;
    let username = said["username"].as_str().unwrap_or_default().trim();
    match (said["type"].as_str().unwrap_or_default(), &name) {
        ("login", _) if !(1..=NAME).contains(&username.chars().count()) => {
            Err("a name has 1 to 32 characters")
        }
        ("login", _) => {
            *name = Some(username.to_owned());
            let mut sessions = SESSIONS.lock().unwrap();
            if let Some((_, owner)) = sessions.iter_mut().find(|(known, _)| known == session) {
                owner.clone_from(name);
            }
            Ok(json!({"type": "welcome", "username": name}))
        }
        ("ticket", None) => Err("log in first"),
        ("ticket", owner) => {
            Ok(json!({"type": "ticket", "ticket": issue(&TICKETS, (*owner).clone())}))
        }
        ("message", _) => {
            Ok(json!({"type": "message", "username": name, "content": said["content"]}))
        }
        _ => Err("unknown type"),
    }
}

fn error(words: &str) -> Value {
    json!({"type": "error", "message": words})
}
