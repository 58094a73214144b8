//! Sets and undoes the faults of the clients of a transcript.

use super::Transcript;
use crate::fault::Rule;
use crate::wst::{Action, Item};

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
        self.faults.add(name, rule.clone());
        self.aside(Item::Action(name.to_owned(), Action::Fault(Box::new(rule.clone()))));
        if let Some(at) = self.find(name) {
            self.lanes[at].add_fault(rule.clone()).await;
        }
    }

    /// [`faults_off`](Self::faults_off) without waiting until all is silent.
    pub(crate) async fn undo_faults(&mut self, name: &str) {
        self.faults.clear(name);
        self.aside(Item::Action(name.to_owned(), Action::FaultsOff));
        if let Some(at) = self.find(name) {
            self.lanes[at].clear_faults().await;
        }
    }
}
