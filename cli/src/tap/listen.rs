//! Where the tap listens: on loopback, unless the network was asked for.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use anyhow::{Result, bail};
use tokio::net::TcpListener;

use crate::form::Form;
use crate::lang::Lang;

/// `9000`, `127.0.0.1:9000`, `[::1]:9000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    ip: Option<IpAddr>,
    port: u16,
}

impl FromStr for Listen {
    type Err = Form;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || {
            Form::new(
                "write it as PORT or ADDRESS:PORT, such as 9000 or 127.0.0.1:9000",
                "напишите как `PORT` или `ADDRESS:PORT`, например 9000 или 127.0.0.1:9000",
            )
        };
        if let Some(port) = text.strip_prefix("localhost:").or(Some(text.trim_start_matches(':')))
            && let Ok(port) = port.parse()
        {
            return Ok(Self { ip: None, port });
        }
        let address: SocketAddr = text.parse().map_err(|_| form())?;
        Ok(Self { ip: Some(address.ip()), port: address.port() })
    }
}

impl Listen {
    /// Listens there; an error is in this language and names the remedy.
    pub async fn bind(self, lan: bool, lang: Lang) -> Result<TcpListener> {
        let all = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        let ip = self.ip.unwrap_or(if lan { all } else { Ipv4Addr::LOCALHOST.into() });
        if !lan && !ip.is_loopback() {
            bail!(lang.pick(
                format!("{ip} can be reached from the network: say --lan if that is meant"),
                format!("{ip} виден из сети: если так и надо, добавьте --lan"),
            ));
        }
        let address = SocketAddr::new(ip, self.port);
        TcpListener::bind(address).await.or_else(|error| {
            bail!(match error.kind() {
                ErrorKind::AddrInUse => lang.pick(
                    format!("port {} is busy: another program listens there", self.port),
                    format!("порт {} занят: там слушает другая программа", self.port),
                ),
                ErrorKind::AddrNotAvailable => lang.pick(
                    format!("{ip} is no address of this computer"),
                    format!("{ip} — не адрес этого компьютера"),
                ),
                ErrorKind::PermissionDenied => lang.pick(
                    format!("port {} is reserved: choose one above 1023", self.port),
                    format!("порт {} зарезервирован: возьмите больше 1023", self.port),
                ),
                _ => lang.pick(
                    format!("cannot listen on {address}: {error}"),
                    format!("не получается слушать {address}: {error}"),
                ),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Listen;

    #[test]
    fn a_place_to_listen_is_a_port_or_an_address_with_one() {
        for (text, ip) in [
            ("9000", None),
            (":9000", None),
            ("localhost:9000", None),
            ("127.0.0.1:9000", Some("127.0.0.1")),
            ("[::1]:9000", Some("::1")),
            ("0.0.0.0:9000", Some("0.0.0.0")),
        ] {
            let ip = ip.map(|ip| ip.parse().unwrap());
            assert_eq!(text.parse(), Ok(Listen { ip, port: 9000 }), "{text}");
        }
        for text in ["", "x", "99999", "127.0.0.1", "ws://localhost:9000", "localhost:x"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
