//! Which example obeys which setting: measured, and compared with the table in `docs/settings.md`.
//!
//! For each setting there is an effect that a client sees, such as a ping. An example obeys the
//! setting if the effect comes with the setting and does not come without it. All pairs are tried
//! at once, each with a program of its own.

#[path = "obeyed/client.rs"]
mod client;
#[path = "obeyed/effects.rs"]
mod effects;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use effects::{Effect, PAGE, Run, effects};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::program::{PATIENCE, examples};

/// How long to look for an effect that should not come. One that should come gets [`PATIENCE`].
const GLANCE: Duration = Duration::from_secs(1);

/// How many programs run at once, at most.
const AT_ONCE: usize = 64;

/// Settings that no client on loopback can see the effect of, and a setting that the same examples
/// obey. The first two are limits of [`Caps`](ws101::limits::Caps), which an example has or has not;
/// `tests/pieces/limits.rs` sees what they do. The third needs another build, and is read by the rooms of
/// `full_chat`, as the dialect is; `tests/sqlite.rs` sees what it does. No client sees the log; `log_file.rs`
/// beside this reads it in every example.
const UNSEEN: [(&str, &str); 5] = [
    ("WS_MAX_PER_ADDRESS", "WS_MAX_CONNECTIONS"),
    ("WS_ARRIVALS", "WS_MAX_CONNECTIONS"),
    ("WS_HISTORY", "WS_ROOT_DIALECT"),
    ("WS_LOG_FILE", "PORT"),
    ("WS_LOG_FORMAT", "PORT"),
];

/// The numbers of the examples that a row of the table names, by the setting.
type Table = BTreeMap<String, BTreeSet<usize>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_of_settings_says_what_each_example_obeys() {
    let table = table("docs/settings.md");
    let frontend = tempfile::tempdir().unwrap();
    for page in ["index.html", "race.html"] {
        fs::write(frontend.path().join(page), PAGE).unwrap();
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut trying = JoinSet::new();
    for effect in effects(frontend.path()) {
        for (number, example) in (0..).zip(examples()) {
            let should = table.get(effect.setting).is_some_and(|obeying| obeying.contains(&number));
            let effect = effect.clone();
            let places = places.clone();
            trying.spawn(async move {
                let _places = places.acquire_many_owned(effect.places()).await.expect("still open");
                (effect.setting, number, obeys(&example, &effect, should).await)
            });
        }
    }
    let mut seen = Table::new();
    while let Some(tried) = trying.join_next().await {
        let (setting, number, obeys) = tried.unwrap();
        let obeying = seen.entry(setting.to_owned()).or_default();
        if obeys {
            obeying.insert(number);
        }
    }
    for (unseen, beside) in UNSEEN {
        seen.insert(unseen.to_owned(), seen[beside].clone());
    }
    let settings: BTreeSet<_> = table.keys().chain(seen.keys()).collect();
    let wrong = settings.into_iter().filter(|setting| table.get(*setting) != seen.get(*setting));
    let wrong = wrong.map(|setting| {
        format!("{setting}: the table says {:?}, seen {:?}", table.get(setting), seen.get(setting))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn both_tables_name_the_same_examples() {
    assert_eq!(table("docs/settings.md"), table("docs/settings.ru.md"));
}

/// Whether the effect comes with the setting, and not without it.
async fn obeys(example: &str, effect: &Effect, should: bool) -> bool {
    let (with, without) = if should { (PATIENCE, GLANCE) } else { (GLANCE, PATIENCE) };
    effect.comes(Run::start(example, &effect.with, with).await).await
        && !effect.comes(Run::start(example, &effect.without, without).await).await
}

/// The columns "Name" and "Examples": `| WS_IDLE_MS | 60000 | 2, 7–12 |`.
fn table(page: &str) -> Table {
    let text = fs::read_to_string(format!("{}/{page}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let row = |row: &str| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let ranges =
            cells[2].split(", ").map(|range| range.split_once('–').unwrap_or((range, range)));
        let number = |text: &str| text.parse::<usize>().unwrap_or_else(|_| panic!("{page}: {row}"));
        let numbers = ranges.flat_map(|(first, last)| number(first)..=number(last));
        (cells[0].trim_matches('`').to_owned(), numbers.collect())
    };
    rows.map(row).collect()
}
