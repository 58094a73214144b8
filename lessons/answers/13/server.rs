//! Lesson 13: which pages may connect, and as whom: Origin, a cookie, and tickets.
//!
//!     cargo run

use std::collections::VecDeque;
use std::env;
use std::io;
use std::sync::{Arc, Mutex};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// The longest name, in characters.
const LONGEST_NAME: usize = 32;

/// How many sessions and tickets are kept, each. The oldest are forgotten.
const MOST: usize = 1000;

/// Secrets, each with its owner, who is `None` before a login.
type Secrets = VecDeque<(String, Option<String>)>;

/// Makes a secret that nobody can guess, and notes its owner.
fn issue(secrets: &mut Secrets, owner: Option<String>) -> String {
    if secrets.len() == MOST {
        secrets.pop_front();
    }
    let secret = format!("{:032x}", rand::random::<u128>());
    secrets.push_back((secret.clone(), owner));
    secret
}

#[derive(Default)]
struct Known {
    sessions: Secrets,
    tickets: Secrets,
}

type Shared = Arc<Mutex<Known>>;

impl Known {
    /// The session that the request's cookie names, if there is such a session.
    fn session(&self, headers: &HeaderMap) -> Option<String> {
        let lines = headers.get_all("Cookie").iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(|line| line.split(';')).map(str::trim);
        let mut named = cookies.filter_map(|cookie| cookie.strip_prefix("session="));
        let named = named.find(|named| self.sessions.iter().any(|(known, _)| known == named));
        named.map(str::to_owned)
    }

    /// The name of a session's owner, after a login.
    fn owner(&self, session: &str) -> Option<String> {
        let (_, owner) = self.sessions.iter().find(|(known, _)| known == session)?;
        owner.clone()
    }

    /// The owner of the ticket in an address, which uses it up.
    fn redeem(&mut self, request: &Request) -> Option<String> {
        let mut pairs = request.uri().query()?.split('&');
        let ticket = pairs.find_map(|pair| pair.strip_prefix("ticket="))?;
        let at = self.tickets.iter().position(|(known, _)| known == ticket)?;
        self.tickets.remove(at)?.1
    }
}

/// A client, as the server knows it.
#[derive(Default)]
struct Client {
    session: String,
    name: Option<String>,
}

/// Whether the page is one of this server. A program that is no browser sends no `Origin`.
fn is_ours(headers: &HeaderMap) -> bool {
    let origins: Vec<_> = headers.get_all("Origin").iter().collect();
    let host = headers.get("Host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = ["http", "https"].map(|scheme| format!("{scheme}://{host}"));
    match origins[..] {
        [] => true,
        [origin] => own.iter().any(|own| own == origin),
        _ => false,
    }
}

fn refusal(status: StatusCode, words: &str) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(Some(format!("{words}\n")));
    *refusal.status_mut() = status;
    refusal
}

/// Refuses a request, or returns the client and the 101 with its cookie.
#[allow(clippy::result_large_err, reason = "the type is the library's")]
fn route(
    known: &mut Known,
    request: &Request,
    mut response: Response,
) -> Result<(Client, Response), ErrorResponse> {
    if !is_ours(request.headers()) {
        return Err(refusal(StatusCode::FORBIDDEN, "open the page from this server"));
    }
    if request.uri().path() != "/ws" {
        return Err(refusal(StatusCode::NOT_FOUND, "the WebSocket is at /ws"));
    }
    let session = known.session(request.headers()).unwrap_or_else(|| {
        let session = issue(&mut known.sessions, None);
        let cookie = format!("session={session}; HttpOnly; SameSite=Strict; Path=/");
        let cookie = HeaderValue::try_from(cookie).expect("it is ASCII");
        response.headers_mut().insert("Set-Cookie", cookie);
        session
    });
    let name = known.redeem(request).or_else(|| known.owner(&session));
    Ok((Client { session, name }, response))
}

fn error(words: &str) -> Value {
    json!({"type": "error", "message": words})
}

/// Answers a message. The name is the session's, whatever the message says.
fn answer(known: &mut Known, client: &mut Client, text: &str) -> Value {
    let said: Value = serde_json::from_str(text).unwrap_or_default();
    match (said["type"].as_str().unwrap_or_default(), &client.name) {
        ("login", _) => {
            let name = said["username"].as_str().unwrap_or_default().trim();
            if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
                return error("a name has 1 to 32 letters");
            }
            client.name = Some(name.to_owned());
            let mut sessions = known.sessions.iter_mut();
            if let Some((_, owner)) = sessions.find(|(session, _)| *session == client.session) {
                owner.clone_from(&client.name);
            }
            json!({"type": "welcome", "username": name})
        }
        ("ticket", None) => error("log in first"),
        ("ticket", owner) => {
            json!({"type": "ticket", "ticket": issue(&mut known.tickets, owner.clone())})
        }
        ("message", name) => {
            json!({"type": "message", "username": name, "content": said["content"]})
        }
        (unknown, _) => error(&format!("unknown type: {unknown}")),
    }
}

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream, shared: &Shared) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut client = Client::default();
    #[allow(clippy::result_large_err, reason = "the type is the library's")]
    let accept = |request: &Request, response: Response| {
        let (known, response) = route(&mut shared.lock().unwrap(), request, response)?;
        client = known;
        Ok(response)
    };
    let mut socket = accept_hdr_async_with_config(tcp, accept, Some(config)).await?;
    let welcome = json!({"type": "welcome", "username": client.name});
    socket.send(Message::text(welcome.to_string())).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => {
                let answer = answer(&mut shared.lock().unwrap(), &mut client, &text);
                socket.send(Message::text(answer.to_string())).await?;
            }
            // The library answers pings and close frames, when they are sent on.
            _ => socket.flush().await?,
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    let shared = Shared::default();
    loop {
        let (tcp, _) = listener.accept().await?;
        let shared = shared.clone();
        // An error here means that this client is gone, or broke a rule.
        tokio::spawn(async move { talk(tcp, &shared).await.ok() });
    }
}
