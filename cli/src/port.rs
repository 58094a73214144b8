//! A free port for a server that is started next.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;

/// The ports that are tried. Linux gives programs that ask for any port those from 32768 on, macOS
/// and Windows those from 49152 on.
const PORTS: RangeInclusive<u16> = 20_000..=29_999;

/// How many ports are tried before the system is asked for one.
const ATTEMPTS: usize = 20;

/// A port of 127.0.0.1 on which nothing listens.
///
/// It is taken at random from the ports that no system gives to a program that asks for any. A port of
/// those may belong to another program before the started server binds it, and then the other
/// program would be judged in the server's place.
///
/// # Errors
///
/// No port is free.
pub fn free() -> io::Result<u16> {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut ports = (0..ATTEMPTS).map(|_| rand::random_range(PORTS));
    if let Some(port) = ports.find(is_free) {
        return Ok(port);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}
