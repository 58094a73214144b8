//! Runs a property with random inputs: a number of cases, or for a number of minutes.

use std::env;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use tokio::time::Instant;

/// The variable with the minutes for which each property is tried. All are tried at the same time.
const MINUTES: &str = "PROPERTY_MINUTES";

/// The variable with the cases of each property, if more than [`CASES`].
const AT_LEAST: &str = "PROPERTY_CASES";

/// The variable with the seed of a run, as a failure prints it.
const SEED: &str = "PROPERTY_SEED";

/// The fewest cases of each property, and those that one seed makes.
const CASES: u32 = 256;

/// Declares properties as `proptest!` does. Each is tried for [`MINUTES`].
macro_rules! chance {
    ($($(#[doc = $doc:expr])* fn $name:ident($($input:pat in $inputs:expr),+ $(,)?) $property:block)*) => {$(
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            crate::chance::hold(stringify!($name), &($($inputs,)+), |($($input,)+)| {
                let () = $property;
                Ok(())
            });
        }
    )*};
}

fn variable(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn random() -> u64 {
    u64::from_str_radix(&ws101::id::random()[..8], 16).expect("hexadecimal digits")
}

/// Tries a property, and prints the number of cases and the first seed.
pub fn hold<S: Strategy>(
    name: &str,
    inputs: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    // A failure prints its input, so proptest need not keep files of failed cases.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let end = Instant::now() + Duration::from_secs(60 * variable(MINUTES).unwrap_or_default());
    let at_least = variable(AT_LEAST).unwrap_or_default();
    let first = variable(SEED).unwrap_or_else(random);
    let mut seed = first;
    let mut cases = 0;
    loop {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        if let Err(failure) = TestRunner::new_with_rng(config.clone(), rng).run(inputs, &property) {
            panic!("{name}, after {cases} cases, {SEED}={seed}: {failure}");
        }
        cases += u64::from(CASES);
        if cases >= at_least && Instant::now() >= end {
            break;
        }
        seed += 1;
    }
    println!("{name}: {cases} cases, {SEED}={first}");
}
