//! A whole class at once: `ws101 lesson`, phones that talk, and projector pages that watch.
//!
//!     cargo run --release -p ws101-soak -- --class --minutes 10
//!
//! All phones scan the code in the same moment, and each sends its messages at one rate. A page's event is late
//! by the time from the moment when a phone sends a message to the moment when the page is told of its frame.

mod lesson;
mod options;
mod phone;
mod report;
mod viewer;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use lesson::Lesson;
pub use options::{Options, USAGE};
use phone::Phone;
pub use report::Report;
use viewer::{Seen, Viewer};

/// How long all phones may take to join before the run is given up.
const JOIN: Duration = Duration::from_mins(2);

/// The pause between two looks at the memory.
const LOOK: Duration = Duration::from_secs(2);

/// The first part of the run, one in `WARM`, fills what is kept; later the memory must not grow.
const WARM: u32 = 5;

/// How long the last frames may take to be told of.
const LAST: Duration = Duration::from_secs(5);

/// Runs a class.
pub async fn run(options: Options) -> Result<Report> {
    let lesson = Lesson::start(options.echo).await?;
    let begun = Instant::now();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut viewers = JoinSet::new();
    let seen = Arc::new(Seen::new(options.phones));
    for _ in 0..options.viewers {
        let viewer = Viewer::open(lesson.address, begun).await?;
        viewers.spawn(viewer.watch(seen.clone(), is_over.clone()));
    }
    let mut joining = JoinSet::new();
    for number in 0..options.phones {
        joining.spawn(Phone::join(lesson.address, number, begun, options.echo, seen.clone()));
    }
    let mut phones = Vec::new();
    let all = async {
        while let Some(joined) = joining.join_next().await {
            phones.push(joined??);
        }
        anyhow::Ok(())
    };
    timeout(JOIN, all).await.context("not all phones have joined")??;
    let joined: Vec<_> = phones.iter().map(|phone| phone.took).collect();

    seen.begin();
    let talking = Instant::now();
    let mut talkers: JoinSet<_> =
        phones.into_iter().map(|phone| phone.talk(begun, options.rate, is_over.clone())).collect();
    let mut memory = Vec::new();
    while talking.elapsed() < options.time {
        sleep(LOOK.min(options.time)).await;
        memory.push((talking.elapsed(), lesson.memory()));
    }
    let took = talking.elapsed();
    is_over.store(true, Relaxed);
    let mut sent = 0;
    while let Some(talked) = timeout(LAST, talkers.join_next()).await.ok().flatten() {
        sent += talked??;
    }
    let mut views = Vec::new();
    while let Some(view) = timeout(LAST, viewers.join_next()).await.ok().flatten() {
        views.push(view??);
    }
    let is_warm = |(at, _): &&(Duration, Option<u64>)| *at >= options.time / WARM;
    let warm = memory.iter().find(is_warm).and_then(|(_, bytes)| *bytes);
    let end = memory.last().and_then(|(_, bytes)| *bytes);
    lesson.stop().await?;
    Ok(Report { options, joined, sent, took, views, warm, end })
}
