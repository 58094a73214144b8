//! Finds a server by its URL, and connects to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use url::{Position, Url};
use ws101::address::{Address, AddressError};
use ws101::client::{Answer, ConnectError, Connection, Route, Tcp, ask_head};
use ws101::doctor::Cause;
use ws101::scenario::Scenario;
use ws101::transcript::{Request, Transcript};

use crate::form::Form;
use crate::lang::Lang;
use crate::request::{RequestOptions, address_without_secrets};

/// How long the look-up of a name may take, and each connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one address has before the next is tried beside it (RFC 8305 §8).
const HEAD_START: Duration = Duration::from_millis(250);

/// How many addresses of one host are tried.
const ADDRESSES: usize = 8;

/// Parses the URL of a WebSocket as browsers do (the WHATWG's URL standard): names of any script, blanks
/// and letters in paths are encoded, and `http` stands for `ws`.
pub fn address(text: &str) -> Result<Address, Form> {
    let malformed = || {
        let shown = address_without_secrets(text);
        Form::new(
            AddressError::Malformed(shown.clone()).to_string(),
            format!("{shown:?} — не адрес вида ws://host:port/path (RFC 6455 §3)"),
        )
    };
    let url = Url::parse(text).map_err(|_| malformed())?;
    let tls = match url.scheme() {
        "ws" | "http" => false,
        "wss" | "https" => true,
        _ => return Err(malformed()),
    };
    if url.fragment().is_some() {
        return Err(Form::new(
            AddressError::Fragment.to_string(),
            "в адресе WebSocket не бывает #fragment (RFC 6455 §3)",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Form::new(
            "browsers send no login from an address: give it by --user name:password",
            "из адреса браузеры имя и пароль не посылают: укажите `--user name:password`",
        ));
    }
    let host = url.host_str().ok_or_else(malformed)?;
    Ok(Address {
        tls,
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 }),
        target: url[Position::BeforePath..Position::AfterQuery].to_owned(),
    })
}

/// The scenario for the server at `url`: if `url` has a path, it replaces `/ws` in all requests. If it
/// has a query, requests for its path get that, too: a recording has `<secret>` there.
pub fn moved(scenario: Scenario, url: &Address) -> Scenario {
    let target = &*url.target;
    match target.split_once('?').map_or(target, |(path, _)| path) {
        "/" if target == "/" => scenario,
        "/ws" => scenario.moved("/ws", target),
        path => scenario.moved("/ws", target).moved(path, target),
    }
}

/// Connects to the first address of `address` that accepts, as browsers do (Happy Eyeballs, RFC 8305):
/// the next one is tried when one has failed, or has taken longer than its head start.
///
/// Cancel safe: a dropped call closes the connections.
pub async fn connect(
    route: &Arc<dyn Route>,
    address: &Address,
    limit: Duration,
) -> Result<(SocketAddr, Box<dyn Connection>), ConnectError> {
    let found = timeout(limit, route.resolve(address)).await.map_err(std::io::Error::from);
    let found = found.flatten()?;
    let mut found = found.into_iter().take(ADDRESSES);
    let mut trying = JoinSet::new();
    let mut failure = ConnectError::from(std::io::Error::from(std::io::ErrorKind::NotFound));
    loop {
        if let Some(peer) = found.next() {
            let (route, address) = (route.clone(), address.clone());
            trying.spawn(async move {
                route.connect(peer, &address, limit).await.map(|connection| (peer, connection))
            });
        }
        match timeout(HEAD_START, trying.join_next()).await {
            Ok(Some(Ok(Ok(connected)))) => return Ok(connected),
            // A fault of TLS says more than that nobody listens at another address.
            Ok(Some(Ok(Err(ConnectError::Io(_))))) if !matches!(failure, ConnectError::Io(_)) => {}
            Ok(Some(Ok(Err(error)))) => failure = error,
            Ok(None) => return Err(failure),
            Ok(Some(Err(_))) | Err(_) => {}
        }
    }
}

/// Where a server listens, and how it is reached.
#[derive(Clone, Debug)]
pub struct Place {
    /// The socket address.
    pub socket: SocketAddr,
    address: Address,
    route: Arc<dyn Route>,
    /// Added to every request.
    headers: Vec<(String, String)>,
}

impl Place {
    /// The first address of `url` that accepts a connection; an error is in this language.
    pub async fn find(url: &Address, options: &RequestOptions, lang: Lang) -> Result<Self> {
        let route = options.route()?;
        let looked_up = timeout(CONNECT, route.resolve(url)).await;
        if !looked_up.is_ok_and(|found| found.is_ok_and(|found| !found.is_empty())) {
            bail!(lang.cause(&Cause::NoSuchHost(route.host(url).to_owned())));
        }
        let scheme = if url.tls { "wss" } else { "ws" };
        let name = format!("{scheme}://{}", url.authority());
        let connected = connect(&route, url, CONNECT).await;
        let (socket, _) = connected.map_err(|error| match error {
            ConnectError::Io(_) => anyhow!(lang.pick(
                format!("nobody listens at {name}: start the server first"),
                format!("на {name} никто не слушает: сначала запустите сервер"),
            )),
            ConnectError::NoTls => anyhow!("{name}: {}", lang.cause(&Cause::NoTls)),
            other => anyhow!("{name}: {}", lang.pick(other.to_string(), other.in_russian())),
        })?;
        Ok(Self { socket, address: url.clone(), route, headers: options.all_headers() })
    }

    /// A port of this computer, as `localhost`.
    pub fn local(port: u16) -> Self {
        let (host, target) = ("localhost".to_owned(), "/".to_owned());
        Self {
            socket: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            address: Address { tls: false, host, port, target },
            route: Arc::new(Tcp),
            headers: Vec::new(),
        }
    }

    /// The same with the headers of these options in every request.
    #[must_use]
    pub fn asking(self, options: &RequestOptions) -> Self {
        Self { headers: options.all_headers(), ..self }
    }

    /// The path and query of the WebSocket there, as [`moved`] puts them into a scenario.
    pub fn target(&self) -> &str {
        if self.address.target == "/" { "/ws" } else { &self.address.target }
    }

    /// Connects as a transcript does, sends `request` with the same headers, and reads the head of the
    /// answer, within `limit` in all. Cancel safe: a dropped call closes the connection.
    pub async fn ask(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<(Box<dyn Connection>, Answer), ConnectError> {
        let deadline = Instant::now() + limit;
        let mut io = self.route.connect(self.socket, &self.address, limit).await?;
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let request = request.to_bytes(&self.address.authority());
        let answer = ask_head(&mut io, &request, deadline).await;
        Ok((io, answer))
    }

    /// A new transcript of the server there.
    pub fn transcript(&self) -> Transcript {
        let transcript = Transcript::over(self.route.clone(), self.socket, self.address.clone());
        transcript.with_headers(&self.headers)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::Instant;
    use ws101::address::Address;
    use ws101::client::{ConnectError, Connection, Route, RouteFuture};

    use super::{address, connect};

    /// A host with two addresses: one speaks no TLS, and nobody listens at the other.
    #[derive(Debug)]
    struct Neither;

    impl Route for Neither {
        fn resolve<'r>(&'r self, _: &'r Address) -> RouteFuture<'r, io::Result<Vec<SocketAddr>>> {
            let both = ["[::1]:1", "127.0.0.1:2"].map(|socket| socket.parse().unwrap());
            Box::pin(async move { Ok(both.to_vec()) })
        }

        fn connect<'r>(
            &'r self,
            peer: SocketAddr,
            _: &'r Address,
            _: Duration,
        ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>> {
            Box::pin(async move {
                Err(match peer.port() {
                    1 => ConnectError::NoTls,
                    _ => ConnectError::Io(ErrorKind::ConnectionRefused.into()),
                })
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_address_is_tried_at_once_and_the_fault_that_says_more_is_told() {
        let (route, began): (Arc<dyn Route>, _) = (Arc::new(Neither), Instant::now());
        let address = address("wss://localhost/").unwrap();
        let failure = connect(&route, &address, Duration::from_secs(5)).await.err();
        assert!(matches!(failure, Some(ConnectError::NoTls)), "{failure:?}");
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    /// The pairs are what Chromium's `new URL(…)` takes and gives.
    #[test]
    fn an_address_is_taken_as_browsers_take_it() {
        for (typed, taken) in [
            ("ws://localhost:8080/ws", "ws://localhost:8080/ws"),
            ("WS://LocalHost/Ws", "ws://localhost/Ws"),
            ("http://localhost:8080/ws", "ws://localhost:8080/ws"),
            ("https://example.com/ws", "wss://example.com/ws"),
            ("wss://example.com:443", "wss://example.com/"),
            (
                "ws://localhost/чат?name=Боб",
                "ws://localhost/%D1%87%D0%B0%D1%82?name=%D0%91%D0%BE%D0%B1",
            ),
            ("ws://localhost/a b?c d", "ws://localhost/a%20b?c%20d"),
            ("ws://localhost/a/../b/./c", "ws://localhost/b/c"),
            ("ws://localhost/%7e?x='", "ws://localhost/%7e?x=%27"),
            ("wss://пример.испытание/ws", "wss://xn--e1afmkfd.xn--80akhbyknj4f/ws"),
            ("wss://Straße.test", "wss://xn--strae-oqa.test/"),
            ("ws://[::1]:9/ws", "ws://[::1]:9/ws"),
            ("ws://127.1/", "ws://127.0.0.1/"),
            ("  ws://localhost/ws  ", "ws://localhost/ws"),
            ("ws://localhost?a=b", "ws://localhost/?a=b"),
            ("ws:\\\\localhost\\ws", "ws://localhost/ws"),
        ] {
            assert_eq!(address(typed).unwrap().to_string(), taken, "{typed}");
        }
    }

    #[test]
    fn what_browsers_refuse_is_refused() {
        for (typed, why) in [
            ("ws://localhost/#part", "#fragment"),
            ("ws://localhost/#", "#fragment"),
            ("localhost:8080", "ws://host:port/path"),
            ("ftp://localhost", "ws://host:port/path"),
            ("ws://", "ws://host:port/path"),
            ("ws://localhost:99999", "ws://host:port/path"),
            ("ws://a b/", "ws://host:port/path"),
            ("ws://ann:secret@localhost/", "--user name:password"),
            ("/ws", "ws://host:port/path"),
        ] {
            let told = address(typed).unwrap_err().to_string();
            assert!(told.contains(why), "{typed}: {told}");
        }
    }
}
