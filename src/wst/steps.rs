//! The steps that reading and comparing a scenario take, counted for tests only.
//!
//! A test compares the counts for two sizes of one input, so it needs no clock.

#[cfg(test)]
thread_local! {
    static TAKEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts `steps` more; outside of tests it does nothing.
#[cfg(test)]
pub(crate) fn count(steps: usize) {
    TAKEN.set(TAKEN.get() + steps as u64);
}

/// Counts `steps` more; outside of tests it does nothing.
#[cfg(not(test))]
pub(crate) const fn count(_steps: usize) {}

/// The number of steps that `work` takes on this thread.
#[cfg(test)]
pub(crate) fn of(work: impl FnOnce()) -> u64 {
    let before = TAKEN.get();
    work();
    TAKEN.get() - before
}
