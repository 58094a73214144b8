//! The outputs that a tap tells what it sees: the terminal, a file, later the page of a classroom.

use anyhow::Result;
use ws101::proxy::{Event, Totals};

/// One that is told every event, in order.
pub trait Output: Send {
    /// Takes an event. It may wait for its reader; then the proxy leaves frames out, or waits as well.
    fn event(&mut self, event: &Event) -> Result<()>;

    /// Nothing more comes.
    fn end(&mut self, totals: &Totals) -> Result<()>;
}
