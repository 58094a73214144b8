//! Hosts with several addresses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use ws101::address::Address;
use ws101::client::{ConnectError, Connection, Route, RouteFuture, Tcp};
use ws101::doctor::{Target, examine};

use super::ward::{Illness, target, told, ward};

/// `localhost` is two addresses, and browsers may take either.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_whose_addresses_differ_is_told() {
    let healthy: Illness = switches!("", call => call.answer_pings().await);
    let port = ward(healthy).port();
    let url = format!("ws://localhost:{port}/ws");
    let diagnosis = examine(&target(&url)).await;
    let is_both = tokio::net::lookup_host(("localhost", port)).await.unwrap().count() > 1;
    let told = told(&diagnosis);
    assert_eq!(told.contains("[::1]"), is_both, "{told}");
}

/// A route to a host with two addresses, as `localhost` has by IPv4 and IPv6.
#[derive(Debug)]
struct TwoAddresses([SocketAddr; 2]);

impl Route for TwoAddresses {
    fn resolve<'r>(&'r self, _: &'r Address) -> RouteFuture<'r, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(self.0.to_vec()) })
    }

    fn connect<'r>(
        &'r self,
        peer: SocketAddr,
        address: &'r Address,
        limit: Duration,
    ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>> {
        Tcp.connect(peer, address, limit)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_addresses_of_one_host_that_differ_are_told() {
    let healthy: Illness = switches!("", call => call.answer_pings().await);
    let old: Illness = says!("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let (good, bad) = (ward(healthy), ward(old));
    for (first, other, seen) in
        [(good, bad, Some("404 Not Found")), (bad, good, Some("101 Switching")), (good, good, None)]
    {
        let route = Arc::new(TwoAddresses([first, other]));
        let target = Target { route, ..target("ws://localhost:1/ws") };
        let told = told(&examine(&target).await);
        let differs = told.lines().find(|line| line.contains("they differ"));
        let expected = seen.map(|seen| {
            format!("! localhost is {first} and {other}, and they differ: there {seen}")
        });
        assert_eq!(differs.is_some(), expected.is_some(), "{told:#?}");
        let is_told = |expected: String| differs.is_some_and(|line| line.starts_with(&expected));
        assert!(expected.is_none_or(is_told), "{told:#?}");
    }
}
