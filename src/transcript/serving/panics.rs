//! Remembers the panics of the tasks of this thread, which the runtime keeps to itself.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Once;

thread_local! {
    /// The message of the last panic on this thread that is not told yet.
    pub(super) static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether panics on this thread are remembered.
    static REMEMBERS: Cell<bool> = const { Cell::new(false) };
}

/// The message of a panic of a task of this thread that no handler told.
pub fn untold_panic() -> Option<String> {
    LAST_PANIC.take()
}

/// Remembers the message of each panic on this thread. What was printed before is printed as before.
pub(super) fn remember_panics() {
    static ONCE: Once = Once::new();
    REMEMBERS.set(true);
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A panic while the thread ends is not remembered.
            let remembers = REMEMBERS.try_with(Cell::get).unwrap_or_default();
            if remembers {
                let said = panic.payload_as_str().unwrap_or_default().to_owned();
                let _ = LAST_PANIC.try_with(|last| {
                    if let Ok(mut last) = last.try_borrow_mut() {
                        *last = Some(said);
                    }
                });
            }
            print(panic);
        }));
    });
}

pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
