//! The files of the page in `frontend/`: a part of the program, or read from a directory.

use std::path::PathBuf;

/// The source of the files of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frontend {
    /// From the program itself: a copy of `frontend/` as it was when ws101 was compiled.
    #[default]
    Embedded,
    /// From a directory, read anew for every request, so that a change needs no compiler.
    Directory(PathBuf),
}

/// Names and contents, in the order of their names.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../frontend/", $name)).as_slice())),*]
    };
}

/// Every file of `frontend/`. A test compares the list with the directory.
const FILES: &[(&str, &[u8])] = files![
    "address.js",
    "changes.js",
    "changing.js",
    "chat.js",
    "code.js",
    "connection.js",
    "dialects.js",
    "dividers.js",
    "favicon.svg",
    "i18n.js",
    "index.html",
    "list.js",
    "links.js",
    "liveness.js",
    "log.js",
    "older.js",
    "order.js",
    "outbox.js",
    "panel.js",
    "race.css",
    "race.html",
    "race.js",
    "race_texts.js",
    "rooms.js",
    "settings.js",
    "styles.css",
    "tab.js",
    "target.js",
    "teacher.js",
    "texts.js",
    "tokens.css",
    "view.js",
];

/// The embedded file of this name, if there is one: `chat.js`.
#[must_use]
pub fn embedded(name: &str) -> Option<&'static [u8]> {
    let file = FILES.iter().find(|(known, _)| *known == name);
    file.map(|(_, contents)| *contents)
}
