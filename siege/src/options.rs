//! The options of the command line.

use anyhow::{Context, Result, bail, ensure};

use crate::attack::ATTACKS;

pub const USAGE: &str = "\
usage: ws101-siege [--short] [--only NAME]... [--seed N] [--table]
  --short       fewer clients and wider marks: for a busy machine and a debug build
  --only NAME   the attacks whose name begins like this; may be given again
  --seed N      repeats the names and pauses of an earlier run
  --table       prints the rows of a Markdown table at the end";

/// The options of one run.
#[derive(Clone, Debug)]
pub struct Options {
    pub short: bool,
    pub table: bool,
    pub seed: u64,
    /// The beginnings of the names of attacks; all attacks if it is empty.
    only: Vec<String>,
}

impl Options {
    /// Reads the arguments that follow the program's name.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options =
            Self { short: false, table: false, seed: rand::random(), only: Vec::new() };
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--short" => options.short = true,
                "--table" => options.table = true,
                "--seed" => options.seed = value()?.parse().context("--seed needs a number")?,
                "--only" => {
                    let name = value()?;
                    let known = ATTACKS.iter().any(|attack| attack.name.starts_with(&name));
                    let names: Vec<_> = ATTACKS.iter().map(|attack| attack.name).collect();
                    ensure!(known, "no attack is called {name}; there are {}", names.join(", "));
                    options.only.push(name);
                }
                _ => bail!("no such option: {arg}"),
            }
        }
        Ok(options)
    }

    /// Whether the attack called `name` runs.
    pub fn names(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn an_attack_that_does_not_exist_is_refused_rather_than_passed() {
        assert!(parse("--only crowd").is_ok());
        let error = parse("--only crwd").unwrap_err().to_string();
        assert!(error.contains("no attack is called crwd"), "{error}");
        assert!(parse("--only").is_err());
        assert!(parse("--shrt").is_err());
    }

    #[test]
    fn a_beginning_names_all_attacks_that_have_it() {
        let options = parse("--only crowd --seed 7").unwrap();
        assert!(options.names("crowd-python_chat") && !options.names("odd"));
        assert_eq!(options.seed, 7);
    }
}
