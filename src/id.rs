//! Random ids.

/// A random id: 128 bits as 32 hexadecimal digits. No two are the same, and no client can guess
/// another's.
///
/// A counter would reveal the number of clients, and clients could guess the ids of others. An IP
/// address is no id: a whole class may share one.
#[must_use]
pub fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}
