//! The whole chat: a page, a room, heartbeats, statistics and a graceful end.
//!
//!     cargo run --example full_chat
//!
//! then open <http://127.0.0.1:8080> in three tabs. Press Test in each. Look at
//! <http://127.0.0.1:8080/stats>. Ctrl-C says goodbye to all of them; start it
//! again, and they come back by themselves.

use tracing::info;
use warp::Filter;
use ws101::chat::Chat;
use ws101::endpoint::Endpoint;
use ws101::page::page;
use ws101::settings::{Settings, StartError};
use ws101::{server, shutdown};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    tracing_subscriber::fmt().compact().init();
    let settings = Settings::from_env()?;
    let listener = settings.listen()?;
    println!("open http://{} in a few tabs; Ctrl-C ends it", listener.local_addr()?);

    let chat = Endpoint::open(Chat::new(&settings), &settings);
    let socket = warp::path!("ws").and(chat.filter()).boxed();
    let routes = [socket, chat.stats(), page("v1")];
    let serving = tokio::spawn(server::serve(listener, routes, chat.shutdown().clone()));

    info!("{}: saying goodbye", shutdown::signal().await?);
    let left_behind = chat.close().await;
    serving.await?;
    info!("closed; {left_behind} had not left in time");
    Ok(())
}
