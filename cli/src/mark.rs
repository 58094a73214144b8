//! A random variable in the environment of a started command, by which its descendants are found.

use std::fs;
use std::io::Read;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often the processes of the system are listed at most, until none has the mark.
const SWEEPS: usize = 200;

/// The pause between two lists: a killed process needs a moment to be gone.
const PAUSE: Duration = Duration::from_millis(5);

/// The most bytes of an environment that are searched. Linux allows 6 MiB for it and the arguments.
const ENVIRONMENT_LIMIT: u64 = 6 * 1024 * 1024;

/// The value of the variable [`Mark::VARIABLE`]: 128 random bits in hexadecimal.
///
/// All descendants inherit it, also those in a session of their own.
#[derive(PartialEq)]
pub struct Mark(String);

impl Mark {
    /// The name of the variable.
    pub const VARIABLE: &str = "WS101_GUARD";

    /// A mark that no other process has.
    pub fn random() -> Self {
        Self(ws101::id::random())
    }

    /// The mark with this value.
    pub fn of(value: String) -> Self {
        Self(value)
    }

    /// The mark that a process was started with, if any. The environment of a process that is dead, or
    /// of another user, cannot be read.
    pub fn of_process(id: u32) -> Option<Self> {
        let environment = fs::File::open(format!("/proc/{id}/environ")).ok()?;
        let mut bytes = Vec::new();
        environment.take(ENVIRONMENT_LIMIT).read_to_end(&mut bytes).ok()?;
        let value = bytes
            .split(|&byte| byte == 0)
            .find_map(|entry| entry.strip_prefix(Self::VARIABLE.as_bytes())?.strip_prefix(b"="));
        value.and_then(|value| Some(Self(String::from_utf8(value.to_vec()).ok()?)))
    }

    /// The value of the variable.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// Sends SIGKILL to all processes with this mark, until there are none. On Linux only: elsewhere
    /// the environment of another process cannot be read.
    ///
    /// It repeats, because a process may start another one while the list is read.
    pub fn kill_all(&self) {
        if !cfg!(target_os = "linux") || self.0.is_empty() {
            return;
        }
        for _ in 0..SWEEPS {
            let marked = self.processes();
            if marked.is_empty() {
                return;
            }
            for process in marked {
                // One that is gone needs no signal.
                let _ = kill_process(process, Signal::KILL);
            }
            sleep(PAUSE);
        }
    }

    /// The processes of this user with this mark, without this one.
    fn processes(&self) -> Vec<Pid> {
        let own = std::process::id();
        let Ok(listed) = fs::read_dir("/proc") else { return Vec::new() };
        let ids = listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let marked = ids.filter(|&id| id != own && Self::of_process(id).as_ref() == Some(self));
        marked.filter_map(|id| Pid::from_raw(id.cast_signed())).collect()
    }
}
