//! Servers that mean no good: each gets a verdict, in time, in little memory.

use std::io::Result;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};
use ws101::scenario::{Difference, Mismatch, Scenario};
use ws101::transcript::Transcript;

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What is asked of each of them.
const ASKED: &str = "\
@timeout 500ms
@quiet 50ms
ann -> GET /
ann <- 101
ann << text \"hi\"
";

/// How long any verdict may take, on a busy machine.
const VERDICT: Duration = Duration::from_secs(10);

/// How much memory a verdict may take: what one client's tap may hold, and as much again.
const MEMORY: usize = 256 * 1024 * 1024;

async fn listen<F, Serving>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Serving + Send + 'static,
    Serving: Future<Output = Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads the request.
async fn asked(stream: &mut TcpStream) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

async fn judged(address: SocketAddr) -> Difference {
    let scenario: Scenario = ASKED.parse().unwrap();
    let began = Instant::now();
    let played = scenario.play(Transcript::tcp(address)).await;
    assert!(began.elapsed() < VERDICT, "{:?}", began.elapsed());
    let memory = memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem);
    assert!(memory < MEMORY, "{memory} bytes");
    // The text can be made, whatever is in it.
    let text = played.to_string();
    played.difference.unwrap_or_else(|| panic!("it passes: {text}"))
}

/// Reads the request, then sends these bytes and keeps the connection.
async fn sends(bytes: impl Into<Vec<u8>>) -> Difference {
    let bytes = bytes.into();
    let address = listen(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            asked(&mut stream).await?;
            stream.write_all(&bytes).await?;
            sleep(VERDICT).await;
            Ok(())
        }
    });
    judged(address.await).await
}

/// Sends `front` once, and `piece` without end.
async fn floods(front: &'static str, piece: Vec<u8>) -> Difference {
    let address = listen(move |mut stream| {
        let piece = piece.repeat(64 * 1024 / piece.len());
        async move {
            asked(&mut stream).await?;
            stream.write_all(front.as_bytes()).await?;
            loop {
                stream.write_all(&piece).await?;
            }
        }
    });
    judged(address.await).await
}

#[tokio::test]
async fn one_that_says_nothing() {
    let difference = sends("").await;
    assert_eq!(difference.expected, "<- 101");
    assert_eq!(difference.why, Mismatch::Silence(Duration::from_millis(500)));
}

#[tokio::test]
async fn one_that_says_nothing_after_the_handshake() {
    let difference = sends(SWITCH).await;
    assert_eq!(difference.expected, "<< text \"hi\"");
    assert_eq!(difference.why, Mismatch::Silence(Duration::from_millis(500)));
}

#[tokio::test]
async fn one_that_answers_with_endless_bytes() {
    let difference = floods("", b"garbage ".to_vec()).await;
    assert_eq!(difference.expected, "<- 101", "{difference}");
}

#[tokio::test]
async fn one_that_sends_endless_headers() {
    let difference = floods("HTTP/1.1 101 Switching Protocols\r\n", b"X: y\r\n".to_vec()).await;
    assert_eq!(difference.expected, "<- 101", "{difference}");
}

#[tokio::test]
async fn one_that_sends_endless_messages() {
    let difference = floods(SWITCH, b"\x81\x02ho".to_vec()).await;
    assert_eq!(difference.expected, "<< text \"hi\"", "{difference}");
}

#[tokio::test]
async fn one_that_sends_a_message_without_end() {
    let difference = floods(SWITCH, b"\x01\x02ho".to_vec()).await;
    assert_eq!(difference.lane.as_deref(), Some("ann"), "{difference}");
}

#[tokio::test]
async fn one_that_claims_four_gibibytes_and_sends_them() {
    let difference = floods(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\u{1}\u{7f}\0\0\0\u{1}\0\0\0\0",
        b"x".to_vec(),
    )
    .await;
    assert!(matches!(difference.why, Mismatch::Torn(_)), "{difference}");
}

/// One that sends `bytes`, and no more.
async fn stops_after(bytes: Vec<u8>) -> Difference {
    let address = listen(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            asked(&mut stream).await?;
            stream.write_all(&bytes).await?;
            // Until the client leaves.
            while stream.read(&mut [0; 64]).await? > 0 {}
            Ok(())
        }
    });
    judged(address.await).await
}

#[tokio::test]
async fn one_that_never_ends_its_head() {
    let difference = stops_after(SWITCH.trim_end().into()).await;
    let told = difference.to_string();
    assert!(
        told.contains("seen      ann <- \"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade"),
        "{told}"
    );
    assert!(told.ends_with("no blank line at its end; lines that came: 4"), "{told}");
    assert!(difference.in_russian().ends_with("нет пустой строки; строк пришло: 4"));
}

#[tokio::test]
async fn one_that_never_ends_its_frame() {
    let bytes = [SWITCH.as_bytes(), b"\x81\x7e\x0c\x00hello world!"].concat();
    let difference = stops_after(bytes).await;
    let told = difference.to_string();
    assert!(told.contains("seen      ann << torn text 12 of 3072 bytes"), "{told}");
    assert!(told.contains("bytes     81 7e 0c 00 68 65 6c 6c 6f"), "{told}");
    assert!(told.ends_with("the frame promises 3072 bytes, and 12 came"), "{told}");
    assert!(difference.in_russian().ends_with("кадр обещает байт: 3072, а пришло: 12"));
}

#[tokio::test]
async fn one_that_never_ends_its_message() {
    let bytes = [SWITCH.as_bytes(), b"\x01\x02he\x00\x01l"].concat();
    let difference = stops_after(bytes).await;
    assert_eq!(difference.seen.as_deref(), Some("<< text fin=0 \"he\"\n<< cont fin=0 \"l\""));
}

#[tokio::test]
async fn one_that_sends_no_utf_8() {
    let difference = sends([SWITCH.as_bytes(), b"\x81\x02h\xff"].concat()).await;
    assert!(difference.why.to_string().contains("byte 1 is no UTF-8"), "{difference}");
    assert_eq!(difference.bytes, b"\x81\x02h\xff");
}

#[tokio::test]
async fn one_that_masks() {
    let difference = sends([SWITCH.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat()).await;
    assert!(difference.why.to_string().contains("RFC 6455 §5.1"), "{difference}");
}

#[tokio::test]
async fn one_that_dies_in_the_middle() {
    let address = listen(|mut stream| async move {
        asked(&mut stream).await?;
        stream.write_all(SWITCH.as_bytes()).await?;
        stream.write_all(b"\x81\x02h").await
    });
    let difference = judged(address.await).await;
    assert_eq!(difference.seen.as_deref(), Some("<< torn text 1 of 2 bytes"), "{difference}");
}

#[tokio::test]
async fn one_that_resets() {
    let address = listen(|mut stream| async move {
        asked(&mut stream).await?;
        stream.set_zero_linger()
    });
    let difference = judged(address.await).await;
    assert_eq!(difference.seen.as_deref(), Some("-- reset by peer"), "{difference}");
}

#[tokio::test]
async fn one_that_is_not_there() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let difference = judged(socket.local_addr().unwrap()).await;
    assert_eq!(difference.seen.as_deref(), Some("-- connection refused"), "{difference}");
}
