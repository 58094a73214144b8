//! Lists the files of `checks/`, so that a new lesson's checks need no other line of code.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=checks");
    println!("cargo::rerun-if-changed=build.rs");
    let checks =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("checks");
    let mut files: Vec<_> = fs::read_dir(&checks)?.collect::<io::Result<_>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut list = String::from("&[\n");
    for file in files {
        let path = file.path();
        let misnamed =
            || io::Error::other(format!("{} is not called NN_example.wst", path.display()));
        let whole = path.to_str().ok_or_else(misnamed)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        // `05_broadcast`
        let (number, name) = stem.and_then(|stem| stem.split_once('_')).ok_or_else(misnamed)?;
        let number: usize = number.parse().map_err(|_| misnamed())?;
        let line = format!(
            "Lesson {{ number: {number}, name: {name:?}, text: include_str!({whole:?}) }},"
        );
        writeln!(list, "{line}").map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(
        PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("lessons.rs"),
        list,
    )
}
