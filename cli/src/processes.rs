//! The processes of this computer, as Linux lists them in `/proc`. Elsewhere none is known.

use std::fs;

/// The number of each process.
pub fn all() -> impl Iterator<Item = u32> {
    let listed = fs::read_dir("/proc").into_iter().flatten().flatten();
    listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The processes of a group.
pub fn members(group: u32) -> impl Iterator<Item = u32> {
    all().filter(move |&id| group_of(id) == Some(group))
}

/// The group of a process.
pub fn group_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Behind the name, which may hold anything: the state, the parent, the group.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(2)?.parse().ok()
}
