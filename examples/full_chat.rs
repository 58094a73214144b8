//! The whole chat: a page, a room, heartbeats, statistics and a graceful shutdown.
//!
//!     cargo run --example full_chat
//!
//! Then open <http://127.0.0.1:8080> in three tabs and press Test in each. Look at
//! <http://127.0.0.1:8080/stats>. Clients of several dialects are in one room: see
//! `chat::Dialect`. Ctrl-C closes all connections; start it again, and the tabs reconnect.

use tracing::{info, warn};
use ws101::chat::{Chat, Rooms};
use ws101::endpoint::Endpoint;
use ws101::log;
use ws101::page::page;
use ws101::program::{self, StartError};
use ws101::settings::Settings;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    log::init();
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let signal = program::signal()?;
    log!("open http://{} in a few tabs; Ctrl-C ends it", listener.local_addr()?);

    let mut room = Chat::new(&settings);
    let second = Settings { port: settings.port_python_chat, ..settings.clone() };
    let second = program::listen(&second);
    match &second {
        Ok(listener) => {
            log!("python_chat clients connect to ws://{}", listener.local_addr()?);
            room = room.port(listener.local_addr()?.port(), "python_chat");
        }
        Err(error) => warn!("no port for python_chat clients: {error}. They may use /py"),
    }
    let chat = Endpoint::open(Rooms::open(room, &settings)?, &settings);
    let routes =
        |dialect| [chat.sockets(), chat.stats(), chat.health(), page(&settings.frontend, dialect)];
    let serve = |listener, dialect| chat.serve_http(listener, routes(dialect));
    let mut serving = vec![tokio::spawn(serve(listener, "canonical"))];
    serving.extend(second.map(|listener| tokio::spawn(serve(listener, "python_chat"))));

    info!("{}: saying goodbye", signal.await);
    let left_behind = chat.close().await;
    futures::future::try_join_all(serving).await?;
    info!("closed; {left_behind} had not left in time");
    log::flush();
    Ok(())
}
