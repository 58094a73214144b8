//! Connects, upgrades, closes and disconnects, many times.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use ws101::client::Asked;
use ws101::frame::{Frame, Opcode};

use crate::load::{judged, request};
use crate::target::Target;

/// How many connections at once.
const THREADS: usize = 8;

/// Makes about `count` connections. Returns how many it made.
pub fn run(target: &Target, count: usize) -> anyhow::Result<usize> {
    let each = count / THREADS;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| (0..each).try_for_each(|_| cycle(target))))
            .collect();
        for thread in threads {
            thread.join().map_err(|_| io::Error::other("a thread panicked"))??;
        }
        Ok(each * THREADS)
    })
}

fn cycle(target: &Target) -> io::Result<()> {
    let mut tcp = TcpStream::connect(target.address)?;
    tcp.set_nodelay(true)?;
    let request = request(&target.path, target.address);
    tcp.write_all(&request)?;
    let head = expect(&mut tcp, |read| read.windows(4).any(|end| end == b"\r\n\r\n"))?;
    judged(&Asked::of(&request), &head)?;
    let close = Frame::close(1000, "").masked([0; 4]).to_bytes();
    tcp.write_all(&close)?;
    // The answer is a close frame, after anything that the server sent before.
    let answer = [0x80 | Opcode::Close.bits(), 2, 0x03, 0xE8];
    expect(&mut tcp, |read| read.ends_with(&answer))?;
    Ok(())
}

/// Reads until `enough` is true. Returns all that was read.
fn expect(tcp: &mut TcpStream, enough: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let mut scratch = [0; 1024];
    while !enough(&read) {
        let n = tcp.read(&mut scratch)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&scratch[..n]);
    }
    Ok(read)
}
