//! Judges how long a client waited between its attempts. Random waits can only be judged in number.
//!
//! Each rule passes a client as soon as enough waits fit. It fails a client only after so many waits
//! that a client that backs off as the lesson says fails less than once in a million runs. A busy
//! machine makes waits longer, and no rule fails a client for a few long waits.

use std::time::Duration;

use super::failure::Failure;

/// How many waits must show it: a busy machine may make one or two long.
const SHOWN: usize = 3;

/// How many waits of a run may have to grow before they are as long as they may be.
pub const GROWING: usize = 6;

/// How many later waits are asked for a long one: fewer than [`SHOWN`] of 29 fair coins
/// fall heads less than once in a million.
const GROWN: usize = 29;

/// How many waits of a run are early: before they begin to grow, they are short.
pub const EARLY: usize = 2;

/// How much later than its wait an early attempt may come: the client starts, and the machine is busy.
const EARLY_LATE: Duration = Duration::from_millis(350);

/// How many early waits of all runs may be too long.
const EARLY_EXCUSED: usize = 3;

/// How many pairs of waits are asked for different ones: two waits are further apart
/// than a quarter of their limit in 9 of 16 cases, and less than [`SHOWN`] times in 25
/// once in a million.
const PAIRS: usize = 25;

/// How many waits are compared with the cap.
const CAPPED: usize = 24;

/// How many of these may be longer than the cap by more than [`LATE`].
const EXCUSED: usize = 5;

/// How late a busy machine may be, as a rule.
const LATE: Duration = Duration::from_millis(150);

/// After how many refusals a client may give up.
pub const FAITHFUL: usize = 19;

/// `None` while more waits are wanted.
pub type Judgement = Option<Result<(), Failure>>;

/// Whether the waits of several runs grow from `retry` to `limit`: the early ones are short, and of the
/// later ones some are longer than half the limit.
///
/// Whether the first wait is at most `retry` or twice that is left open.
pub fn grown(runs: &[&[Duration]], retry: Duration, limit: Duration) -> Judgement {
    let early = runs.iter().flat_map(|waits| waits.iter().take(EARLY).zip([retry * 2, retry * 4]));
    let too_long: Vec<_> = early.filter(|(wait, most)| **wait > *most + EARLY_LATE).collect();
    let is_early_over = runs.iter().all(|waits| waits.len() >= EARLY);
    if let [(wait, most), ..] = too_long[..]
        && too_long.len() > EARLY_EXCUSED
    {
        return Some(Err(Failure::Hasty { wait: *wait, limit: most }));
    }
    let later = || runs.iter().flat_map(|waits| waits.iter().skip(GROWING - 1).copied());
    let long = later().filter(|wait| *wait > limit / 2).count();
    let times = later().count();
    let longest = later().max().unwrap_or_default();
    match (is_early_over && long >= SHOWN, times >= GROWN) {
        (true, _) => Some(Ok(())),
        (false, true) => Some(Err(Failure::Short { times, longest, limit })),
        (false, false) => None,
    }
}

/// Whether no wait is longer than `limit`.
pub fn capped(waits: &[Duration], limit: Duration) -> Judgement {
    let long = waits.iter().filter(|wait| **wait > limit + LATE).count();
    let longest = waits.iter().copied().max().unwrap_or_default();
    match (long > EXCUSED, waits.len() >= CAPPED) {
        (true, _) => Some(Err(Failure::Long { longest, limit })),
        (false, true) => Some(Ok(())),
        (false, false) => None,
    }
}

/// Whether a client that came no more had given up, and its waits were not too long; `None` if it was too soon
/// to give up.
///
/// A client without a cap never gets as far: before so many attempts it waits for minutes.
pub fn gave_up(waits: &[Duration], limit: Duration) -> Judgement {
    let long = waits.iter().filter(|wait| **wait > limit + LATE).count();
    (waits.len() >= FAITHFUL && long <= EXCUSED).then_some(Ok(()))
}

/// Whether waits of two runs, each random from zero to `limit`, are.
///
/// That they differ from run to run is seen in pairs; that they begin at zero, in
/// how far apart they are: of fifty waits, two are further apart than seven tenths.
pub fn random(first: &[Duration], second: &[Duration], limit: Duration) -> Judgement {
    let pairs = first.iter().zip(second).map(|(first, second)| [*first, *second]);
    let pairs: Vec<_> = pairs.collect();
    let differ = pairs.iter().filter(|[a, b]| a.abs_diff(*b) > limit / 4).count() >= SHOWN;
    let all = || pairs.as_flattened().iter().copied();
    let least = all().min().unwrap_or_default();
    let most = all().max().unwrap_or_default();
    let is_wide = most.abs_diff(least) > limit * 7 / 10;
    match (differ, is_wide, pairs.len() >= PAIRS) {
        (true, true, _) => Some(Ok(())),
        (_, _, false) => None,
        (false, _, true) => Some(Err(Failure::Alike { pairs })),
        (true, false, true) => Some(Err(Failure::Narrow { least, most, limit })),
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(160);
    const RETRY: Duration = Duration::from_millis(5);

    /// The verdict of `judge` on waits that are made one by one.
    fn judged(
        mut wait: impl FnMut() -> f64,
        judge: impl Fn(&[Duration]) -> Judgement,
    ) -> Result<(), Failure> {
        let mut waits = Vec::new();
        loop {
            waits.push(LIMIT.mul_f64(wait()));
            if let Some(judgement) = judge(&waits) {
                return judgement;
            }
        }
    }

    fn both(waits: &[Duration]) -> Judgement {
        let first: Vec<_> = waits.iter().copied().step_by(2).collect();
        let second: Vec<_> = waits.iter().copied().skip(1).step_by(2).collect();
        random(&first, &second, LIMIT)
    }

    #[test]
    fn dice_are_never_blamed() {
        let mut dice = StdRng::seed_from_u64(101);
        for _ in 0..20_000 {
            let mut throw = || dice.random_range(0.0..1.0);
            let mut runs = [const { Vec::new() }; 4];
            let judgement = loop {
                for run in &mut runs {
                    let most = LIMIT.min(RETRY * (1 << run.len().min(9)));
                    run.push(most.mul_f64(throw()));
                }
                if let Some(judgement) = grown(&runs.each_ref().map(|run| &run[..]), RETRY, LIMIT) {
                    break judgement;
                }
            };
            assert_eq!(judgement, Ok(()));
            assert_eq!(judged(&mut throw, |waits| capped(waits, LIMIT)), Ok(()));
            assert_eq!(judged(&mut throw, both), Ok(()));
        }
    }

    #[test]
    fn what_is_too_short_too_long_or_no_dice_is_blamed() {
        let mut dice = StdRng::seed_from_u64(101);
        let mut throw = || dice.random_range(0.0..1.0);
        let run = |waits: &[Duration]| grown(&[waits, waits], RETRY, LIMIT);
        let short = judged(|| 0.4 * throw(), run);
        assert!(matches!(short, Err(Failure::Short { .. })), "{short:?}");
        let far = Duration::from_secs(2);
        let constant = grown(&[&[far; 9][..]; 2], RETRY, far);
        assert!(matches!(constant, Some(Err(Failure::Hasty { .. }))), "{constant:?}");
        assert_eq!(gave_up(&[LIMIT; FAITHFUL], LIMIT), Some(Ok(())));
        assert_eq!(gave_up(&[LIMIT; FAITHFUL - 1], LIMIT), None);
        let long = judged(|| 4.0 * throw(), |waits| capped(waits, LIMIT));
        assert!(matches!(long, Err(Failure::Long { .. })), "{long:?}");
        let alike = judged(|| 1.0 + 0.2 * throw(), both);
        assert!(matches!(alike, Err(Failure::Alike { .. })), "{alike:?}");
        let narrow = judged(|| 0.5 + 0.5 * throw(), both);
        assert!(matches!(narrow, Err(Failure::Narrow { .. })), "{narrow:?}");
    }
}
