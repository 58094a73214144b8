//! Lessons 2, 3 and 7: one connection, frame by frame.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use ws101::broadcast::{Mailbox, Outlet};
use ws101::bytes::{Bytes, BytesMut};
use ws101::close::CLOSE_DEADLINE;
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role};
use ws101::heartbeat::{Heartbeat, HeartbeatOptions};
use ws101::room::Room;
use ws101::stream::{LINGER, Rewind, linger};
use ws101::upgrade::Accepted;

use super::shared::{FOREVER, Shared};
use crate::broken::mistake::broken;

/// The longest message, in bytes; too short for check 3.1 is [`SHORT`].
const LONGEST: usize = 1024 * 1024;
const SHORT: usize = 60_000;

/// A ping later than check 7.1 allows, and sooner than the others need it.
const LATE: Duration = Duration::from_millis(2200);

/// How old a connection may grow where that is too young for check 7.2, and enough for 7.4.
const AGE: Duration = Duration::from_millis(2600);

/// How a conversation ended.
enum End {
    /// The peer said this goodbye.
    Peer(Frame),
    /// This end says this one.
    Us(Frame),
    /// Without any.
    Lost,
}

/// Serves one connection from its first frame to its end.
pub async fn run<R: Room>(
    accepted: Accepted<Rewind<TcpStream>>,
    shared: &Shared<R>,
) -> io::Result<()> {
    let Shared { room, hub, stats, .. } = shared;
    let Accepted { peer, io } = accepted;
    let open = stats.open();
    let mut outlet = Outlet::new(io);
    let me = {
        let mut room = room.lock().unwrap();
        let me = hub.join(&outlet);
        room.joined(me.id(), &peer, hub);
        me
    };
    let end = talk(&mut outlet, &me, shared).await.unwrap_or(End::Lost);
    me.leave();
    room.lock().unwrap().left(me.id(), hub);
    match end {
        // A connection that nobody said goodbye to counts for ever.
        End::Lost if broken("8.2") => std::mem::forget(open),
        End::Lost => {}
        End::Peer(close) => {
            let close = if broken("3.4") { Frame::close(1000, "") } else { close };
            outlet.write_all(&Frame::new(Opcode::Close, close.payload).to_bytes()).await?;
        }
        End::Us(close) => {
            outlet.write_all(&close.to_bytes()).await?;
            let forever = broken("7.3") || broken("9.4");
            let answer = hang_up(&mut outlet);
            let _ = timeout(if forever { FOREVER } else { CLOSE_DEADLINE }, answer).await;
        }
    }
    linger(&mut outlet, LINGER).await;
    Ok(())
}

/// Waits for the answer to a close frame.
async fn hang_up(outlet: &mut Outlet) -> io::Result<()> {
    let mut decoder = Decoder::new(0);
    let mut bytes = BytesMut::new();
    while outlet.read_buf(&mut bytes).await? > 0 {
        decoder.push(&bytes.split());
        if decoder.by_ref().any(|frame| frame.header.opcode == Opcode::Close) {
            break;
        }
    }
    Ok(())
}

/// Talks until there is a reason to stop.
async fn talk<R: Room>(outlet: &mut Outlet, me: &Mailbox, shared: &Shared<R>) -> io::Result<End> {
    let Shared { room, hub, settings, .. } = shared;
    let period = if broken("7.1") { LATE } else { settings.heartbeat };
    let mut beat = Heartbeat::new(HeartbeatOptions {
        period,
        pong_timeout: settings.pong_timeout,
        idle_timeout: settings.idle,
    });
    let too_old = Instant::now() + AGE;
    let longest = if broken("3.1") { SHORT } else { LONGEST };
    let mut decoder = Decoder::new(longest);
    let mut checker = Checker::new(Role::Client);
    let mut kind = Opcode::Text;
    let mut message = BytesMut::new();
    let mut bytes = BytesMut::new();
    loop {
        while let Some(frame) = decoder.next_frame() {
            if broken("2.1") {
                // One read is one frame, or so it seems: the rest of the packet is lost.
                decoder = Decoder::new(longest);
            }
            if let Err(violation) = checker.check(&frame)
                && !broken("2.4")
            {
                return Ok(End::Us(Frame::close(violation.code(), &violation.reason())));
            }
            let Frame { header, payload, .. } = frame.clone();
            beat.heard(&heard(header.opcode, payload.clone()));
            match header.opcode {
                Opcode::Close => return Ok(End::Peer(frame)),
                Opcode::Ping => {
                    let payload = if broken("2.3") { Bytes::new() } else { payload };
                    hub.send(me.id(), Message::Pong(payload));
                    if broken("7.6") {
                        message.clear();
                    }
                    continue;
                }
                // The mistake takes every pong for an answer, and reads a number in it.
                Opcode::Pong if broken("7.5") && !payload.iter().all(u8::is_ascii_digit) => {
                    return Ok(End::Us(Frame::close(1002, "no such ping")));
                }
                Opcode::Text | Opcode::Binary => kind = header.opcode,
                Opcode::Continuation => {}
                _ => continue,
            }
            message.extend_from_slice(&payload);
            if header.len.max(message.len() as u64) > longest as u64 {
                return Ok(End::Us(Frame::close(1009, "too long")));
            }
            if header.fin || broken("3.3") {
                let message = heard(kind, message.split().freeze());
                room.lock().unwrap().heard(me.id(), message, hub);
            }
        }
        tokio::select! {
            read = outlet.read_buf(&mut bytes) => match read? {
                0 => return Ok(End::Lost),
                _ => decoder.push(&bytes.split()),
            },
            ended = me.drive() => return Ok(End::Us(goodbye(&ended?))),
            ping = beat.beat_hearing(|| me.heard_at()) => match ping {
                Ok(ping) => me.say(&ping),
                Err(gone) => return Ok(End::Us(goodbye(&gone.into()))),
            },
            () = sleep_until(too_old), if broken("7.2") => {
                return Ok(End::Us(Frame::close(1011, "too old")));
            }
        }
    }
}

/// A payload as others take it.
fn heard(opcode: Opcode, payload: Bytes) -> Message {
    match opcode {
        Opcode::Text => Message::text(&*String::from_utf8_lossy(&payload)),
        Opcode::Pong => Message::Pong(payload),
        _ => Message::Binary(payload),
    }
}

fn goodbye(frame: &CloseFrame) -> Frame {
    Frame::close(frame.code.into(), &frame.reason)
}
