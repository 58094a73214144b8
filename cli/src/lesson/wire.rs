//! The lines of a lesson in the terminal: connections that come and go, and with the key `w` every frame.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use ws101::log;
use ws101::proxy::{Event, Totals, What};
use ws101::wst::LineWriter;

use crate::lang::Lang;
use crate::tap::lines::Lines;
use crate::tap::output::Output;

/// The terminal, or whatever reads standard output.
pub struct Wire {
    lines: Lines,
    shows_frames: Arc<AtomicBool>,
}

impl Wire {
    /// Shows frames as long as `shows_frames` says so.
    pub fn new(shows_frames: Arc<AtomicBool>, lang: Lang) -> Self {
        Self { lines: Lines::new(LineWriter::literal(), lang), shows_frames }
    }
}

impl Output for Wire {
    fn event(&mut self, event: &Event) -> Result<()> {
        let shows_frames = self.shows_frames.load(Relaxed);
        let is_news = match event.what {
            What::Request { .. } | What::Ended { .. } => event.socket > 0,
            What::Fault(_) | What::Unreachable(_) | What::Full(_) => true,
            // Its line would be made for nobody.
            What::Frame { .. } if !shows_frames => return Ok(()),
            _ => false,
        };
        for item in self.lines.of(event) {
            if is_news || shows_frames {
                log!("{}", item.to_line());
            }
        }
        Ok(())
    }

    fn end(&mut self, _: &Totals) -> Result<()> {
        Ok(())
    }
}
