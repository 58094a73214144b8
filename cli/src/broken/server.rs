//! Lessons 8 and 9: what the connections of a room share, from the first to the end.

use std::process::exit;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::broadcast::{Hub, HubOptions};
use ws101::handshake::Policy;
use ws101::program;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::stats::{Stats, every};

use super::mistake::broken;
use super::shared::{FOREVER, Shared};
use super::{opening, session};

/// Later than any statistics may come, and sooner than a client gives up.
const LATE: Duration = Duration::from_millis(2300);

/// More bytes than anyone sends.
const ENDLESS: usize = 1 << 40;

/// Serves `room` until a signal comes.
pub async fn serve<R: Room>(room: R) -> Result<()> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let signal = program::signal()?;
    ws101::log!("listening on ws://{}/ws", listener.local_addr()?);
    let policy = Policy {
        subprotocols: room.subprotocols().into_iter().map(Into::into).collect(),
        paths: opening::paths().into_iter().map(Into::into).collect(),
        ..settings.policy()
    };
    let options = match broken("14.6") {
        true => HubOptions { capacity: ENDLESS, write_deadline: FOREVER, ..HubOptions::default() },
        false => HubOptions { capacity: settings.max_queue_bytes, ..HubOptions::default() },
    };
    let shared = Arc::new(Shared {
        room: Mutex::new(room),
        hub: Hub::new(options),
        settings,
        stats: Stats::start(),
        policy,
        shutdown: Shutdown::default(),
    });
    let Shared { room, hub, settings, shutdown, .. } = &*shared;
    let telling = shared.clone();
    let tell = move || {
        let report = telling.stats.report();
        telling.room.lock().unwrap().report(&report, &telling.hub);
    };
    tokio::spawn(every(if broken("8.1") { LATE } else { settings.stats }, tell));
    let accepting = tokio::spawn(accept(listener, shared.clone()));

    ws101::log!("{}: goodbye", signal.await);
    if !broken("9.3") {
        accepting.abort();
        let _ended = accepting.await;
    }
    room.lock().unwrap().closing(hub);
    let is_normal = broken("9.2") || broken("15.6");
    let code = if is_normal { CloseCode::Normal } else { CloseCode::Away };
    hub.close_all(code, "server shutting down");
    shutdown.drain(if broken("9.4") { FOREVER } else { settings.drain }).await;
    ws101::log::flush();
    exit(if broken("9.5") { 3 } else { 0 })
}

async fn accept<R: Room>(listener: TcpListener, shared: Arc<Shared<R>>) {
    loop {
        let (tcp, _) = ws101::server::accept(&listener).await;
        let here = shared.clone();
        shared.shutdown.spawn(async move {
            if let Ok(Some(accepted)) = opening::open(tcp, &here.policy).await {
                // The room knows of a connection that has ended with an error.
                let _ = session::run(accepted, &here).await;
            }
        });
    }
}
