//! A server that one frame ends is found dead behind TLS and through a proxy, too.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Error;
use ws101::handshake::Policy;
use ws101::limits::HEAD_DEADLINE;
use ws101::upgrade::{accept, config};
use ws101::{close, echo::echo};

use super::certificates::{Authority, Kind};
use super::{proxy, run, told, url};

/// An echo behind TLS that ends, and with it all connections, when a client breaks the protocol.
async fn mortal(authority: &Authority) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(authority.server(Kind::Good)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((tcp, _)) = accepted else { return };
                    let acceptor = acceptor.clone();
                    connections.spawn(async move {
                        let Ok(tls) = acceptor.accept(tcp).await else { return false };
                        let accepted = accept(tls, &Policy::default(), HEAD_DEADLINE).await;
                        let Ok(accepted) = accepted else { return false };
                        let mut socket = accepted.into_socket(config(1 << 16)).await;
                        let ended = echo(&mut socket, str::to_owned).await;
                        let is_broken = matches!(ended, Err(Error::Protocol(_)));
                        close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
                        is_broken
                    });
                }
                Some(Ok(true)) = connections.join_next() => return,
            }
        }
    });
    address
}

const ACTS: &str =
    "bob -> GET /ws\nbob <- 101\nbob >> text unmasked \"hi\"\nbob << close ...\nbob -- end\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_death_behind_tls_is_told() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acts.wst").into_os_string().into_string().unwrap();
    std::fs::write(&file, ACTS).unwrap();
    let proxy = format!("http://ann:secret@{}", proxy().await);
    let ways: [&[&str]; 2] = [&[], &["--proxy", &proxy]];
    for way in ways {
        for (lang, ended, gone) in [
            (
                "en",
                "one frame ended your whole server, and every connection with it",
                "the server accepts no connection any more; the last that it got: bob >> text unmasked \"hi\"",
            ),
            (
                "ru",
                "один кадр завершил весь ваш сервер, а с ним все соединения",
                "сервер больше не принимает соединений; последнее, что он получил: bob >> text unmasked \"hi\"",
            ),
        ] {
            let options = [way, &["--cacert", authority.file(), "--lang", lang]].concat();
            for (command, words) in [("doctor", ended), ("play", gone)] {
                let url = url(mortal(&authority).await, "wss");
                let place =
                    if command == "doctor" { vec![&*url] } else { vec![&*file, "--url", &url] };
                let output = run(&[&[command][..], &place, &options].concat(), "").await;
                let told = told(&output);
                assert_eq!(output.status.code(), Some(1), "{command} {way:?}: {told}");
                assert!(told.contains(words), "{command} {way:?}: {told}");
            }
        }
    }
}
