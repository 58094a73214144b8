//! `full_chat`, assembled as in its example.

use std::net::TcpListener;

use ws101::chat::Chat;
use ws101::endpoint::Endpoint;
use ws101::page::page;
use ws101::server;
use ws101::settings::Settings;

/// Serves forever.
pub async fn serve(listener: TcpListener, settings: &Settings) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let chat = Endpoint::open(Chat::new(settings), settings);
    let routes = [chat.sockets(), chat.stats(), page("v1")];
    server::serve(settings, listener, routes, chat.shutdown().clone()).await;
    Ok(())
}
