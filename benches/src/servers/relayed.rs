//! The bare echo behind a relay: one that copies TCP, or the proxy of `ws101 tap`.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use ws101::client::{Connection, connect};
use ws101::proxy::{Dial, Options, serve as proxy};

use super::accept;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Serves forever. The events of the proxy are read and dropped.
pub async fn serve(listener: TcpListener, is_proxy: bool) -> anyhow::Result<()> {
    let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let to = echo.local_addr()?;
    echo.set_nonblocking(true)?;
    tokio::spawn(accept::serve(echo, false));
    let listener = tokio::net::TcpListener::from_std(listener)?;
    if is_proxy {
        let dial: Dial = Arc::new(move || {
            Box::pin(
                async move { Ok(Box::new(connect(to, CONNECT).await?) as Box<dyn Connection>) },
            )
        });
        let (mut events, _, serving) = proxy(listener, dial, Options::default());
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        serving.await;
        return Ok(());
    }
    loop {
        let (mut client, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut server: TcpStream = connect(to, CONNECT).await?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
