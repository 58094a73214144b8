//! The address that phones reach this computer by.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// An address of no computer (RFC 5737): whichever way packets would take there, phones come back by it.
const ANYWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The address of this computer in its network; `None` without one. No packet is sent.
pub fn address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ANYWHERE).ok()?;
    socket.local_addr().ok().map(|local| local.ip()).filter(|ip| !ip.is_unspecified())
}
