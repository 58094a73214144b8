//! The experiments of the classroom as files: `ws101 play` plays each of them.

mod echoing;

use std::path::Path;

use echoing::echoing;
use tokio::process::Command;

#[tokio::test]
async fn each_experiment_is_a_file_that_plays() {
    let url = format!("ws://{}/ws", echoing("/ws").await);
    let class = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend/class");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(class.join("experiments")).unwrap() {
        let file = entry.unwrap().path();
        let mut play = Command::new(env!("CARGO_BIN_EXE_ws101"));
        let played = play.arg("play").arg(&file).args(["--url", &url, "--lang", "en"]).output();
        let played = played.await.unwrap();
        let said = String::from_utf8_lossy(&played.stdout);
        assert!(played.status.success(), "{}\n{said}", file.display());
        names.push(file.file_stem().unwrap().to_string_lossy().into_owned());
    }
    // Each card has one.
    let cards = std::fs::read_to_string(class.join("cards.js")).unwrap();
    let words = std::fs::read_to_string(class.join("cards_en.js")).unwrap();
    assert_eq!(names.len(), 21);
    for name in names {
        assert!(cards.contains(&format!("'{name}'")), "{name} has no card");
        assert!(words.contains(&format!("card_{name}_why:")), "{name} has no words");
    }
}
