//! Servers that ask for a certificate of the client: those that demand one, and those that let others in, too.

use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::certificates::Authority;
use super::matrix::{COMMANDS, PLAYED};
use super::{serving_as, url};

const DEMANDED: [(&str, &str); 2] = [
    ("en", "the server wants a certificate of the client"),
    ("ru", "сервер требует сертификат клиента"),
];

/// In TLS 1.3 the refusal comes when the handshake is over for the client.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_a_certificate_is_told_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hi.wst").into_os_string().into_string().unwrap();
    std::fs::write(&file, PLAYED).unwrap();
    for version in [&TLS12, &TLS13] {
        for must_have_one in [true, false] {
            let authority = Authority::new();
            let url = url(serving_as(authority.asking_server(version, must_have_one)).await, "wss");
            for tried in &COMMANDS {
                // Nothing is told in any language where none is demanded.
                let languages = if must_have_one { &DEMANDED[..] } else { &DEMANDED[..1] };
                for &(lang, sentence) in languages {
                    let trust = ["--cacert", authority.file(), "--lang", lang];
                    let (code, told) = tried.run(&url, &file, &trust).await;
                    let expected = if must_have_one { tried.refused } else { tried.good };
                    assert_eq!(code, Some(expected), "{version:?} {must_have_one}: {told}");
                    assert_eq!(told.contains(sentence), must_have_one, "{version:?}: {told}");
                }
            }
        }
    }
}
