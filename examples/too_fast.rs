//! Limits a client that sends too fast, and disconnects one that reads too slowly.
//!
//!     cargo run --example too_fast
//!
//! Open <http://127.0.0.1:8080> and press *Send 30 lines*. Twenty come back. For each of the others
//! the server sends an `error`: a client may send 5 messages a second, and 20 at once.

use std::time::Duration;

use http::header::CONTENT_SECURITY_POLICY;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet, Socket};
use ws101::close::{CLOSE_DEADLINE, Ended, close_frame, finish, next_message};
use ws101::handshake::Policy;
use ws101::limits::Bucket;
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{log, server, typed};

/// How many messages a client may send at once, as a multiple of its messages a second.
const BURST: u32 = 4;

/// How many messages in a row are refused. With the next one, the server closes the connection.
const REFUSALS: u32 = 20;

const WELCOME: &str = r#"{"type":"system","content":"Добро пожаловать в чат!"}"#;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let shutdown = Shutdown::default();
    log!("open http://{} in two tabs", listener.local_addr()?);
    // Each client has a limit, so the room as a whole has none.
    let hub = Hub::new(HubOptions { pace: 0, ..settings.hub_options() });
    let policy = Policy { paths: vec!["/ws".into()], ..settings.policy() };
    let limits = settings.clone();
    let serve = move |accepted| serve(accepted, hub.clone(), limits.clone());
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    server::serve(&settings, listener, [sockets, page()], shutdown).await;
    Ok(())
}

/// Serves the page, whose script connects to this server.
fn page() -> BoxedFilter<(Response,)> {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'; connect-src ws: wss:; frame-ancestors 'none'";
    let page = || {
        let page = warp::reply::html(include_str!("too_fast/page.html"));
        warp::reply::with_header(page, CONTENT_SECURITY_POLICY, POLICY).into_response()
    };
    warp::get().and(warp::path::end()).map(page).boxed()
}

/// Serves one client, from the welcome to the end.
async fn serve(accepted: Accepted<UpgradedIo>, hub: Hub, settings: Settings) {
    let id = accepted.peer.id.clone();
    let accepted = accepted.map(Outlet::new);
    let me = hub.join(&accepted.io);
    hub.send(me.id(), WELCOME);
    let mut socket = accepted.into_socket(config(settings.max_message_bytes)).await;
    let Err(end) = talk(&mut socket, &hub, me, settings.rate).await;
    log!("{id}: {}", finish(&mut socket, end, CLOSE_DEADLINE).await);
}

/// Receives and sends until the connection ends, and keeps the client within its limit.
async fn talk(socket: &mut Socket, hub: &Hub, me: Mailbox, rate: u32) -> Ended {
    let mut allowed = Bucket::per_second(rate, rate.saturating_mul(BURST));
    let mut refused = 0;
    loop {
        let message = tokio::select! {
            incoming = next_message(socket) => incoming?,
            evicted = me.drive() => return Err(evicted.into()),
        };
        let Message::Text(text) = message else { continue };
        if let Err(wait) = allowed.take() {
            refused += 1;
            if refused > REFUSALS {
                return Err(close_frame(CloseCode::Policy, "too fast").into());
            }
            hub.send(me.id(), too_fast(wait).to_string());
            continue;
        }
        refused = 0;
        let Ok(said) = typed::read(&text) else { continue };
        if said["type"] == "user" && said["content"].is_string() {
            hub.broadcast(json!({"type": "user", "content": said["content"]}).to_string());
        }
    }
}

/// Tells a client that its message was dropped, and in what time it may send the next one.
fn too_fast(wait: Duration) -> Value {
    let wait = wait.as_millis() + 1;
    json!({"type": "error", "code": "rate_limited", "retry_after_ms": wait})
}
