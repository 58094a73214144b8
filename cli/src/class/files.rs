//! The files of the classroom's pages, from the program itself or from a folder.

use std::path::PathBuf;

use ws101::frontend::embedded;

/// Names and contents of the files of `frontend/class/`: `build.rs` writes this list.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/class.rs"));

/// The source of the files.
#[derive(Clone, Debug)]
pub enum Files {
    /// The program itself.
    Embedded,
    /// A folder, read anew for every request, so that a change needs no compiler.
    Folder(PathBuf),
}

impl Files {
    /// The file of this name, `phone.html` or `experiments/pong.wst`, or else the file of the chat's page, some of which the classroom shares.
    pub async fn read(&self, name: &str) -> Option<Vec<u8>> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let mut parts = name.split('/');
        let is_safe = |part: &str| !part.starts_with('.') && part.bytes().all(is_plain);
        if name.matches('/').count() > 1 || !parts.all(is_safe) {
            return None;
        }
        match self {
            Self::Embedded => {
                let found = FILES.iter().find(|(known, _)| *known == name);
                found.map(|(_, contents)| *contents).or_else(|| embedded(name)).map(<[u8]>::to_vec)
            }
            Self::Folder(path) => match tokio::fs::read(path.join(name)).await {
                Ok(contents) => Some(contents),
                Err(_) => tokio::fs::read(path.parent()?.join(name)).await.ok(),
            },
        }
    }
}

/// The file of a page by its path: `/class/phone` is `phone.html`. The teacher's page is the one of the
/// projector, and has more on it where there is a key.
pub fn name_of(path: &str) -> String {
    match path {
        "" | "teach" => "index.html".to_owned(),
        path if path.contains('.') => path.to_owned(),
        path => format!("{path}.html"),
    }
}
