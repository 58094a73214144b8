//! The room, tested twice: in process, and by address.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use someone::app;
use tokio::net::TcpListener;
use ws101::frame::Frame;
use ws101::scenario::Scenario;
use ws101::transcript::{Pipe, Transcript};

/// Serves one end of a pipe as axum serves a connection.
async fn serve(app: Router, pipe: Pipe) {
    let service = TowerToHyperService::new(app);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(pipe), service);
    connection.with_upgrades().await.expect("it is HTTP");
}

#[tokio::test(start_paused = true)]
async fn what_one_says_all_hear() {
    let app = app();
    let mut t = Transcript::new(move |pipe| serve(app.clone(), pipe));
    t.step("two come");
    t.connect("ann", "/ws").await;
    t.connect("bob", "/ws").await;
    t.step("bob speaks");
    t.send("bob", Frame::text("hello")).await;
    t.step("bob is cut off");
    t.vanish("bob").await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn any_address_will_do() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app()).await });
    let scenario: Scenario = include_str!("room.wst").parse().unwrap();
    let played = scenario.play(Transcript::tcp(address)).await;
    assert!(played.difference.is_none(), "{played}");
}
