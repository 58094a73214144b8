//! The report: medians and their spread, and whether the chat meets its goals.

use std::fmt;

use crate::modes::{BASELINE, Goal, Mode, Sample};
use crate::servers::Kind;

/// One contender's samples, one for each round.
pub struct Row {
    pub name: String,
    pub samples: Vec<Sample>,
}

impl Row {
    fn metric(&self, name: &str) -> Vec<f64> {
        let find = |sample: &Sample| sample.iter().find(|(metric, _)| *metric == name).copied();
        self.samples.iter().filter_map(find).map(|(_, value)| value).collect()
    }

    /// A metric as a multiple of the metric of `other` in the same round.
    fn ratio(&self, other: &Self, metric: &str) -> Spread {
        let pairs = self.metric(metric).into_iter().zip(other.metric(metric));
        Spread::of(pairs.map(|(ours, theirs)| ours / theirs).collect())
    }
}

/// The median, minimum and maximum of some numbers.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
        let last = numbers.len().saturating_sub(1);
        // For an even count, the mean of the two in the middle.
        let median = f64::midpoint(at(last / 2), at(last.div_ceil(2)));
        Self { median, least: at(0), most: at(last) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, least, most } = self;
        f.pad(&format!("{median:.2} [{least:.2}-{most:.2}]"))
    }
}

/// Prints the heading of a mode's table, before the measurement, which takes long.
pub fn print_heading(mode: &Mode) {
    println!("\n**{}**: {}\n", mode.name, mode.about);
}

/// Prints a mode's table as Markdown. Returns whether every "must" is met.
pub fn print(mode: &Mode, rows: &[Row]) -> bool {
    let Some(columns) = rows.first().and_then(|row| row.samples.first()) else { return true };
    let columns: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    // The first column is the main metric. It is printed with its spread and its ratios.
    let against: Vec<&Row> = [Kind::Floor, Kind::Batching, Kind::Accept, Kind::Relay, Kind::Naive]
        .iter()
        .filter_map(|kind| find(rows, *kind))
        .chain(rows.iter().find(|row| row.name == BASELINE))
        .collect();
    print!("| {:<16} | {:>20} |", "", columns[0]);
    for row in &against {
        print!(" {:>20} |", format!("x {}", row.name));
    }
    for name in &columns[1..] {
        print!(" {name:>9} |");
    }
    println!("\n|--|{}", "--:|".repeat(columns.len() + against.len()));
    for row in rows {
        print!("| {:<16} | {:>20} |", row.name, Spread::of(row.metric(columns[0])));
        for other in &against {
            print!(" {:>20} |", row.ratio(other, columns[0]));
        }
        for name in &columns[1..] {
            print!(" {:>9.2} |", Spread::of(row.metric(name)).median);
        }
        println!();
    }
    println!();
    let Some(chat) = find(rows, Kind::Chat) else { return true };
    let judged: Vec<_> = mode.goals.iter().map(|goal| judge(goal, chat, rows)).collect();
    judged.into_iter().all(|met| met)
}

/// Whether a goal is met. Faults are judged by the worst round, all other metrics by the median.
fn judge(goal: &Goal, chat: &Row, rows: &[Row]) -> bool {
    let Goal { metric, against, must, aim } = goal;
    let (reached, unit) = match against.map(|kind| find(rows, kind)) {
        None => (Spread::of(chat.metric(metric)), String::new()),
        Some(Some(other)) => (chat.ratio(other, metric), format!(" x {}", other.name)),
        Some(None) => return true,
    };
    let value = if *must == 0.0 { reached.most } else { reached.median };
    let verdict = match value {
        value if value <= *aim => "aim met",
        value if value <= *must => "must met",
        _ => "NOT MET",
    };
    let must_text = if *must < f64::MAX { format!("must {must}, ") } else { String::new() };
    println!("- {metric}: {reached}{unit} ({must_text}aim {aim}): {verdict}");
    value <= *must
}

fn find(rows: &[Row], kind: Kind) -> Option<&Row> {
    rows.iter().find(|row| row.name == kind.to_string())
}
