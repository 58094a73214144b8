//! The command line of a class.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

pub const USAGE: &str = "\
usage: ws101-soak --class [--minutes N | --seconds N] [--phones N] [--viewers N] [--rate N] [--echo]
  --minutes N    how long the phones talk; 1 if not said
  --seconds N    the same in seconds
  --phones N     60
  --viewers N    projector pages; 3
  --rate N       messages of a phone in a second; 10
  --echo         an echo in place of the chat: one frame comes back for each, not one to each phone";

/// The most phones and pages together: a class has so many viewers of one address.
const MOST: usize = 100;

/// The options of one run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub time: Duration,
    pub phones: usize,
    pub viewers: usize,
    pub rate: u32,
    pub echo: bool,
}

impl Options {
    /// Reads the arguments behind `--class`.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options =
            Self { time: Duration::from_mins(1), phones: 60, viewers: 3, rate: 10, echo: false };
        while let Some(name) = args.next() {
            if name == "--echo" {
                options.echo = true;
                continue;
            }
            let value = args.next().with_context(|| format!("{name} needs a number"))?;
            let number: u32 = value.parse().with_context(|| format!("{value:?} is no number"))?;
            match name.as_str() {
                "--minutes" => options.time = Duration::from_secs(u64::from(number) * 60),
                "--seconds" => options.time = Duration::from_secs(number.into()),
                "--phones" => options.phones = number.try_into()?,
                "--viewers" => options.viewers = number.try_into()?,
                "--rate" => options.rate = number,
                _ => bail!("no such option: {name}"),
            }
        }
        ensure!(options.phones > 0 && options.viewers > 0, "at least a phone and a page");
        let all = options.phones.saturating_add(options.viewers);
        ensure!(all <= MOST, "at most {MOST} phones and pages together");
        ensure!((1..=1000).contains(&options.rate), "from 1 to 1000 messages a second");
        ensure!(!options.time.is_zero(), "a run takes at least a second");
        Ok(options)
    }
}
