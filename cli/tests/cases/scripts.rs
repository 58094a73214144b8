//! Servers of Node and Python, as their documentation has them, with one mistake each.

use super::case::{Case, ill, staged, well};
use super::needs::Need::{Node, Python};

const QUIET: &[&str] = &["--quiet", "4"];

pub const NODE: &[Case] = &[
    well("right", "/ws"),
    ill("right", "/nowhere", "and there is a WebSocket at /ws", "зато WebSocket есть по пути /ws"),
    well("deflate", "/ws"),
    ill(
        "protocols",
        "/ws",
        "none of the subprotocols \"chat\" is confirmed",
        "ни один из подпротоколов \"chat\" не подтверждён",
    )
    .with(&["--subprotocol", "chat"]),
    ill(
        "soup",
        "/ws",
        "chose subprotocol \"soup\", which was not offered",
        "выбрал подпротокол \"soup\", которого ему не предлагали",
    )
    .with(&["--subprotocol", "chat"]),
    ill(
        "verify",
        "/ws",
        "the server wants to know who is asking (401",
        "сервер спрашивает, кто вы (401",
    ),
    ill(
        "full",
        "/ws",
        "the server forbids it (403): no seat is left",
        "сервер запрещает (403): no seat is left",
    ),
    ill(
        "limited",
        "/ws",
        "the server takes no more requests from you now (429 Too Many Requests): try again in 7 s",
        "сервер сейчас не принимает от вас новых запросов (429 Too Many Requests): попробуйте через 7 с",
    ),
    ill(
        "origin",
        "/ws",
        "the server wants to know who is asking (401",
        "сервер спрашивает, кто вы (401",
    )
    .with(&["--origin", "https://evil.test"]),
    ill(
        "catchall",
        "/ws",
        "/ws is answered with a page, not a WebSocket",
        "по пути /ws отвечает страница, а не WebSocket",
    ),
    ill(
        "forgotten",
        "/ws",
        "accepts connections and then says nothing",
        "сервер принимает соединение и молчит",
    ),
    ill("later", "/ws", "closed at once, with 1013", "сразу закрылось, код 1013"),
    ill(
        "token",
        "/ws",
        "closed at once, with 4401 (this application's own code): no token",
        "код 4401 (код этого приложения): no token",
    ),
    ill("terminate", "/ws", "it opens and is cut at once", "открылось и сразу оборвалось"),
    ill(
        "prints",
        "/ws",
        "text where frames should be: client connected",
        "сервер шлёт текст: client connected",
    ),
    ill("masks", "/ws", "the frame is masked", "кадр с маской"),
    ill(
        "cuts",
        "/ws",
        "it is cut within a frame, after 2 of 5 bytes",
        "оборвалось посреди кадра (2 из 5 байт",
    ),
    ill("paused", "/ws", "a ping is not answered", "на ping нет ответа"),
    ill(
        "login",
        "/ws",
        "the server wants to know who is asking (401",
        "сервер спрашивает, кто вы (401",
    ),
    ill("redirect", "/ws", "to log in, at /login", "отправляет входить: /login"),
    ill("key", "/ws", "`Sec-WebSocket-Accept` is missing", "`Sec-WebSocket-Accept` нет"),
    ill("http2", "/ws", "only HTTP/2 is spoken there", "тут говорят только по HTTP/2"),
    ill(
        "io",
        "/ws",
        "there is a WebSocket at /socket.io/?EIO=4&transport=websocket (socket.io: use its own client)",
        "/socket.io/?EIO=4&transport=websocket (это socket.io: нужен его клиент)",
    ),
    well("io", "/socket.io/?EIO=4&transport=websocket"),
    ill(
        "polling",
        "/socket.io/?EIO=4&transport=websocket",
        "its option `transports` must list \"websocket\"",
        "в параметре `transports` должен быть \"websocket\"",
    ),
];

const ELSEWHERE: &str = "is refused (403 Forbidden), and there is a WebSocket at /ws";
const ELSEWHERE_RU: &str = "отказ (403 Forbidden), зато WebSocket есть по пути /ws";

pub const ASGI: &[Case] = &[
    // It does not name the version that it speaks.
    well("all", "/ws").breaking_a_rule(),
    ill("all", "/nowhere", ELSEWHERE, ELSEWHERE_RU),
    ill("all", "/page", ELSEWHERE, ELSEWHERE_RU),
    ill("all", "/closes", ELSEWHERE, ELSEWHERE_RU),
    ill(
        "all",
        "/refuses",
        "the server has no room now (503 Service Unavailable)",
        "у сервера сейчас нет мест (503 Service Unavailable)",
    ),
    ill(
        "all",
        "/fails",
        "the server failed (500 Internal Server Error)",
        "сервер сломался (500 Internal Server Error)",
    ),
    ill("all", "/fails_later", "it opens and is cut at once", "открылось и сразу оборвалось"),
    ill("all", "/returns", "or returned without a close", "или вышел без close"),
    ill(
        "all",
        "/soup",
        "chose subprotocol \"soup\", which was not offered",
        "выбрал подпротокол \"soup\", которого ему не предлагали",
    ),
    ill(
        "alone",
        "/closes",
        "or where the app closes before it accepts",
        "или приложение закрыло соединение до accept",
    ),
    ill("bare", "/ws", "pip install 'uvicorn[standard]'", "pip install 'uvicorn[standard]'"),
];

pub const AIOHTTP: &[Case] = &[
    // It takes frames without a mask, and does not name the version that it speaks.
    well("", "/ws").breaking_a_rule(),
    ill("", "/nowhere", "there is a WebSocket at /ws", "зато WebSocket есть по пути /ws"),
    ill(
        "",
        "/page",
        "/page is answered with a page, not a WebSocket: there is one at /ws",
        "по пути /page отвечает страница, а WebSocket — по пути /ws",
    ),
    ill("", "/members", ELSEWHERE, ELSEWHERE_RU),
    ill("", "/login", "to log in, at /login?next=/ws", "отправляет входить: /login?next=/ws"),
    ill("", "/post", "GET is not allowed there (405)", "GET тут запрещён (405)"),
    ill(
        "",
        "/fails",
        "the server failed (500 Internal Server Error)",
        "сервер сломался (500 Internal Server Error)",
    ),
    ill("", "/fails_later", "it opens and is cut at once", "открылось и сразу оборвалось"),
    ill("", "/returns", "closed at once, with 1001", "сразу закрылось, код 1001"),
    ill("", "/deaf", "a ping is not answered", "на ping нет ответа"),
];

pub const WEBSOCKETS: &[Case] = &[
    // It does not name the version that it speaks.
    well("right", "/ws").breaking_a_rule(),
    ill("fails", "/ws", "closed at once, with 1011", "сразу закрылось, код 1011"),
    ill(
        "policy",
        "/ws",
        "closed at once, with 1008 (against the rules of this server): banned",
        "код 1008 (против правил этого сервера): banned",
    ),
    ill(
        "origins",
        "/ws",
        "the server forbids it (403): Failed to open a WebSocket connection",
        "сервер запрещает (403): Failed to open a WebSocket connection",
    ),
    ill(
        "maintenance",
        "/ws",
        "the server has no room now (503 Service Unavailable)",
        "у сервера сейчас нет мест (503 Service Unavailable)",
    ),
    ill(
        "login",
        "/ws",
        "the server wants to know who is asking (401",
        "сервер спрашивает, кто вы (401",
    ),
    ill(
        "protocols",
        "/ws",
        "the server finds the handshake wrong",
        "серверу не нравится рукопожатие",
    )
    .with(&["--subprotocol", "chat"]),
];

/// A server by hand, with one illness each.
pub const BY_HAND: &[Case] = &[
    ill(
        "firefox",
        "/ws",
        "the server compares all of `Connection: keep-alive, Upgrade`",
        "сервер сравнивает `Connection: keep-alive, Upgrade` целиком",
    ),
    ill("offered", "/ws", "its 101 does not agree to it", "в 101 на это не согласился"),
    ill(
        "offered500",
        "/ws",
        "the server fails on `Sec-WebSocket-Extensions: permessage-deflate`",
        "сервер спотыкается о `Sec-WebSocket-Extensions: permessage-deflate`",
    ),
    ill("chunked", "/ws", "the frames come in chunks of HTTP", "кадры приходят в чанках HTTP"),
    ill(
        "cookie",
        "/ws",
        "the request is too large for the server (413",
        "запрос для сервера слишком большой (413",
    )
    .with(&["--header", LARGE]),
    well("length0", "/ws"),
    well("te", "/ws"),
    well("lower", "/ws"),
    well("latedata", "/ws"),
    ill(
        "early",
        "/ws",
        "103 Early Hints comes before the real answer, 101 Switching Protocols",
        "промежуточный ответ 103 Early Hints, и только потом настоящий ответ: 101",
    ),
    well("slow", "/ws"),
    ill("close1000", "/ws", "the server closes it after", "сервер сам закрыл соединение")
        .with(QUIET),
    ill("emptyclose", "/ws", "the server closes it after", "сервер сам закрыл соединение")
        .with(QUIET),
];

/// A 101 with one mistake, by its path.
pub const ODD_101: &[Case] = &[
    ill(
        "",
        "/ext",
        "chose extension \"permessage-deflate\", which was not offered",
        "которого ему не предлагали",
    ),
    ill(
        "",
        "/sub",
        "chose subprotocol \"chat\", which was not offered",
        "которого ему не предлагали",
    ),
    ill("", "/noconn", "the 101 lacks `Connection: Upgrade`", "нет `Connection: Upgrade`"),
    ill("", "/noup", "the 101 lacks `Upgrade: websocket`", "нет `Upgrade: websocket`"),
    ill(
        "",
        "/dup",
        "`Sec-WebSocket-Accept` more than once",
        "`Sec-WebSocket-Accept` больше одного раза",
    ),
];

/// Refusals whose text comes in chunks, as JSON, or late.
pub const REFUSALS: &[Case] = &[
    ill("", "/ws", "Ошибка: log in first, please", "Ошибка: log in first, please"),
    ill("", "/json", "the token has expired", "the token has expired"),
    ill("", "/slow", "your session has expired", "your session has expired"),
];

pub const TWO_SERVERS: &[Case] = &[ill(
    "",
    "/a",
    "the server sends HTTP behind its 101: HTTP/1.1 400 Bad Request",
    "после 101 сервер шлёт HTTP: HTTP/1.1 400 Bad Request",
)];

pub const DESTROYING: &[Case] = &[
    ill(
        "",
        "/wrong",
        "/wrong is refused (the connection is ended), and there is a WebSocket at /ws",
        "по пути /wrong отказ (соединение закрыто), зато WebSocket есть по пути /ws",
    ),
    well("", "/ws"),
];

/// A header of 4 KiB.
pub const LARGE: &str = match std::str::from_utf8(&LARGE_BYTES) {
    Ok(text) => text,
    Err(_) => "",
};

const LARGE_BYTES: [u8; 4096] = {
    let mut bytes = [b'x'; 4096];
    (bytes[1], bytes[2]) = (b':', b' ');
    bytes
};

#[tokio::test(flavor = "multi_thread")]
async fn node_is_told_of_its_mistakes() {
    staged(Node, "node.js", NODE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_by_hand_is_told_of_its_mistakes() {
    staged(Node, "two_servers.js", TWO_SERVERS).await;
    staged(Node, "destroy.js", DESTROYING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_is_quoted_whatever_way_its_text_comes() {
    staged(Node, "chunked_refusal.js", REFUSALS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_under_uvicorn_is_told_of_its_mistakes() {
    staged(Python, "asgi.py", ASGI).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_with_aiohttp_is_told_of_its_mistakes() {
    staged(Python, "aio.py", AIOHTTP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_with_websockets_is_told_of_its_mistakes() {
    staged(Python, "library.py", WEBSOCKETS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_by_hand_is_told_of_its_mistakes() {
    staged(Python, "stage.py", BY_HAND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_with_an_odd_101_is_told_of_it() {
    staged(Python, "odd101.py", ODD_101).await;
}
