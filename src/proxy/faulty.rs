//! Carries the bytes of one WebSocket both ways, with faults.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};

use super::event::What;
use super::faults::Running;
use super::send::{READ_SIZE, send};
use super::watcher::Watcher;
use crate::client::Connection;
use crate::fault::Out;
use crate::frame::{Decoder, Role};
use crate::stream::LINGER;

/// One connection, and the running line that it has.
struct Shared<'a> {
    running: &'a Running,
    watch: &'a Watcher,
}

/// How one direction goes on.
enum Step {
    Sent,
    Wait(Option<Duration>, bool),
    Over,
}

/// Both directions, in one task, beginning with the request and what the client sent behind it.
pub(super) async fn carry(
    mut client: TcpStream,
    server: Box<dyn Connection>,
    head: &[u8],
    early: &[u8],
    running: &Running,
    watch: &Watcher,
) {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let shared = Shared { running, watch };
    let ended = {
        let (mut from_client, mut to_client) = client.split();
        let up = async {
            send(&mut to_server, head).await?;
            watch.saw(Role::Client, head, None).await;
            shared.running.act(|line, now| line.take(now, Role::Client, early));
            shared.direction(&mut from_client, &mut to_server, Role::Client).await
        };
        let down = shared.direction(&mut from_server, &mut to_client, Role::Server);
        tokio::try_join!(up, down)
    };
    if ended.is_err() {
        let _ = client.set_zero_linger();
        from_server.unsplit(to_server).reset();
    }
}

impl Shared<'_> {
    /// Carries one direction to its end. Not cancel safe.
    async fn direction(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        sender: Role,
    ) -> io::Result<()> {
        let mut buffer = vec![0; READ_SIZE];
        let mut is_reading = true;
        loop {
            let (next, has_room) = match self.step(to, sender).await? {
                Step::Sent => continue,
                Step::Over => {
                    let _ = to.shutdown().await;
                    // Bytes that nobody reads would make the system reset the connection.
                    let reading =
                        async { while from.read(&mut buffer).await.is_ok_and(|size| size > 0) {} };
                    let _ = timeout(LINGER, reading).await;
                    self.watch.ended(sender, None);
                    return Ok(());
                }
                Step::Wait(next, has_room) => (next, has_room),
            };
            if !is_reading && next.is_none() {
                if !self.running.line().is_silent() {
                    let _ = to.shutdown().await;
                }
                self.watch.ended(sender, None);
                return Ok(());
            }
            let at = self.running.start + next.unwrap_or_default();
            tokio::select! {
                read = from.read(&mut buffer), if is_reading && has_room => {
                    match read {
                        Ok(0) => {
                            is_reading = false;
                            self.running.act(|line, now| line.finish(now, sender));
                        }
                        Ok(size) => {
                            self.running.act(|line, now| line.take(now, sender, &buffer[..size]));
                        }
                        Err(error) => {
                            self.watch.ended(sender, Some(error.kind()));
                            return Err(error);
                        }
                    }
                }
                () = sleep_until(at), if next.is_some() => {}
                () = self.running.news(sender) => {}
            }
        }
    }

    /// Sends what is due next, if anything is.
    async fn step(&self, to: &mut (impl AsyncWrite + Unpin), sender: Role) -> io::Result<Step> {
        let began = self.running.line().began();
        for fault in began {
            self.watch.tell(What::Fault(fault)).await;
        }
        let due = self.running.due(sender);
        match due {
            Some(Out::Send(bytes, fault)) => {
                if let Err(error) = send(to, &bytes).await {
                    let receiver = if sender == Role::Client { Role::Server } else { Role::Client };
                    self.watch.ended(receiver, Some(error.kind()));
                    return Err(error);
                }
                self.watch.saw(sender, &bytes, fault.as_ref()).await;
                Ok(Step::Sent)
            }
            Some(Out::Dropped(bytes, fault)) => {
                if let Some(frame) = Decoder::whole(&bytes) {
                    let fault = Some(fault);
                    let what = What::Frame { sender, frame, violation: None, fault };
                    self.watch.tell(what).await;
                }
                Ok(Step::Sent)
            }
            Some(Out::Held(number, bytes, fault)) => {
                if let Some(frame) = Decoder::whole(&bytes) {
                    self.watch.tell(What::Held { sender, number, frame, fault }).await;
                }
                Ok(Step::Sent)
            }
            Some(Out::Reset) => Err(ErrorKind::ConnectionReset.into()),
            Some(Out::End) => Ok(Step::Over),
            None => {
                let line = self.running.line();
                Ok(Step::Wait(line.next_at(sender), line.has_room(sender)))
            }
        }
    }
}
