//! The sockets and threads of this process: a paused clock does not wait for them.
//!
//! Linux tells in `/proc/self`. Elsewhere nothing is seen.

use std::collections::BTreeSet;
use std::fs;

/// The start of the names of threads that are no threads of a server: those of tokio, and our own.
const OTHERS: [&str; 2] = ["tokio-", "ws101-"];

/// The sockets and the threads of this process.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The inodes of all sockets.
    sockets: BTreeSet<String>,
    threads: BTreeSet<String>,
}

impl Evidence {
    pub(super) fn now() -> Self {
        let files = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let links = files.filter_map(|file| fs::read_link(file.path()).ok());
        let socket = |link: std::path::PathBuf| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        };
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let threads = threads.filter_map(|thread| thread.file_name().into_string().ok());
        Self { sockets: links.filter_map(socket).collect(), threads: threads.collect() }
    }

    /// Whether there is a TCP socket now, however old, or another socket or a thread that was not there
    /// `before`.
    pub(super) fn is_more_than(&self, before: &Self) -> bool {
        self.sockets.difference(&before.sockets).next().is_some()
            || self.threads.difference(&before.threads).any(|thread| is_of_a_server(thread))
            || self.has_tcp()
    }

    /// The pool of a database is often older than the first client.
    fn has_tcp(&self) -> bool {
        if self.sockets.is_empty() {
            return false; // The tables of a busy machine are long.
        }
        let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
        let mut tables = tables.iter().filter_map(|table| fs::read_to_string(table).ok());
        tables.any(|table| {
            let mut inodes = table.lines().filter_map(|line| line.split_whitespace().nth(9));
            inodes.any(|inode| self.sockets.contains(inode))
        })
    }
}

/// The sockets for which the tasks of this runtime may wait: those that its reactor watches.
#[derive(Debug, Default)]
pub(super) struct Reactor {
    /// The number of the reactor's descriptor, if it was found.
    reactor: Option<String>,
    /// The descriptors that it watched when the first client came, without TCP sockets: the runtime's
    /// own.
    own: BTreeSet<String>,
}

impl Reactor {
    /// Takes down what the reactor of the current runtime watches now.
    pub(super) fn now() -> Self {
        let Some(reactor) = reactor() else { return Self::default() };
        let mut own = targets(&reactor);
        own.retain(|target| !is_tcp(target));
        Self { reactor: Some(reactor), own }
    }

    /// Whether the reactor watches a TCP socket, or another socket that is newer than the first client.
    pub(super) fn has_sockets(&self) -> bool {
        let Some(reactor) = &self.reactor else { return false };
        let targets = targets(reactor);
        targets.difference(&self.own).any(|target| socket(target).is_some())
    }
}

/// The inode of this descriptor, if it is a socket.
fn socket(descriptor: &str) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    Some(inode.to_owned())
}

fn is_tcp(descriptor: &str) -> bool {
    let sockets = BTreeSet::from_iter(socket(descriptor));
    Evidence { sockets, threads: BTreeSet::new() }.has_tcp()
}

/// The descriptor of the reactor of the current runtime: the one that watches a socket made here.
#[cfg(target_os = "linux")]
fn reactor() -> Option<String> {
    use std::os::fd::AsRawFd;

    // It panics in a runtime without a reactor, whose tasks wait for no socket.
    let pair = std::panic::catch_unwind(tokio::net::UnixStream::pair).ok()?.ok()?;
    let ours = pair.0.as_raw_fd().to_string();
    let descriptors = fs::read_dir("/proc/self/fdinfo").ok()?.flatten();
    let mut names = descriptors.filter_map(|entry| entry.file_name().into_string().ok());
    names.find(|name| targets(name).contains(&ours))
}

#[cfg(not(target_os = "linux"))]
fn reactor() -> Option<String> {
    None
}

/// The descriptors that this descriptor of a reactor watches.
fn targets(reactor: &str) -> BTreeSet<String> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{reactor}")).unwrap_or_default();
    let lines = info.lines().filter_map(|line| line.strip_prefix("tfd:"));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn is_of_a_server(thread: &str) -> bool {
    let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm"));
    name.is_ok_and(|name| !OTHERS.iter().any(|front| name.starts_with(front)))
}
