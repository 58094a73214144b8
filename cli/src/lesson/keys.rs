//! The keys of the terminal, one press each. Only where there is a terminal, and in its foreground.

use tokio::sync::mpsc;

/// How many presses wait.
#[cfg(unix)]
const PRESSED: usize = 16;

/// A key that does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `w`: shows every frame, or no longer.
    Wire,
    /// `t`: opens the teacher's page.
    Teacher,
    /// `c`: checks the server.
    Check,
    /// `s`: stops the server, or starts it.
    Server,
    /// `u`: undoes all faults.
    Undo,
    /// `q`: ends the lesson.
    Quit,
}

impl Key {
    /// The key of a letter; those of a Russian keyboard stand at the same places.
    fn of(letter: char) -> Option<Self> {
        Some(match letter.to_lowercase().next()? {
            'w' | 'ц' => Self::Wire,
            't' | 'е' => Self::Teacher,
            'c' | 'с' => Self::Check,
            's' | 'ы' => Self::Server,
            'u' | 'г' => Self::Undo,
            // Ctrl-D
            'q' | 'й' | '\u{4}' => Self::Quit,
            _ => return None,
        })
    }
}

/// The keys. Dropping them gives the terminal its lines back.
pub struct Keys {
    pressed: mpsc::Receiver<Key>,
    #[cfg(unix)]
    _quiet: unix::Quiet,
}

impl Keys {
    /// The next press. Cancel safe.
    pub async fn next(&mut self) -> Option<Key> {
        self.pressed.recv().await
    }

    /// The keys of standard input; `None` if it is no terminal of ours.
    #[cfg(not(unix))]
    pub fn open() -> Option<Self> {
        None
    }

    /// The keys of standard input; `None` if it is no terminal of ours.
    #[cfg(unix)]
    pub fn open() -> Option<Self> {
        use std::io::{Read, stdin};
        let quiet = unix::Quiet::begin()?;
        let (to, pressed) = mpsc::channel(PRESSED);
        // It ends with the program: a read of the terminal cannot be called off.
        std::thread::spawn(move || {
            let mut bytes = [0; 64];
            while let Ok(size @ 1..) = stdin().read(&mut bytes) {
                for letter in String::from_utf8_lossy(&bytes[..size]).chars() {
                    if Key::of(letter).is_some_and(|key| to.blocking_send(key).is_err()) {
                        return;
                    }
                }
            }
        });
        Some(Self { pressed, _quiet: quiet })
    }
}

#[cfg(unix)]
mod unix {
    use std::io::stdin;

    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

    use crate::output::is_terminal;

    /// A terminal that gives each press at once and does not show it. Ctrl-C stays a signal.
    pub struct Quiet(Termios);

    impl Quiet {
        pub fn begin() -> Option<Self> {
            // In the background the system would stop this program for it.
            if !is_terminal() || tcgetpgrp(stdin()).ok()? != getpgrp() {
                return None;
            }
            let before = tcgetattr(stdin()).ok()?;
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            tcsetattr(stdin(), OptionalActions::Now, &quiet).ok()?;
            Some(Self(before))
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            // A terminal that is gone needs nothing back.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_works_on_both_keyboards_and_with_caps_lock() {
        for letters in ["wWцЦ", "tTеЕ", "cCсС", "sSыЫ", "uUгГ", "qQйЙ"] {
            let keys: Vec<_> = letters.chars().map(Key::of).collect();
            assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{letters}");
        }
        assert_eq!(Key::of('x'), None);
    }
}
