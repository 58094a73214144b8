//! A history in a file: a server that is killed loses nothing that it confirmed, and one whose disk is full
//! goes on and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use ws101::chat::{Chat, Rooms, SUBPROTOCOL};
use ws101::endpoint::Endpoint;
use ws101::history::Sqlite;
use ws101::program;
use ws101::settings::Settings;

/// How long an event may take to come on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const MESSAGES: usize = 10_000;

/// The sender is so many lines ahead of the reader: less than the history keeps.
const AHEAD: usize = 1_000;

/// After so many confirmations the server is killed.
const KILLS: [usize; 2] = [2_500, 7_000];

const KEY: &str = "correct horse battery";

const SESSION: &str = "c2Vzc2lvbi1vZi1hbm5zLXRhYg";

/// The line that tells the address of the server.
const LISTENING: &str = "listening on ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the server of the other tests, which kill its process"]
async fn server() {
    let settings = program::settings(Settings::default()).unwrap();
    let listener = program::listen(&settings).unwrap();
    println!("\n{LISTENING}{}", listener.local_addr().unwrap());
    let rooms = Rooms::open(Chat::new(&settings), &settings).unwrap();
    let chat = Endpoint::open(rooms, &settings);
    chat.serve_http(listener, [chat.sockets(), chat.health()]).await;
}

/// A server in a process of its own.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(history: &Path) -> Self {
        Self::of(&mut Command::new(std::env::current_exe().unwrap()), history)
    }

    fn of(command: &mut Command, history: &Path) -> Self {
        let mut process = command
            .args(["--exact", "server", "--ignored", "--nocapture"])
            .env("WS_HISTORY", history)
            .env("WS_TEACHER_KEY", KEY)
            .envs([("PORT", "0"), ("WS_RATE", "0")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix(LISTENING)?.parse().ok());
        let address = address.expect("the server tells its address");
        // Whatever it prints later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    async fn client(&self) -> Client {
        Client::over(TcpStream::connect(self.address).await.unwrap()).await
    }
}

impl Drop for Server {
    /// As `kill -9` does.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn over(stream: TcpStream) -> Self {
        let mut request = "ws://localhost/ws".into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", SUBPROTOCOL.parse().unwrap());
        Self(client_async(request, stream).await.unwrap().0)
    }

    async fn say(&mut self, said: &Value) -> bool {
        self.0.send(Message::text(said.to_string())).await.is_ok()
    }

    /// The next event; `None` if the connection ended.
    async fn hear(&mut self) -> Option<Value> {
        match timeout(PATIENCE, self.0.next()).await.expect("an event comes in time")? {
            Ok(Message::Text(text)) => Some(serde_json::from_str(&text).unwrap()),
            Ok(_) | Err(_) => None,
        }
    }

    /// The number of the next confirmation, or the code that the server closed with.
    async fn until_ack(&mut self) -> Result<u64, Option<u16>> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("an answer comes in time") {
                Some(Ok(Message::Text(text))) => {
                    let event: Value = serde_json::from_str(&text).unwrap();
                    if event["type"] == "ack" {
                        return Ok(event["seq"].as_u64().unwrap());
                    }
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Sends a request, and waits until it is confirmed. The number of what it caused.
    async fn do_this(&mut self, request: Value) -> Option<u64> {
        self.say(&request).await;
        loop {
            let event = self.hear().await.unwrap_or_else(|| panic!("the end before {request}"));
            assert_ne!(event["type"], "error", "{request}: {event}");
            if event["type"] == "ack" && event["id"] == request["id"] {
                return event["seq"].as_u64();
            }
        }
    }

    async fn hear_until_id(&mut self, id: &str) -> Value {
        loop {
            let event = self.hear().await.unwrap_or_else(|| panic!("the end before {id}"));
            if event["id"] == id {
                return event;
            }
        }
    }

    async fn hear_until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.hear().await.unwrap_or_else(|| panic!("the end before {kind}"));
            if event["type"] == kind {
                return event;
            }
        }
    }
}

fn hello(place: Option<&(String, u64)>, session: Option<&str>) -> Value {
    let mut hello = json!({"type": "hello", "v": 1});
    if let Some(session) = session {
        hello["session"] = json!(session);
    }
    if let Some((epoch, seq)) = place {
        hello["resume"] = json!({"general": {"epoch": epoch, "seq": seq}});
    }
    hello
}

fn line(id: usize) -> Value {
    json!({"type": "message", "id": format!("m{id}"), "content": format!("line {id}")})
}

/// One client sends, another reads along. Both come back after each kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_it_confirmed() {
    let directory = tempfile::tempdir().unwrap();
    let history = directory.path().join("chat.db");
    let mut server = Server::start(&history);
    let mut open: BTreeSet<usize> = (0..MESSAGES).collect();
    let mut confirmed: BTreeMap<u64, String> = BTreeMap::new();
    let mut read: BTreeMap<u64, String> = BTreeMap::new();
    let mut sender_place = None;
    let mut reader_place = None;
    for kill in KILLS.into_iter().map(Some).chain([None]) {
        let mut reader = server.client().await;
        let mut sender = server.client().await;
        for (client, place, session) in [
            (&mut reader, &mut reader_place, None),
            (&mut sender, &mut sender_place, Some(SESSION)),
        ] {
            client.say(&hello(place.as_ref(), session)).await;
            let welcome = client.hear_until("welcome").await;
            let room = &welcome["rooms"][0];
            let epoch = room["epoch"].as_str().unwrap().to_owned();
            match place {
                None => *place = Some((epoch, room["seq"].as_u64().unwrap())),
                Some((before, seq)) => {
                    assert_eq!(*before, epoch, "the history goes on in its epoch");
                    assert_eq!(room["recovered"], true, "after {seq}: {welcome}");
                }
            }
        }
        let (mut to_server, mut from_server) = sender.0.split();
        let again = open.clone();
        let ahead = Arc::new(Semaphore::new(AHEAD));
        let window = ahead.clone();
        let sending = tokio::spawn(async move {
            for id in again {
                // Closed when the server is killed.
                let Ok(permit) = window.acquire().await else { break };
                permit.forget();
                if to_server.send(Message::text(line(id).to_string())).await.is_err() {
                    break;
                }
            }
            to_server
        });
        let window = ahead.clone();
        let reading = tokio::spawn(async move {
            let mut events = Vec::new();
            while let Some(event) = reader.hear().await
                && event["id"] != "end"
            {
                window.add_permits(usize::from(event["type"] == "message"));
                events.push(event);
            }
            events
        });
        while kill.is_some_and(|kill| confirmed.len() < kill)
            || (kill.is_none() && !open.is_empty())
        {
            let message = timeout(PATIENCE, from_server.next()).await.unwrap().unwrap().unwrap();
            let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            let seq = event["seq"].as_u64();
            if event["type"] == "ack" {
                // The reader is not told again of a line that was said before.
                ahead.add_permits(usize::from(event["duplicate"] == true));
                let id = event["id"].as_str().unwrap();
                open.remove(&id[1..].parse().unwrap());
                let before = confirmed.insert(seq.unwrap(), id.to_owned());
                assert!(before.is_none_or(|before| before == id), "{id} in the place of another");
            } else if let (Some(seq), Some((_, read))) = (seq, &mut sender_place)
                && event["type"] != "welcome"
            {
                *read = (*read).max(seq);
            }
        }
        if kill.is_some() {
            drop(server);
            ahead.close();
            server = Server::start(&history);
        }
        let mut to_server = sending.await.unwrap();
        if kill.is_none() {
            let end = json!({"type": "message", "id": "end", "content": "the end"});
            to_server.send(Message::text(end.to_string())).await.unwrap();
        }
        for event in reading.await.unwrap() {
            let (Some(seq), Some((_, place))) = (event["seq"].as_u64(), &mut reader_place) else {
                continue;
            };
            if event["type"] == "replay_end" {
                // The last number is that of the client's own arrival, of which it is not told.
                assert_eq!(*place + 1, seq, "all that was missed came");
            } else {
                assert_eq!(*place + 1, seq, "nothing is skipped or repeated: {event}");
            }
            *place = seq;
            if event["type"] == "message" {
                read.insert(seq, event["id"].as_str().unwrap().to_owned());
            }
        }
    }
    let ids: BTreeSet<_> = read.values().collect();
    assert_eq!((read.len(), ids.len()), (MESSAGES, MESSAGES), "each line was read once");
    for (seq, id) in &confirmed {
        assert_eq!(read.get(seq), Some(id), "{id} was confirmed as {seq}");
    }
}

/// Somebody who was not here before: the `welcome`, and all that the room keeps.
async fn newcomer(server: &Server) -> (Value, Vec<Value>) {
    let mut newcomer = server.client().await;
    newcomer.say(&hello(None, None)).await;
    let welcome = newcomer.hear_until("welcome").await;
    newcomer.say(&json!({"type": "history", "before": 1_u64 << 40})).await;
    let history = newcomer.hear_until("history").await;
    newcomer.say(&json!({"type": "bye"})).await;
    (welcome["rooms"][0].clone(), history["events"].as_array().unwrap().clone())
}

/// The events but arrivals and departures, which differ each time.
fn lasting(events: &[Value]) -> Vec<&Value> {
    let passes = |kind: &Value| kind == "user_joined" || kind == "user_left";
    events.iter().filter(|event| !passes(&event["type"])).collect()
}

/// Whether a text is in one of the files of a directory.
fn is_on_disk(directory: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(directory).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_shows_messages_as_they_were_changed_last() {
    let directory = tempfile::tempdir().unwrap();
    let history = directory.path().join("chat.db");
    let server = Server::start(&history);
    let mut ann = server.client().await;
    let mut known = json!({"type": "hello", "v": 1, "username": "ann", "session": SESSION});
    known["token"] = Value::Null;
    ann.say(&known).await;
    let welcome = ann.hear_until("welcome").await;
    known["token"] = welcome["session"]["token"].clone();
    let place = welcome["rooms"][0].clone();
    known["resume"] = json!({"general": {"epoch": place["epoch"], "seq": place["seq"]}});
    let mut numbers = Vec::new();
    for (nth, content) in ["see you at fife", "a secret of ann's", "hooray"].iter().enumerate() {
        let said = json!({"type": "message", "id": format!("m{nth}"), "content": content});
        numbers.push(ann.do_this(said).await.unwrap());
    }
    assert!(is_on_disk(directory.path(), "see you at fife"));
    assert!(is_on_disk(directory.path(), "a secret of ann's"));
    for (nth, content) in ["see you at six", "see you at five"].iter().enumerate() {
        let id = format!("e{nth}");
        let edit = json!({"type": "edit", "id": id, "seq": numbers[0], "content": content});
        ann.do_this(edit).await;
    }
    let delete = json!({"type": "delete", "id": "d", "seq": numbers[1]});
    let deleted = ann.do_this(delete.clone()).await;
    for (id, emoji, active) in [("r1", "🎉", true), ("r2", "👍", true), ("r3", "👍", false)] {
        let seq = numbers[2];
        let react =
            json!({"type": "react", "id": id, "seq": seq, "emoji": emoji, "active": active});
        ann.do_this(react).await;
    }
    let (_, before) = newcomer(&server).await;
    drop(server);
    for gone in ["see you at fife", "see you at six", "a secret of ann's"] {
        assert!(!is_on_disk(directory.path(), gone), "{gone} is in the file");
    }

    let server = Server::start(&history);
    let (room, after) = newcomer(&server).await;
    assert_eq!(room["epoch"], place["epoch"]);
    assert_eq!(lasting(&before), lasting(&after));
    let first = after.iter().find(|event| event["seq"] == numbers[0]).unwrap();
    assert_eq!(first["content"], "see you at five", "{first}");
    let hooray = after.iter().find(|event| event["seq"] == numbers[2]).unwrap();
    assert_eq!(hooray["reactions"][0]["emoji"], "🎉", "{hooray}");

    // Ann comes back as the same person: she gets the changes, and may go on changing what is hers.
    let mut ann = server.client().await;
    ann.say(&known).await;
    let welcome_back = ann.hear_until("welcome").await;
    assert_eq!(welcome_back["user"], welcome["user"]);
    assert_eq!(welcome_back["rooms"][0]["recovered"], true);
    let mut replayed = Vec::new();
    loop {
        let event = ann.hear().await.unwrap();
        if event["type"] == "replay_end" {
            break;
        }
        replayed.push(event);
    }
    assert!(lasting(&after).iter().all(|event| replayed.contains(event)), "{replayed:?}");
    assert_eq!(ann.do_this(delete).await, deleted, "what was confirmed is not done again");
    let content = "see you at seven";
    let edit = json!({"type": "edit", "id": "e3", "seq": numbers[0], "content": content});
    ann.do_this(edit).await;
    let react =
        json!({"type": "react", "id": "r4", "seq": numbers[2], "emoji": "🎉", "active": false});
    assert!(ann.do_this(react).await.is_some(), "her reaction is hers");
    let mut stranger = server.client().await;
    stranger.say(&hello(None, None)).await;
    stranger.say(&json!({"type": "delete", "id": "x", "seq": numbers[0]})).await;
    assert_eq!(stranger.hear_until("error").await["code"], "forbidden");

    // The teacher locks the room and clears it.
    ann.do_this(json!({"type": "teach", "id": "t1", "key": KEY})).await;
    ann.do_this(json!({"type": "moderate", "id": "t2", "action": "lock"})).await;
    ann.do_this(json!({"type": "moderate", "id": "t3", "action": "slow", "seconds": 9})).await;
    ann.do_this(json!({"type": "moderate", "id": "t4", "action": "clear"})).await;
    let (_, before) = newcomer(&server).await;
    drop(server);
    assert!(!is_on_disk(directory.path(), "hooray"));
    let server = Server::start(&history);
    let (room, after) = newcomer(&server).await;
    assert_eq!(lasting(&before), lasting(&after));
    assert_eq!(lasting(&after)[0]["event"], "cleared", "{after:?}");
    assert_eq!((&room["locked"], &room["slow_ms"]), (&json!(true), &json!(9_000)), "{room}");
}

/// The server may make files of 128 KiB and no longer: its disk becomes full while people talk.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_on_a_full_disk_goes_on_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let history = directory.path().join("chat.db");
    let mut shell = Command::new("sh");
    // In blocks of 512 bytes. Without the trap, the system ends the process.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$@\"", "sh"]);
    let server = Server::of(shell.arg(std::env::current_exe().unwrap()), &history);

    let mut ann = server.client().await;
    ann.say(&hello(None, Some(SESSION))).await;
    let welcome = ann.hear_until("welcome").await;
    let epoch = welcome["rooms"][0]["epoch"].as_str().unwrap().to_owned();
    let mut place = welcome["rooms"][0]["seq"].as_u64().unwrap();
    let mut confirmed = 0;
    let code = loop {
        ann.say(&line(confirmed)).await;
        match ann.until_ack().await {
            Ok(seq) => place = seq,
            Err(code) => break code,
        }
        confirmed += 1;
    };
    assert!(confirmed > 3, "the disk was full after {confirmed} lines");
    assert_eq!(code, Some(1012));

    // She comes back, has missed nothing but her own line, and sends it again.
    let mut ann = server.client().await;
    ann.say(&hello(Some(&(epoch.clone(), place)), Some(SESSION))).await;
    let welcome = ann.hear_until("welcome").await;
    let room = &welcome["rooms"][0];
    assert_eq!(room["recovered"], true, "{welcome}");
    assert_ne!(room["epoch"], epoch, "{welcome}");
    let told = ann.hear_until("system").await;
    assert_eq!(told["event"], "unsaved", "{told}");
    ann.say(&line(confirmed)).await;
    assert_eq!(ann.until_ack().await, Ok(place + 1));
    let ready = answer(server.address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.ends_with("ready, but the history is not saved any more\n"), "{ready}");

    // The next server has what was confirmed until then, and pretends to no more.
    drop(server);
    let server = Server::start(&history);
    for epoch in [json!(epoch), room["epoch"].clone()] {
        let mut ann = server.client().await;
        let resume = json!({"general": {"epoch": epoch, "seq": place}});
        ann.say(&json!({"type": "hello", "v": 1, "resume": resume})).await;
        let welcome = ann.hear_until("welcome").await;
        assert_eq!(welcome["rooms"][0]["recovered"], false, "{welcome}");
        let last = ann.hear_until_id(&format!("m{}", confirmed - 1)).await;
        assert_eq!(last["seq"], place, "{last}");
    }
}

async fn answer(server: SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(server).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[test]
fn a_file_belongs_to_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let history = directory.path().join("chat.db");
    let first = Sqlite::open(&history).unwrap();
    let second = Sqlite::open(&history).unwrap_err().to_string();
    assert!(second.contains("locked"), "{second}");
    drop(first);
    Sqlite::open(&history).unwrap();
    let other = directory.path().join("notes.txt");
    std::fs::write(&other, "no database at all").unwrap();
    let error = Sqlite::open(&other).unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
}
