//! How much chance a property is given.

use std::env;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::time::Instant;

/// Names the minutes that each property is tried for; they are tried at the same time.
const MINUTES: &str = "FUZZ_MINUTES";

/// How many cases are tried at least.
const CASES: u32 = 256;

/// Properties as `proptest!` has them, each tried for as long as it is asked to be.
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

/// Tries a property, and says how many cases it held for.
pub fn hold<S: Strategy>(
    name: &str,
    inputs: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    // A failure prints its input; files of old ones would only gather.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let minutes = env::var(MINUTES).map_or(0, |n| n.parse().expect("a number of minutes"));
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let mut cases = 0;
    loop {
        if let Err(failure) = TestRunner::new(config.clone()).run(inputs, &property) {
            panic!("{name}, after {cases} cases: {failure}");
        }
        cases += u64::from(CASES);
        if Instant::now() >= end {
            break;
        }
    }
    println!("{name}: {cases} cases");
}
