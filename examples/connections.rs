//! Lists the connected clients: id, address, browser, and since when.
//!
//!     cargo run --example connections
//!
//! Then open <http://127.0.0.1:8080> in two browsers and look at the table. With
//! `HOST=0.0.0.0`, phones can connect, too. All phones behind one router have one address, so
//! an address does not tell people apart. The page is at `/`, its WebSocket only at `/ws`.

use std::{collections::BTreeMap, sync::Mutex};

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use warp::{Filter, Reply};
use ws101::close::{CLOSE_DEADLINE, Ended, finish, next_message};
use ws101::crowd::LISTED;
use ws101::handshake::Policy;
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{echo::WRITE_DEADLINE, heartbeat, log, page::page, server, stream::within};

/// The connected clients, as the list shows them.
static PEERS: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let shutdown = Shutdown::default();
    log!("open http://{} in two browsers", listener.local_addr()?);
    let policy = Policy { paths: vec!["/ws".into()], ..settings.policy() };
    let max_bytes = settings.max_message_bytes;
    let serve = move |accepted| serve(accepted, max_bytes);
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    let peers = || {
        let peers = PEERS.lock().unwrap();
        let list = warp::reply::json(&peers.values().take(LISTED).collect::<Vec<_>>());
        warp::reply::with_header(list, "x-total-count", peers.len())
    };
    let list = warp::path!("connections").and(server::loopback()).map(peers);
    let list = list.map(Reply::into_response).boxed();
    let routes = [sockets, list, page(&settings.frontend, "connections")];
    server::serve(&settings, listener, routes, shutdown).await;
    Ok(())
}

async fn serve(accepted: Accepted<UpgradedIo>, max_bytes: usize) {
    let peer = accepted.peer.clone();
    log!("{peer}");
    PEERS.lock().unwrap().insert(peer.id.clone(), json!(peer));
    let hello = json!({"type": "connection_established", "connectionId": peer.id,
        "timestamp": peer.since, "message": "WebSocket connection established"});
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let Err(end) = talk(&mut socket, hello).await;
    PEERS.lock().unwrap().remove(&peer.id);
    log!("{}: {}", peer.id, finish(&mut socket, end, CLOSE_DEADLINE).await);
}

/// Receives and sends until the connection ends.
async fn talk(socket: &mut WebSocketStream<UpgradedIo>, hello: Value) -> Ended {
    within(WRITE_DEADLINE, socket.send(hello.to_string().into())).await?;
    loop {
        if let Some(pong) = heartbeat::pong(&next_message(socket).await?) {
            within(WRITE_DEADLINE, socket.send(pong)).await?;
        }
    }
}
