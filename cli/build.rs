//! Lists the files of `checks/`, the pages of the lessons, those that a learner begins a lesson with, and the
//! files of the classroom, so that a new one needs no other line of code.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders of `lessons/` that `ws101 start` writes files from.
const BEGUN: [&str; 2] = ["answers", "start"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let cli = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let root = cli.parent().ok_or_else(|| io::Error::other("the command is in no repository"))?;
    let lessons = root.join("lessons");
    let checks = list(&ending(listed(&cli.join("checks"))?, "wst"), |path, text| {
        let (number, name) = numbered(path)?;
        Ok(format!("Lesson {{ number: {number}, name: {name:?}, text: include_str!({text:?}) }}"))
    })?;
    let pages = list(&ending(listed(&lessons.join("en"))?, "md"), |path, english| {
        let (number, name) = numbered(path)?;
        let file = name_of(path)?;
        let russian = lessons.join("ru").join(file).display().to_string();
        let notes = ["en", "ru"].map(|lang| lessons.join(lang).join("notes").join(file));
        let [notes_en, notes_ru] = notes.map(|path| path.display().to_string());
        Ok(format!(
            "Page {{ number: {number}, name: {name:?}, texts: [include_str!({english:?}), include_str!({russian:?})], \
             notes: [include_str!({notes_en:?}), include_str!({notes_ru:?})] }}"
        ))
    })?;
    let mut begun = Vec::new();
    for kind in BEGUN {
        for folder in listed(&lessons.join(kind))? {
            begun.extend(listed(&folder)?);
        }
    }
    // Each with its path in `lessons/`: `("answers/05/server.py", "…")`.
    let begun = list(&begun, |path, contents| {
        let name = path.strip_prefix(&lessons).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        Ok(format!("({name:?}, include_str!({contents:?}))"))
    })?;
    let folder = root.join("frontend/class");
    let mut class = listed(&folder)?;
    class.retain(|path| !path.is_dir());
    class.extend(listed(&folder.join("experiments"))?);
    let class = list(&class, |path, contents| {
        // `experiments/pong.wst`
        let name = path.strip_prefix(&folder).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        Ok(format!("({name:?}, include_bytes!({contents:?}).as_slice())"))
    })?;
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("lessons.rs"), checks)?;
    fs::write(out.join("pages.rs"), pages)?;
    fs::write(out.join("files.rs"), begun)?;
    fs::write(out.join("class.rs"), class)
}

/// The entries of a folder, in the order of their names. Cargo runs this again if they change.
fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// Those whose names end so: `md`.
fn ending(paths: Vec<PathBuf>, ending: &str) -> Vec<PathBuf> {
    let is_wanted = |path: &PathBuf| path.extension().is_some_and(|found| found == ending);
    paths.into_iter().filter(is_wanted).collect()
}

/// A slice in Rust with an item for each file.
fn list(files: &[PathBuf], item: impl Fn(&Path, &str) -> io::Result<String>) -> io::Result<String> {
    let mut list = String::from("&[\n");
    for path in files {
        let whole = path.to_str().ok_or_else(|| misnamed(path))?;
        writeln!(list, "{},", item(path, whole)?).map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    Ok(list)
}

/// `05_broadcast`
fn numbered(path: &Path) -> io::Result<(usize, &str)> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let (number, name) =
        stem.and_then(|stem| stem.split_once('_')).ok_or_else(|| misnamed(path))?;
    Ok((number.parse().map_err(|_| misnamed(path))?, name))
}

fn name_of(path: &Path) -> io::Result<&str> {
    path.file_name().and_then(|name| name.to_str()).ok_or_else(|| misnamed(path))
}

fn misnamed(path: &Path) -> io::Error {
    io::Error::other(format!("{} is not called NN_example", path.display()))
}
