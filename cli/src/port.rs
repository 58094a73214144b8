//! A free port for a server that is started next.

use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The ports that are tried. Linux gives programs that ask for any port those from 32768 on, macOS
/// and Windows those from 49152 on.
const PORTS: RangeInclusive<u16> = 20_000..=29_999;

/// How many ports are tried before the system is asked for one.
const ATTEMPTS: usize = 20;

/// A port of 127.0.0.1 that no other command like this one gives to its server.
///
/// The command holds the UDP port of the same number meanwhile: two commands cannot, and a server of WebSockets
/// has no use for it.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its number.
    pub number: u16,
    _held: Option<Arc<UdpSocket>>,
}

impl Port {
    /// A port of 127.0.0.1 on which nothing listens.
    ///
    /// It is taken at random from the ports that no system gives to a program that asks for any. A port of
    /// those may belong to another program before the started server binds it, and then the other
    /// program would be judged in the server's place.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn free() -> io::Result<Self> {
        let held = |number| {
            let held = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
            let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            is_free.then(|| Self { number, _held: Some(Arc::new(held)) })
        };
        if let Some(port) = (0..ATTEMPTS).find_map(|_| held(rand::random_range(PORTS))) {
            return Ok(port);
        }
        let asked = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        Ok(Self { number: asked.port(), _held: None })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::Port;

    #[test]
    fn a_port_is_held_while_it_has_an_owner() {
        let port = Port::free().unwrap();
        let again = port.clone();
        drop(port);
        let chosen = UdpSocket::bind((Ipv4Addr::LOCALHOST, again.number));
        assert!(chosen.is_err(), "another command may not choose it");
    }
}
