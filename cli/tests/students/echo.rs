// A server for lessons 1 to 3, in Rust with its standard library only: rustc echo.rs && PORT=8080 ./echo 2
use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const LIMIT: u64 = 1 << 20;

fn sha1(text: &[u8]) -> Vec<u8> {
    let mut state: [u32; 5] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    let mut bytes = text.to_vec();
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    bytes.extend((text.len() as u64 * 8).to_be_bytes());
    for block in bytes.chunks(64) {
        let mut w: Vec<u32> =
            block.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        for i in 16..80 {
            w.push((w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in w.iter().enumerate() {
            let (f, k) = match i {
                0..20 => (b & c | !b & d, 0x5a827999),
                20..40 => (b ^ c ^ d, 0x6ed9eba1),
                40..60 => (b & c | b & d | c & d, 0x8f1bbcdc),
                _ => (b ^ c ^ d, 0xca62c1d6u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next.wrapping_add(*word));
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |all, i| all << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { digit as char } else { '=' });
        }
    }
    text
}

fn answer(path: &str, headers: &HashMap<String, String>) -> Result<String, String> {
    let header = |name: &str| headers.get(name).map(String::as_str);
    let no = |status: &str| {
        Err(format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
    };
    let asks = header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
        && header("connection").is_some_and(|it| it.to_lowercase().contains("upgrade"));
    let (Some(key), Some(version), true) =
        (header("sec-websocket-key"), header("sec-websocket-version"), asks)
    else {
        return no("400 Bad Request");
    };
    if version != "13" {
        return no("426 Upgrade Required\r\nSec-WebSocket-Version: 13");
    }
    if path != "/ws" {
        return no("404 Not Found");
    }
    let accept = base64(&sha1(format!("{key}{GUID}").as_bytes()));
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

fn send(to: &mut TcpStream, opcode: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        size @ 0..126 => frame.push(size as u8),
        size @ 126..65536 => {
            frame.push(126);
            frame.extend((size as u16).to_be_bytes());
        }
        size => {
            frame.push(127);
            frame.extend((size as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    to.write_all(&frame)
}

fn talk(from: &mut impl Read, to: &mut TcpStream) -> io::Result<()> {
    let mut kind = 1;
    let mut message = Vec::new();
    loop {
        let mut head = [0; 2];
        from.read_exact(&mut head)?;
        let more = match head[1] & 127 {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mut length = [0; 8];
        from.read_exact(&mut length[8 - more..])?;
        let size = if more == 0 { u64::from(head[1] & 127) } else { u64::from_be_bytes(length) };
        if size > LIMIT {
            return send(to, 8, &1009u16.to_be_bytes());
        }
        if head[1] & 128 == 0 {
            io::copy(&mut from.take(size), &mut io::sink())?;
            return send(to, 8, &1002u16.to_be_bytes());
        }
        let mut key = [0; 4];
        from.read_exact(&mut key)?;
        let mut payload = vec![0; size as usize];
        from.read_exact(&mut payload)?;
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        match head[0] & 15 {
            8 => return send(to, 8, &payload),
            9 => {
                send(to, 10, &payload)?;
                continue;
            }
            10 => continue,
            0 => {}
            opcode => {
                kind = opcode;
                message.clear();
            }
        }
        message.append(&mut payload);
        if head[0] & 128 == 0 {
            continue;
        }
        let prefix = if kind == 1 { "Принято: " } else { "" };
        send(to, kind, &[prefix.as_bytes(), &message].concat())?;
    }
}

fn serve(mut to: TcpStream, lesson: &str) -> io::Result<()> {
    let mut from = BufReader::new(to.try_clone()?);
    let mut request = String::new();
    from.read_line(&mut request)?;
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
    }
    match answer(request.split(' ').nth(1).unwrap_or_default(), &headers) {
        Ok(accepted) => {
            to.write_all(accepted.as_bytes())?;
            match lesson {
                "1" => drop(io::copy(&mut from, &mut io::sink())),
                _ => drop(talk(&mut from, &mut to)),
            }
        }
        Err(refused) => to.write_all(refused.as_bytes())?,
    }
    // What the client has sent is read, so that closing does not reset what it was sent.
    to.shutdown(Shutdown::Write)?;
    to.set_read_timeout(Some(Duration::from_secs(1)))?;
    io::copy(&mut from, &mut io::sink()).map(drop)
}

fn main() {
    let lesson = env::args().nth(1).unwrap_or_default();
    let port = env::var("PORT").unwrap_or("8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for client in listener.incoming().flatten() {
        let lesson = lesson.clone();
        thread::spawn(move || serve(client, &lesson));
    }
}
