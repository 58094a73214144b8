//! Runs a property with random inputs, for a number of minutes.

use std::env;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::time::Instant;

/// The variable with the minutes for which each property is tried. All are tried at the same time.
const MINUTES: &str = "PROPERTY_MINUTES";

/// The fewest cases of each property.
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

/// Tries a property, and prints the number of cases.
pub fn hold<S: Strategy>(
    name: &str,
    inputs: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    // A failure prints its input, so proptest need not keep files of failed cases.
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
