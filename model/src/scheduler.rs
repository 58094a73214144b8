//! A scheduler that runs a model's tasks in every order.
//!
//! Tasks share only what locks guard, so only the order in which tasks take locks matters. The
//! scheduler runs a model many times on one thread. At each lock, and when a task sleeps, it
//! continues with another task, until it has tried each of them.
//!
//! Orders whose difference no task can notice are not tried twice. A task's *past* is a hash of the
//! locks it took and of the pasts of the tasks that held them before. When all pasts are equal to
//! those of an earlier run, everything that can follow has been tried.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::future::pending;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, LockResult, mpsc};
use std::task::{Context, Poll, Wake};
use std::thread;
use std::time::Duration;

use generator::{Generator, Gn};

/// Size of a task's stack, in words: enough for a panic to print its backtrace.
const STACK: usize = 8 * 1024;

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// The tasks and locks of one run.
#[derive(Default)]
struct World {
    running: usize,
    tasks: Vec<Task>,
    locks: Vec<Lock>,
    /// Spawned tasks that have no stack yet.
    born: Vec<Box<dyn FnOnce() + Send>>,
}

#[derive(Hash)]
struct Task {
    next: Step,
    /// Whether it was woken since it last slept.
    awake: bool,
    past: u64,
}

/// The next action of a task that the scheduler continues.
#[derive(Clone, Copy, Hash)]
enum Step {
    Begin,
    Lock(usize),
    /// Wakes up.
    Wake,
    Done,
}

#[derive(Default, Hash)]
struct Lock {
    held: bool,
    past: u64,
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn world<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(look)
}

impl World {
    fn ready(&self) -> Vec<usize> {
        let ready = |task: &Task| match task.next {
            Step::Lock(lock) => !self.locks[lock].held,
            Step::Wake => task.awake,
            Step::Begin | Step::Done => false,
        };
        // A task does nothing that other tasks can notice before its first lock.
        let begins = |task: &Task| matches!(task.next, Step::Begin);
        if let Some(at) = self.tasks.iter().position(begins) {
            return vec![at];
        }
        (0..self.tasks.len()).filter(|&at| ready(&self.tasks[at])).collect()
    }

    fn is_over(&self) -> bool {
        self.tasks.iter().all(|task| matches!(task.next, Step::Done))
    }

    /// Continues this task.
    fn step(&mut self, at: usize) {
        self.running = at;
        let task = &mut self.tasks[at];
        match task.next {
            Step::Begin | Step::Done => {}
            Step::Lock(lock) => {
                let lock = &mut self.locks[lock];
                lock.held = true;
                task.past = hash((task.past, lock.past));
                lock.past = task.past;
            }
            Step::Wake => {
                task.awake = false;
                task.past = hash(task.past);
            }
        }
    }

    /// Whether the running task has been woken already. Resets it.
    fn nap(&mut self) -> bool {
        std::mem::take(&mut self.tasks[self.running].awake)
    }

    fn spawn(&mut self, past: u64, task: Box<dyn FnOnce() + Send>) {
        self.tasks.push(Task { next: Step::Begin, awake: false, past });
        self.born.push(task);
    }
}

/// Lets the scheduler run other tasks before this task takes its next step.
#[expect(deprecated, reason = "a lock is taken far from where its task's stack was made")]
fn pause(next: Step) {
    world(|world| {
        let at = world.running;
        world.tasks[at].next = next;
    });
    generator::yield_with(());
}

/// Runs a task on its own stack until it ends.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    world(|world| {
        let (at, number) = (world.running, world.tasks.len());
        let past = hash((world.tasks[at].past, number));
        world.tasks[at].past = past;
        world.spawn(past, Box::new(move || block_on(task)));
    });
}

/// Runs a future until it is ready. It is polled again only after it was woken.
pub fn block_on<T>(task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    let alarm = Arc::new(Alarm(world(|world| world.running)));
    let waker = alarm.clone().into();
    loop {
        if let Poll::Ready(done) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        // A task that yielded and that no other task can wake continues at its next lock.
        let yielded = Arc::strong_count(&alarm) == 2 && world(World::nap);
        if !yielded {
            pause(Step::Wake);
        }
    }
}

struct Alarm(usize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        world(|world| world.tasks[self.0].awake = true);
    }
}

/// As tokio's, for a clock that does not move.
#[derive(Clone, Copy, Debug)]
pub struct Instant;

impl Instant {
    pub fn now() -> Self {
        Self
    }

    pub fn elapsed(self) -> Duration {
        Duration::ZERO
    }
}

/// As tokio's, for a clock that does not move: it never ends.
pub async fn sleep(_: Duration) {
    pending().await
}

/// As std's. Before a task takes it, the scheduler may run other tasks.
pub struct Mutex<T: ?Sized> {
    number: usize,
    data: std::sync::Mutex<T>,
}

/// As std's.
pub struct MutexGuard<'a, T: ?Sized> {
    number: usize,
    data: std::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub fn new(data: T) -> Self {
        let number = world(|world| {
            world.locks.push(Lock::default());
            world.locks.len() - 1
        });
        Self { number, data: std::sync::Mutex::new(data) }
    }
}

impl<T: ?Sized> Mutex<T> {
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let number = self.number;
        // A task that panics ends the run: no other task continues.
        if !std::thread::panicking() {
            pause(Step::Lock(number));
        }
        Ok(MutexGuard { number, data: self.data.try_lock().expect("nobody holds it") })
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        world(|world| world.locks[self.number].held = false);
    }
}

/// How many runs were made.
#[derive(Clone, Copy, Debug)]
pub struct Explored {
    /// Runs from beginning to end.
    pub runs: usize,
    /// Different states in which more than one task could continue.
    pub states: usize,
}

/// Runs `model` in every order, or in every order with at most `preemptions`: switches from a task
/// that could have continued. Most bugs need one or two.
///
/// # Panics
///
/// If the model panics, or all of its tasks sleep. Then it prints the order: the number of the task
/// at each step. 0 is the model itself.
pub fn explore(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) -> Explored {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let explored = catch_unwind(AssertUnwindSafe(|| search(preemptions, &Arc::new(model))));
        let failed = explored.is_err();
        let _ = tell.send(explored);
        // Tasks that were not finished have stacks of this thread, so it cannot end before the process.
        if failed {
            loop {
                thread::park();
            }
        }
    });
    told.recv().expect("it is told either way").unwrap_or_else(|panic| resume_unwind(panic))
}

fn search(preemptions: Option<usize>, model: &Arc<impl Fn() + Send + Sync + 'static>) -> Explored {
    let mut seen = HashSet::new();
    // The points with a choice: which tasks could continue, and which of them did.
    let mut path: Vec<(Vec<usize>, usize)> = Vec::new();
    for runs in 1.. {
        run(preemptions, model.clone(), &mut path, &mut seen);
        while path.pop_if(|(ready, chosen)| *chosen + 1 == ready.len()).is_some() {}
        match path.last_mut() {
            Some((_, chosen)) => *chosen += 1,
            None => return Explored { runs, states: seen.len() },
        }
    }
    unreachable!("runs are counted for ever")
}

/// Follows `path`, then continues in any order and adds the new choices to the path.
fn run(
    preemptions: Option<usize>,
    model: Arc<impl Fn() + Send + Sync + 'static>,
    path: &mut Vec<(Vec<usize>, usize)>,
    seen: &mut HashSet<u64>,
) {
    WORLD.set(World::default());
    world(|world| world.spawn(0, Box::new(move || model())));
    let (mut stacks, mut order, mut choices, mut is_known) = (Vec::new(), Vec::new(), 0, false);
    let mut left = preemptions;
    loop {
        stacks.extend(world(|world| std::mem::take(&mut world.born)).into_iter().map(stack));
        let (mut ready, last, state, is_over) = world(|world| {
            let last = left.map(|left| (left, world.running));
            let state = hash((&world.tasks, &world.locks, last));
            (world.ready(), world.running, state, world.is_over())
        });
        if is_over {
            return;
        }
        if ready.is_empty() {
            // Unfinished tasks cannot be unwound: their destructors would take locks.
            std::mem::forget(stacks);
            panic!("all tasks sleep, and nobody will wake one; the order was {order:?}");
        }
        let may_go_on = ready.contains(&last);
        if may_go_on && left == Some(0) {
            ready = vec![last];
        }
        let mut chosen = ready[0];
        if ready.len() > 1 && !is_known {
            if choices == path.len() {
                is_known = !seen.insert(state);
                if !is_known {
                    path.push((ready, 0));
                }
            }
            if let Some((ready, at)) = path.get(choices) {
                chosen = ready[*at];
            }
            choices += 1;
        }
        if may_go_on && chosen != last {
            left = left.map(|left| left.saturating_sub(1));
        }
        order.push(chosen);
        world(|world| world.step(chosen));
        let stack: &mut Generator<'static, (), ()> = &mut stacks[chosen];
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| stack.resume())) {
            std::mem::forget(stacks);
            eprintln!("the order was {order:?}");
            resume_unwind(panic);
        }
        if stack.is_done() {
            world(|world| world.tasks[chosen].next = Step::Done);
        }
    }
}

fn stack(task: Box<dyn FnOnce() + Send>) -> Generator<'static, (), ()> {
    Gn::new_opt(STACK, task)
}
