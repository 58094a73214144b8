//! Inputs that are kept in files: some once showed a fault, others are close to one.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The contents of the files in a folder, by file name. There must be at least one.
pub fn kept(folder: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let entries = entries.expect("the corpus is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no input in {folder}");
    files.iter().map(|file| fs::read(file).expect("it can be read")).collect()
}

/// The same for files of text.
pub fn texts(folder: &str) -> Vec<String> {
    let text = |bytes| String::from_utf8(bytes).expect("texts are UTF-8");
    kept(folder).into_iter().map(text).collect()
}

/// A kept input in which up to three pieces are replaced by others, many of them from other kept
/// inputs.
pub fn spoiled(folder: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let kept = kept(folder);
    let of_its_like = (select(kept.clone()), any::<Index>(), 0..40_usize);
    let of_its_like = of_its_like.prop_map(|(from, at, size)| {
        let at = at.index(from.len() + 1);
        from[at..from.len().min(at + size)].to_vec()
    });
    let piece = prop_oneof![of_its_like, vec(any::<u8>(), 0..4)];
    let changes = vec((any::<Index>(), 0..20_usize, piece), 0..4);
    (select(kept), changes).prop_map(|(mut bytes, changes)| {
        for (at, gone, piece) in changes {
            let at = at.index(bytes.len() + 1);
            let end = bytes.len().min(at + gone);
            bytes.splice(at..end, piece);
        }
        bytes
    })
}

/// The same as text; bytes that are not UTF-8 become U+FFFD.
pub fn spoiled_text(folder: &str) -> impl Strategy<Value = String> + use<> {
    spoiled(folder).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
