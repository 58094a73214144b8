//! Every frame that a page shows in bytes is the frame it is said to be.
//!
//! Bytes stand in a block of their own, each frame followed by what it is:
//!
//! ```text
//! 81 85 37 fa 21 3d 7f 9f 4d 51 58    client text "Hello"
//! 88 02 03 e8                         server close 1000
//! ```
//!
//! A frame may take several lines, the last of which says what it is. The words
//! are those of transcripts, since a transcript is what says them.

use tokio::io::{AsyncWriteExt, copy, sink};
use ws101::handshake::Policy;
use ws101::transcript::Transcript;
use ws101::upgrade::{HEAD_DEADLINE, accept};

use crate::markdown::Fence;
use crate::{none, pages};

/// From how many bytes in a row it is a frame that someone should check.
const RUN: usize = 5;

#[tokio::test(start_paused = true)]
async fn every_frame_is_what_the_words_beside_it_say() {
    let mut complaints = Vec::new();
    for page in pages() {
        for fence in page.fences().into_iter().filter(|fence| fence.info == "wire") {
            let mut bytes = Vec::new();
            for (at, line) in (fence.line..).zip(&fence.body) {
                let words: Vec<_> = line.split_whitespace().collect();
                let said = words.iter().position(|word| byte(word).is_none());
                let (hex, said) = words.split_at(said.unwrap_or(words.len()));
                bytes.extend(hex.iter().filter_map(|word| byte(word)));
                if said.is_empty() {
                    continue;
                }
                // The first word is whose it is; what lies within quotation marks has spaces of its own.
                let said = line[line.find(said[0]).unwrap()..].trim_end();
                let who = said.split(' ').next().unwrap();
                let is = describe(std::mem::take(&mut bytes), who).await;
                if is.as_deref() != Ok(said) {
                    let is = is.unwrap_or_else(|why| why);
                    complaints.push(page.at(at, format_args!("\n  said {said}\n  is   {is}")));
                }
            }
            if !bytes.is_empty() {
                complaints.push(page.at(fence.line, "bytes that nobody says anything about"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn bytes_stand_where_they_are_checked() {
    let mut complaints = Vec::new();
    for page in pages() {
        let fences = page.fences().into_iter();
        // Excerpts are checked against what they quote, consoles against what commands say.
        let checked = |f: &Fence| f.marked || ["wire", "console"].contains(&f.info);
        let fences = fences.filter(checked);
        let checked: Vec<_> = fences.flat_map(|f| f.line..f.line + f.body.len()).collect();
        for (at, line) in (1..).zip(&page.lines).filter(|(at, _)| !checked.contains(at)) {
            let words = line.split(|char: char| !char.is_alphanumeric()).filter(|w| !w.is_empty());
            let runs = words.scan(0, |run, word| {
                *run = if byte(word).is_some() { *run + 1 } else { 0 };
                Some(*run)
            });
            if runs.max().is_some_and(|longest| longest >= RUN) {
                complaints
                    .push(page.at(at, "bytes belong in a ```wire block, where they are checked"));
            }
        }
    }
    none(&complaints);
}

fn byte(word: &str) -> Option<u8> {
    (word.len() == 2).then(|| u8::from_str_radix(word, 16).ok()).flatten()
}

/// One frame in a transcript's words, or why it is not one.
async fn describe(bytes: Vec<u8>, who: &str) -> Result<String, String> {
    let (to_server, to_client, arrow) = match who {
        "client" => (bytes, Vec::new(), ">>"),
        "server" => (Vec::new(), bytes, "<<"),
        other => return Err(format!("whose? client or server, not {other}")),
    };
    let mut t = Transcript::new(move |pipe| {
        let bytes = to_client.clone();
        async move {
            let mut io =
                accept(pipe, &Policy::default(), HEAD_DEADLINE).await.expect("a sound request").io;
            io.write_all(&bytes).await.expect("the client listens");
            drop(copy(&mut io, &mut sink()).await);
        }
    });
    t.connect("one", "/").await;
    t.raw("one", to_server).await;
    // Seen only then is a frame that was begun and is not whole.
    t.vanish("one").await;
    let text = t.to_string();
    let mut frames = text.lines().filter_map(|line| line.strip_prefix("one ")?.strip_prefix(arrow));
    match (frames.next(), frames.next()) {
        (Some(words), None) => Ok(format!("{who}{words}")),
        _ => Err(format!("not one frame:\n{text}")),
    }
}
