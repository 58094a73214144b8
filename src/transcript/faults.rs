//! The faults of the clients of a transcript, between them and the server.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{CAPACITY, Pipe, Transcript};
use crate::fault::{Line, Refusal, Rule};
use crate::handshake::{parse_request, plain_answer};
use crate::wst::{Action, Item};

/// The body of a refusal.
const REFUSED: &str = "ws101: refused, as a fault says\n";

/// The faults that were set, by the name of the client.
#[derive(Default)]
pub(super) struct Faults {
    seed: u64,
    clients: BTreeMap<String, Client>,
}

#[derive(Default)]
struct Client {
    rules: Vec<Rule>,
    /// How many connections it has opened.
    connections: u64,
}

impl Faults {
    /// The line of the next connection of this client, which begins with `request`.
    pub(super) fn line(&mut self, name: &str, request: &Bytes) -> Line {
        let path = match parse_request(request) {
            Ok(Some((request, _))) => request.uri().path().to_owned(),
            _ => String::new(),
        };
        let client = self.clients.entry(name.to_owned()).or_default();
        client.connections += 1;
        let mut line = Line::new(client.connections, &path, self.seed);
        for (id, rule) in (0..).zip(&client.rules) {
            line.add(std::time::Duration::ZERO, id, rule);
        }
        line
    }
}

/// A connection on which a request is refused.
pub(super) fn refused(refused: Refusal) -> Pipe {
    let (near, mut far) = Pipe::pair(CAPACITY);
    tokio::spawn(async move {
        let mut head = Vec::new();
        while matches!(parse_request(&head), Ok(None)) {
            if far.read_buf(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        match refused {
            // An error means that the client is gone.
            Refusal::Status(status) => drop(far.write_all(&plain_answer(status, REFUSED)).await),
            Refusal::Nothing => while far.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {},
        }
    });
    near
}

impl Transcript {
    /// Does this to all that crosses between a client and the server from now on, on its connection and on
    /// later ones: `"delay pong 5s from client".parse()`. The text shows what the client itself sends and
    /// receives. Not cancel safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # use ws101::transcript::{Pipe, Transcript};
    /// # let mut t = Transcript::new(|pipe: Pipe| async move { drop(pipe) });
    /// t.fault("bob", "refuse 503".parse().unwrap()).await;
    /// t.connect("bob", "/").await;
    /// assert!(t.to_string().contains("bob <- 503"), "{t}");
    /// # }
    /// ```
    pub async fn fault(&mut self, name: &str, rule: Rule) {
        self.begin_act(self.find(name));
        self.set_fault(name, &rule).await;
        if let Some(at) = self.find(name) {
            self.settle(Some(at), None).await;
        }
    }

    /// Undoes all faults of a client: what they delayed goes on its way now. Not cancel safe.
    pub async fn faults_off(&mut self, name: &str) {
        self.begin_act(self.find(name));
        self.undo_faults(name).await;
        if let Some(at) = self.find(name) {
            self.settle(Some(at), None).await;
        }
    }

    /// Sets what is random in the faults of connections that are opened from now on. It is the same in
    /// every run, with 0 if nothing else is set.
    pub fn seed(&mut self, seed: u64) {
        self.faults.seed = seed;
    }

    /// [`fault`](Self::fault) without waiting until all is silent.
    pub(crate) async fn set_fault(&mut self, name: &str, rule: &Rule) {
        let client = self.faults.clients.entry(name.to_owned()).or_default();
        client.rules.push(rule.clone());
        self.aside(Item::Action(name.to_owned(), Action::Fault(Box::new(rule.clone()))));
        if let Some(at) = self.find(name) {
            self.lanes[at].add_fault(rule.clone()).await;
        }
    }

    /// [`faults_off`](Self::faults_off) without waiting until all is silent.
    pub(crate) async fn undo_faults(&mut self, name: &str) {
        if let Some(client) = self.faults.clients.get_mut(name) {
            client.rules.clear();
        }
        self.aside(Item::Action(name.to_owned(), Action::FaultsOff));
        if let Some(at) = self.find(name) {
            self.lanes[at].clear_faults().await;
        }
    }
}
