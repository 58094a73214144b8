//! Names nobody can guess.

/// 128 random bits as 32 hexadecimal digits: two are never the same, and none leads to another.
///
/// Numbers that count up would tell everyone how many there are, and invite
/// guessing; an address names a whole class behind one router.
#[must_use]
pub fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}
