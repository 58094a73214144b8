//! The processes that listen on a port: so a server that was started again is known as another, and
//! the server of another command is not judged in its place.
//!
//! Linux tells in `/proc`. Elsewhere none is known.

use std::collections::BTreeSet;
use std::fs;

use crate::mark::Mark;
use crate::processes;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// The processes that listen on one port.
#[derive(Debug)]
pub struct Listeners(BTreeSet<u32>);

impl Listeners {
    /// Those on `port`.
    pub fn on(port: u16) -> Self {
        Self::among(processes::all(), port)
    }

    /// Those on `port` in a process group.
    pub fn in_group(group: u32, port: u16) -> Self {
        Self::among(processes::members(group), port)
    }

    fn among(processes: impl Iterator<Item = u32>, port: u16) -> Self {
        let sockets: BTreeSet<_> =
            ["tcp", "tcp6"].into_iter().flat_map(|table| sockets(table, port)).collect();
        if sockets.is_empty() {
            return Self(BTreeSet::new());
        }
        Self(processes.filter(|&id| holds(id, &sockets)).collect())
    }

    /// Whether another command like this one started one of these, and none has `mark`.
    pub fn are_of_another(&self, mark: &Mark) -> bool {
        let marks: Vec<_> = self.0.iter().filter_map(|&id| Mark::of_process(id)).collect();
        !marks.is_empty() && !marks.contains(mark)
    }

    /// Whether others listen now, and none of these.
    pub fn are_gone(&self, now: &Self) -> bool {
        !self.0.is_empty() && !now.0.is_empty() && self.0.is_disjoint(&now.0)
    }
}

/// The links of `/proc/*/fd` to sockets that listen on `port`: `socket:[12345]`.
fn sockets(table: &str, port: u16) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
    let socket = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (_, here) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(here, 16) == Ok(port) && fields.get(3) == Some(&LISTENING);
        is_it.then(|| format!("socket:[{}]", fields.get(9).copied().unwrap_or_default()))
    };
    text.lines().filter_map(socket).collect()
}

/// Whether a process has one of these sockets open.
fn holds(id: u32, sockets: &BTreeSet<String>) -> bool {
    let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.any(|link| link.to_str().is_some_and(|link| sockets.contains(link)))
}
