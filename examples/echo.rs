//! Sends every message back, as `raw_echo` does, with a library for the frames.
//!
//!     cargo run --example echo
//!
//! Then open <http://127.0.0.1:8080>, write a line and close the tab. Look at the last line
//! printed: the close code, and which side closed. Then end this program while a tab is open:
//! the tab shows 1006, which means that no close frame came.

use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{close, echo::echo, escape::Line, log, page::page, server};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings =
        program::settings(Settings { max_message_bytes: 1 << 20, ..Settings::default() })?;
    let listener = program::listen(&settings)?;
    let shutdown = Shutdown::default();
    log!("open http://{}", listener.local_addr()?);
    let policy = settings.policy();
    let max_bytes = settings.max_message_bytes;
    let serve = move |accepted| serve(accepted, max_bytes);
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    server::serve(&settings, listener, [sockets, page(&settings.frontend, "note")], shutdown).await;
    Ok(())
}

async fn serve(accepted: Accepted<UpgradedIo>, max_bytes: usize) {
    let peer = accepted.peer.clone();
    let reply = |said: &str| {
        log!("Клиент сказал: {}", Line::of(said));
        format!("Принято: {said}")
    };
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let ended = echo(&mut socket, reply).await;
    log!("{peer}: {}", close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await);
}
