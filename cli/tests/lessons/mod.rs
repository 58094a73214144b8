//! The lessons that have checks.

use std::fs;

/// The number and the example of each, from the names of the files: `checks/05_broadcast.wst`.
pub fn lessons() -> Vec<(u32, String)> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/checks")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let lesson = |name: String| {
        let (number, name) = name.strip_suffix(".wst")?.split_once('_')?;
        Some((number.parse().ok()?, name.to_owned()))
    };
    let mut lessons: Vec<_> = names.map(|name| lesson(name).expect("NN_example.wst")).collect();
    lessons.sort_unstable();
    lessons
}

/// The numbers of the lessons that a server can be tried with: `said`, which is what the server answers to
/// `--lessons`, is the number of its last lesson.
#[allow(dead_code, reason = "not every test has servers for lessons")]
pub fn lessons_of(said: &[u8]) -> Vec<u32> {
    let last = str::from_utf8(said).expect("it is text");
    let last: u32 = last.trim().parse().expect("it is a number");
    let numbers = lessons().into_iter().map(|(number, _)| number);
    numbers.filter(|number| *number <= last).collect()
}
