//! The command line.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// The longest run. The ledger grows slowly with time.
const LONGEST: Duration = Duration::from_hours(24);

/// The most clients of one kind.
const MOST: usize = 500;

pub const USAGE: &str = "\
usage: ws101-soak [--minutes N | --seconds N] [--seed N] [--witnesses N] [--roamers N] [--faults N]
  --minutes N    how long everyone talks; 1 if not said
  --seconds N    the same in seconds
  --seed N       repeats the choices of an earlier run
  --witnesses N  well-behaved clients that stay from the first word to the last; 24
  --roamers N    well-behaved clients that leave and come back; 12
  --faults N     clients that misbehave at any one time; 24
or ws101-soak --class, which runs a class of `ws101 lesson`";

/// The options of one run.
#[derive(Clone, Debug)]
pub struct Options {
    pub time: Duration,
    pub seed: u64,
    pub witnesses: usize,
    pub roamers: usize,
    pub faults: usize,
}

impl Options {
    /// Reads the arguments that follow the program's name.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            time: Duration::from_mins(1),
            seed: rand::random(),
            witnesses: 24,
            roamers: 12,
            faults: 24,
        };
        while let Some(name) = args.next() {
            let value = args.next().with_context(|| format!("{name} needs a number"))?;
            match name.as_str() {
                "--minutes" => {
                    options.time = Duration::from_secs(number::<u64>(&value)?.saturating_mul(60));
                }
                "--seconds" => options.time = Duration::from_secs(number(&value)?),
                "--seed" => options.seed = number(&value)?,
                "--witnesses" => options.witnesses = number(&value)?,
                "--roamers" => options.roamers = number(&value)?,
                "--faults" => options.faults = number(&value)?,
                _ => bail!("no such option: {name}"),
            }
        }
        let times = Duration::from_secs(1)..=LONGEST;
        ensure!(times.contains(&options.time), "a run takes from 1 second to 1 day");
        let crowd = [options.witnesses, options.roamers, options.faults];
        ensure!(crowd.iter().all(|n| *n <= MOST), "at most {MOST} clients of one kind");
        Ok(options)
    }
}

fn number<N: FromStr>(value: &str) -> Result<N> {
    value.parse().ok().with_context(|| format!("{value:?} is not a number, or too large"))
}
