//! The shared log: whatever is lost, doubled and late on the way, whenever a store loses its tail and a client
//! changes its server, a screen shows each entry once and in order, or is told that some are missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::timeout;
use ws101::broker::{
    Broker, Delivery, Draft, Fault, Faulty, Follower, Memory, Position, Published, QUIET,
};
use ws101::receipts::Fingerprint;

const NODES: usize = 2;
const SCREENS: usize = 3;
const TOPIC: &str = "general";

/// Longer than a follower takes to find the loss of the last notice.
const SETTLED: Duration = QUIET.saturating_mul(2);

#[derive(Clone, Debug)]
enum Action {
    /// An author sends the next message through a node.
    Publish(usize),
    /// An author that got no answer sends the same again, through a node.
    Repeat(usize),
    /// A screen takes what is there.
    Take(usize),
    /// All screens take everything.
    Settle,
    /// A client connects to another node, and resumes.
    Move(usize),
    /// The store is killed, and has lost so many entries.
    Restart(usize),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0..NODES).prop_map(Action::Publish),
        3 => (0..NODES).prop_map(Action::Repeat),
        8 => (0..SCREENS).prop_map(Action::Take),
        1 => Just(Action::Settle),
        2 => (0..SCREENS).prop_map(Action::Move),
        1 => (0..4_usize).prop_map(Action::Restart),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        5 => Just(Fault::Sound),
        2 => Just(Fault::Lost),
        1 => Just(Fault::Doubled),
        1 => Just(Fault::Late),
    ]
}

type Node = Arc<Faulty<Arc<Memory>>>;

/// What a client shows: the entries after one beginning.
#[derive(Debug)]
struct Part {
    begin: Position,
    shown: Vec<(u64, Bytes)>,
}

/// A client: what it shows, and its reader.
struct Screen {
    node: usize,
    follower: Follower<Node>,
    parts: Vec<Part>,
}

impl Screen {
    fn new(nodes: &[Node], node: usize) -> Self {
        let follower = Follower::new(nodes[node].clone(), TOPIC, None);
        Self { node, follower, parts: Vec::new() }
    }

    /// Takes what comes within `time`.
    async fn take(&mut self, time: Duration) {
        while let Ok(delivery) = timeout(time, self.follower.next()).await {
            match delivery.expect("no call but `publish` fails here") {
                Delivery::Begin(begin) => self.parts.push(Part { begin, shown: Vec::new() }),
                Delivery::Entry(entry) => {
                    let part = self.parts.last_mut().expect("a beginning comes first");
                    part.shown.push((entry.seq, entry.payload));
                }
            }
        }
    }

    /// The place of the last entry that is shown.
    fn place(&self) -> Option<Position> {
        let Part { begin, shown } = self.parts.last()?;
        let seq = shown.last().map_or(begin.seq, |(seq, _)| *seq);
        Some(Position { epoch: begin.epoch.clone(), seq })
    }
}

/// What happened in a schedule.
struct World {
    store: Arc<Memory>,
    screens: Vec<Screen>,
    /// The entries that were confirmed, by epoch and number.
    confirmed: BTreeMap<(Arc<str>, u64), Bytes>,
    /// The messages without an answer.
    open: Vec<u32>,
}

impl World {
    /// Sends message `number`, for the first time or again.
    async fn send(&mut self, broker: &impl Broker, number: u32) -> Result<(), TestCaseError> {
        let id = number.to_string();
        let payload = Bytes::from(id.clone());
        let draft = Draft {
            topic: TOPIC,
            session: Fingerprint::of(&["session"]),
            id: &id,
            content: Fingerprint::of(&[&id]),
            payload: payload.clone(),
        };
        match broker.publish(draft).await {
            Ok(Published::New(Position { epoch, seq })) => {
                let other = self.confirmed.insert((epoch, seq), payload);
                prop_assert_eq!(other, None, "a number was given twice in one epoch");
            }
            Ok(Published::Before(_)) => {}
            Ok(Published::Otherwise) => prop_assert!(false, "it is the same request"),
            Err(_) => self.open.push(number),
        }
        Ok(())
    }
}

async fn play(faults: Vec<Fault>, actions: Vec<Action>) -> Result<World, TestCaseError> {
    let store = Arc::new(Memory::default());
    let nodes: Vec<Node> =
        (0..NODES).map(|_| Arc::new(Faulty::new(store.clone(), faults.clone()))).collect();
    let screens = (0..SCREENS).map(|screen| Screen::new(&nodes, screen % NODES)).collect();
    let (confirmed, open) = (BTreeMap::new(), Vec::new());
    let mut world = World { store, screens, confirmed, open };
    let mut number = 0;
    for action in actions {
        match action {
            Action::Publish(node) => {
                number += 1;
                world.send(&nodes[node], number).await?;
            }
            Action::Repeat(node) => {
                if let Some(number) = world.open.pop() {
                    world.send(&nodes[node], number).await?;
                }
            }
            Action::Take(screen) => world.screens[screen].take(Duration::ZERO).await,
            Action::Settle => {
                for screen in &mut world.screens {
                    screen.take(SETTLED).await;
                }
            }
            Action::Move(screen) => {
                let screen = &mut world.screens[screen];
                screen.node = (screen.node + 1) % NODES;
                let node = nodes[screen.node].clone();
                screen.follower = Follower::new(node, TOPIC, screen.place());
            }
            Action::Restart(lost) => world.store.restart(lost),
        }
    }
    let store = world.store.clone();
    for number in std::mem::take(&mut world.open) {
        world.send(&store, number).await?;
    }
    for screen in &mut world.screens {
        screen.take(SETTLED).await;
    }
    Ok(world)
}

async fn is_delivered(world: &World) -> Result<(), TestCaseError> {
    let head = world.store.range(TOPIC, None).await.expect("it is in memory").head;
    for screen in &world.screens {
        let place = screen.place();
        prop_assert_eq!(place.as_ref(), Some(&head), "the end is missing");
        for Part { begin, shown } in &screen.parts {
            let mut payloads: Vec<_> = shown.iter().map(|(_, payload)| payload).collect();
            for ((seq, payload), expected) in shown.iter().zip(begin.seq + 1..) {
                prop_assert_eq!(*seq, expected, "missing, doubled, or out of order");
                let place = (begin.epoch.clone(), *seq);
                let confirmed = world.confirmed.get(&place);
                let is_right = confirmed.is_none_or(|confirmed| confirmed == payload);
                prop_assert!(is_right, "{confirmed:?} was confirmed as {seq}, not {payload:?}");
            }
            payloads.sort_unstable();
            payloads.dedup();
            prop_assert_eq!(payloads.len(), shown.len(), "shown twice: {:?}", shown);
        }
    }
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime")
}

chance! {
    /// Notices and answers are lost, doubled and late, and the store loses its tail.
    fn a_shared_log_loses_nothing_silently(
        faults in vec(fault(), 1..24),
        actions in vec(action(), 0..80),
    ) {
        runtime().block_on(async {
            is_delivered(&play(faults, actions).await?).await
        })?;
    }
}

/// The control: notices alone lose messages in the same world.
#[test]
fn notices_alone_lose_messages() {
    runtime().block_on(async {
        let broker = Faulty::new(Memory::default(), vec![Fault::Sound, Fault::Sound, Fault::Lost]);
        let mut notices = broker.subscribe(TOPIC).await.expect("it is in memory");
        let mut heard = Vec::new();
        for id in ["1", "2", "3", "4", "5", "6"] {
            let fingerprint = Fingerprint::of(&[id]);
            let draft = Draft {
                topic: TOPIC,
                session: fingerprint,
                id,
                content: fingerprint,
                payload: Bytes::from_static(id.as_bytes()),
            };
            // A lost answer is a message that was published all the same.
            let _ = broker.publish(draft).await;
            while let Ok(Some(notice)) = timeout(QUIET, notices.next()).await {
                heard.push(notice.entry.seq);
            }
        }
        assert!(heard.len() < 6, "nothing was lost: {heard:?}");
    });
}
