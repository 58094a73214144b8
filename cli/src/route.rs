//! The way to a server: a fixed address, an HTTP proxy, TLS.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, io};

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use url::Url;
use ws101::address::Address;
use ws101::client::{ConnectError, Connection, ProxyFault, Route, RouteFuture, connect};
use ws101::handshake::parse_response;

use crate::form::Form;
use crate::tls::Tls;

/// The name of HTTP/1.1 in TLS. A WebSocket is asked for by it (RFC 6455 §4.1), so browsers offer nothing
/// else for one.
const HTTP_1_1: &[u8] = b"http/1.1";

/// The way that the options of a command describe.
#[derive(Clone, Debug)]
pub struct Way {
    /// Addresses instead of those that the system knows.
    pub fixed: Vec<Fixed>,
    /// The proxy between.
    pub proxy: Option<Proxy>,
    /// For `wss://`.
    pub tls: Tls,
}

/// `--resolve`: the address of one host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    host: String,
    port: u16,
    ip: IpAddr,
}

impl FromStr for Fixed {
    type Err = Form;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || {
            Form::new(
                "write it as HOST:PORT:ADDRESS, such as example.com:443:127.0.0.1",
                "напишите как `HOST:PORT:ADDRESS`, например `example.com:443:127.0.0.1`",
            )
        };
        let (host, rest) = text.split_once(':').ok_or_else(form)?;
        let (port, ip) = rest.split_once(':').ok_or_else(form)?;
        let ip = ip.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port: port.parse().map_err(|_| form())?,
            ip: ip.parse().map_err(|_| form())?,
        })
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.host, self.port, self.ip)
    }
}

/// `--proxy`: an HTTP proxy that connects on request (RFC 9110 §9.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    /// The value of `Proxy-Authorization`.
    pub login: Option<String>,
}

impl FromStr for Proxy {
    type Err = Form;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || {
            Form::new(
                "write it as http://host:port or http://name:password@host:port",
                "напишите как `http://host:port` или `http://name:password@host:port`",
            )
        };
        let url = Url::parse(text).map_err(|_| form())?;
        let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(form)?;
        let password = url.password().unwrap_or_default();
        let login = format!("{}:{}", percent_decoded(url.username()), percent_decoded(password));
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().ok_or_else(form)?,
            login: (login != ":").then(|| format!("Basic {}", BASE64.encode(login.as_bytes()))),
        })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = if self.login.is_some() { "<secret>@" } else { "" };
        write!(f, "http://{login}{}:{}", self.host, self.port)
    }
}

/// `%40` as `@`.
pub fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Proxy {
    /// Asks the proxy behind `tcp` to connect to `address`. Cancel safe: a dropped call closes `tcp`.
    async fn connect(
        &self,
        mut tcp: TcpStream,
        address: &Address,
        deadline: Instant,
    ) -> Result<TcpStream, ConnectError> {
        let host = match address.host.contains(':') {
            true => format!("[{}]:{}", address.host, address.port),
            false => format!("{}:{}", address.host, address.port),
        };
        let login = self.login.as_ref();
        let login =
            login.map_or(String::new(), |login| format!("Proxy-Authorization: {login}\r\n"));
        let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{login}\r\n");
        let mut received = Vec::new();
        let asking = async {
            tcp.write_all(request.as_bytes()).await?;
            loop {
                match parse_response(&received) {
                    Ok(Some((response, _))) => return Ok(Some(response.status().as_u16())),
                    Ok(None) if tcp.read_buf(&mut received).await? > 0 => {}
                    _ => return io::Result::Ok(None),
                }
            }
        };
        match timeout_at(deadline, asking).await {
            Ok(Ok(Some(200..300))) => Ok(tcp),
            Ok(Ok(Some(407))) => Err(ProxyFault::Login.into()),
            Ok(Ok(Some(status))) => Err(ProxyFault::Refused(status).into()),
            Ok(_) => Err(ProxyFault::NotHttp.into()),
            Err(_) => Err(ProxyFault::Silent.into()),
        }
    }
}

impl Route for Way {
    fn host<'r>(&'r self, address: &'r Address) -> &'r str {
        self.proxy.as_ref().map_or(&address.host, |proxy| &proxy.host)
    }

    fn resolve<'r>(&'r self, address: &'r Address) -> RouteFuture<'r, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            let host = self.host(address);
            let port = self.proxy.as_ref().map_or(address.port, |proxy| proxy.port);
            let is_meant =
                |fixed: &&Fixed| fixed.port == port && fixed.host.eq_ignore_ascii_case(host);
            let fixed: Vec<_> = self.fixed.iter().filter(is_meant).collect();
            if !fixed.is_empty() {
                return Ok(fixed.iter().map(|fixed| SocketAddr::new(fixed.ip, port)).collect());
            }
            Ok(lookup_host((host, port)).await?.collect())
        })
    }

    fn connect<'r>(
        &'r self,
        peer: SocketAddr,
        address: &'r Address,
        limit: Duration,
    ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>> {
        Box::pin(self.over(peer, address, HTTP_1_1, limit))
    }

    fn connect_with_alpn<'r>(
        &'r self,
        peer: SocketAddr,
        address: &'r Address,
        protocol: &'static [u8],
        limit: Duration,
    ) -> RouteFuture<'r, Option<Result<Box<dyn Connection>, ConnectError>>> {
        Box::pin(async move {
            match address.tls {
                true => Some(self.over(peer, address, protocol, limit).await),
                false => None,
            }
        })
    }
}

impl Way {
    /// Connects, and speaks TLS with this protocol on offer if the address asks for TLS. Cancel safe.
    async fn over(
        &self,
        peer: SocketAddr,
        address: &Address,
        protocol: &'static [u8],
        limit: Duration,
    ) -> Result<Box<dyn Connection>, ConnectError> {
        let deadline = Instant::now() + limit;
        let tcp = match (connect(peer, limit).await, &self.proxy) {
            (Ok(tcp), Some(proxy)) => proxy.connect(tcp, address, deadline).await?,
            (Ok(tcp), None) => tcp,
            (Err(error), Some(_)) => return Err(ProxyFault::Unreachable(error.kind()).into()),
            (Err(error), None) => return Err(error.into()),
        };
        if !address.tls {
            return Ok(Box::new(tcp));
        }
        match timeout_at(deadline, self.tls.connect(tcp, &address.host, protocol)).await {
            Ok(connected) => Ok(Box::new(connected?)),
            Err(_) => Err(ConnectError::TlsBroken(io::ErrorKind::TimedOut)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn a_password_is_decoded_and_nothing_else_of_it_changes() {
        for (written, meant) in [("p%40ss", "p@ss"), ("a&b=c+d;e", "a&b=c+d;e"), ("%d1%8f", "я")] {
            assert_eq!(percent_decoded(written), meant);
        }
    }
}
