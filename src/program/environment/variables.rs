//! The table of all settings: each environment variable, its meaning, and how its value is read.
//!
//! `docs/settings.md` and `docs/settings.ru.md` are made from it.

use super::value;
use crate::settings::{ROOT_DIALECTS, Settings};

/// An environment variable, and the field of [`Settings`] that it sets.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Variable {
    /// Its name: `WS_HEARTBEAT_MS`.
    pub name: &'static str,
    /// Its older name, if it has one. It is accepted; the new name wins.
    pub old_name: Option<&'static str>,
    /// The value that changes nothing, as it is written; empty where nothing is set by default.
    pub default: &'static str,
    /// The numbers of the lessons whose examples obey it: `2, 7–12`.
    pub examples: &'static str,
    /// Its meaning, in English.
    pub english: &'static str,
    /// Its meaning, in Russian.
    pub russian: &'static str,
    /// Puts the value into its field. The error says what the value may be.
    pub(super) read: fn(&str, &mut Settings) -> Result<(), String>,
}

/// All variables, in the order of `docs/settings.md`.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "HOST",
        old_name: None,
        default: "127.0.0.1",
        examples: "0–15",
        english: "The address to listen on. `0.0.0.0` lets other machines on your network connect.",
        russian: "Адрес, на котором слушает сервер. С `0.0.0.0` подключаться смогут и другие машины вашей сети.",
        read: |text, settings| value::host(text, &mut settings.host),
    },
    Variable {
        name: "PORT",
        old_name: None,
        default: "8080",
        examples: "0–15",
        english: "The port to listen on; the default of `names_and_typing` is 8765. With 0 the system chooses a free one.",
        russian: "Порт, на котором слушает сервер; у `names_and_typing` по умолчанию 8765. При 0 свободный порт выбирает система.",
        read: |text, settings| value::number(text, 0..=u16::MAX, &mut settings.port),
    },
    Variable {
        name: "PORT_PYTHON_CHAT",
        old_name: Some("PORT_004"),
        default: "8765",
        examples: "12",
        english: "The second port of `full_chat`, where it speaks `python_chat`. The old name, PORT_004, is accepted, too.",
        russian: "Второй порт `full_chat`, где он говорит на `python_chat`. Старое имя, PORT_004, тоже годится.",
        read: |text, settings| value::number(text, 0..=u16::MAX, &mut settings.port_python_chat),
    },
    Variable {
        name: "WS_ROOT_DIALECT",
        old_name: None,
        default: "node_chat",
        examples: "12",
        english: "The dialect that `full_chat` speaks at `/`: `node_chat` or `broadcast_server`. The old names, `000` and `001`, are accepted, too.",
        russian: "Диалект, на котором `full_chat` говорит по адресу `/`: `node_chat` или `broadcast_server`. Старые имена, `000` и `001`, тоже годятся.",
        read: |text, settings| value::one_of(text, &ROOT_DIALECTS, &mut settings.root_dialect),
    },
    Variable {
        name: "WS_HEARTBEAT_MS",
        old_name: None,
        default: "25000",
        examples: "7–12",
        english: "The time between two pings of the server. 0 sends none.",
        russian: "Время между двумя ping от сервера. При 0 сервер их не шлёт.",
        read: |text, settings| value::time(text, 0, &mut settings.heartbeat),
    },
    Variable {
        name: "WS_PONG_TIMEOUT_MS",
        old_name: None,
        default: "10000",
        examples: "7–12",
        english: "How long a pong may take, counted from the last byte that came after the ping.",
        russian: "Сколько ждать pong, считая от последнего байта, пришедшего после ping.",
        read: |text, settings| value::time(text, 1, &mut settings.pong_timeout),
    },
    Variable {
        name: "WS_IDLE_MS",
        old_name: None,
        default: "60000",
        examples: "2, 7–12",
        english: "How long a client may send no byte before the server closes the connection. The default of `raw_echo` is one hour. 0 is no limit.",
        russian: "Сколько времени клиент может не присылать ни байта, прежде чем сервер закроет соединение. У `raw_echo` по умолчанию час. 0 — без ограничения.",
        read: |text, settings| value::time(text, 0, &mut settings.idle),
    },
    Variable {
        name: "WS_STATS_MS",
        old_name: None,
        default: "30000",
        examples: "5, 8, 9, 12",
        english: "The time between two messages with statistics; in `broadcast`, between two lines of its log.",
        russian: "Время между двумя сообщениями со статистикой; в `broadcast` — между двумя строками журнала.",
        read: |text, settings| value::time(text, 1, &mut settings.stats),
    },
    Variable {
        name: "WS_DRAIN_MS",
        old_name: None,
        default: "5000",
        examples: "9–12, 15",
        english: "How long the server waits for connections to end when it stops.",
        russian: "Сколько сервер при остановке ждёт, пока соединения закончатся.",
        read: |text, settings| value::time(text, 0, &mut settings.drain),
    },
    Variable {
        name: "WS_HEAD_MS",
        old_name: None,
        default: "10000",
        examples: "0, 2–15",
        english: "How long a whole request head may take. `handshake` always allows 10 s.",
        russian: "Сколько может идти весь заголовок запроса. `handshake` всегда ждёт 10 с.",
        read: |text, settings| value::time(text, 1, &mut settings.head),
    },
    Variable {
        name: "WS_KEEP_ALIVE_MS",
        old_name: None,
        default: "30000",
        examples: "3–15",
        english: "How long an HTTP connection may wait for its next request.",
        russian: "Сколько HTTP-соединение может ждать следующего запроса.",
        read: |text, settings| value::time(text, 1, &mut settings.keep_alive),
    },
    Variable {
        name: "WS_HELLO_MS",
        old_name: None,
        default: "10000",
        examples: "12",
        english: "How long a client of the canonical protocol may take to send `hello`.",
        russian: "За какое время клиент канонического протокола должен прислать `hello`.",
        read: |text, settings| value::time(text, 1, &mut settings.hello),
    },
    Variable {
        name: "WS_MESSAGE_MS",
        old_name: None,
        default: "30000",
        examples: "2, 12",
        english: "How long one message may take, from its first byte to its last. Examples 3–11 always allow 30 s.",
        russian: "Сколько может идти одно сообщение, от первого байта до последнего. Примеры 3–11 всегда ждут 30 с.",
        read: |text, settings| value::time(text, 1, &mut settings.message),
    },
    Variable {
        name: "WS_WRITE_MS",
        old_name: None,
        default: "10000",
        examples: "0, 2–15",
        english: "How long a client may read nothing while bytes wait for it. It holds for HTTP answers; for WebSockets in 2, 5–12 and 14 only.",
        russian: "Сколько клиент может ничего не читать, когда для него есть данные. Действует для ответов HTTP; для WebSocket — только в примерах 2, 5–12 и 14.",
        read: |text, settings| value::time(text, 1, &mut settings.write),
    },
    Variable {
        name: "WS_CLOSE_MS",
        old_name: None,
        default: "3000",
        examples: "7–12",
        english: "How long a client may take to answer a close frame.",
        russian: "За какое время клиент должен ответить на кадр закрытия.",
        read: |text, settings| value::time(text, 1, &mut settings.close),
    },
    Variable {
        name: "WS_MAX_MESSAGE_BYTES",
        old_name: None,
        default: "65536",
        examples: "2–15",
        english: "The longest message that is accepted. The default of `echo` is 1048576.",
        russian: "Самое длинное сообщение, которое принимает сервер. У `echo` по умолчанию 1048576.",
        read: |text, settings| value::number(text, 125..=1 << 30, &mut settings.max_message_bytes),
    },
    Variable {
        name: "WS_MAX_QUEUE_BYTES",
        old_name: None,
        default: "1048576",
        examples: "5–12, 14",
        english: "How many bytes may wait for one client. With more, the server closes its connection with 1013.",
        russian: "Сколько байт может ждать отправки одному клиенту. Если их больше, сервер закрывает его соединение с кодом 1013.",
        read: |text, settings| value::number(text, 1024..=1 << 30, &mut settings.max_queue_bytes),
    },
    Variable {
        name: "WS_MAX_CONNECTIONS",
        old_name: None,
        default: "2000",
        examples: "3–15",
        english: "WebSockets at once. The next is refused with 503.",
        russian: "Сколько WebSocket может быть открыто сразу. Следующий получает отказ 503.",
        read: |text, settings| value::number(text, 1..=1 << 20, &mut settings.max_connections),
    },
    Variable {
        name: "WS_MAX_PER_ADDRESS",
        old_name: None,
        default: "128",
        examples: "3–15",
        english: "WebSockets at once from one address other than this computer's.",
        russian: "Сколько WebSocket может быть открыто сразу с одного адреса, кроме адресов этого компьютера.",
        read: |text, settings| value::number(text, 1..=1 << 20, &mut settings.max_per_address),
    },
    Variable {
        name: "WS_ARRIVALS",
        old_name: None,
        default: "50",
        examples: "3–15",
        english: "New WebSockets a second from one address other than this computer's. A burst may be four times that. 0 is no limit.",
        russian: "Сколько новых WebSocket в секунду можно открыть с одного адреса, кроме адресов этого компьютера. За раз — вчетверо больше. 0 — без ограничения.",
        read: |text, settings| value::number(text, 0..=1_000_000, &mut settings.arrivals),
    },
    Variable {
        name: "WS_RATE",
        old_name: None,
        default: "5",
        examples: "12, 14",
        english: "Messages a second from one client. A burst may be four times that. 0 is no limit, and also lifts `WS_BYTES` and, in 5–12, `WS_ROOM_BYTES`.",
        russian: "Сколько сообщений в секунду принимается от одного клиента. За раз — вчетверо больше. 0 — без ограничения, и тогда не действуют `WS_BYTES` и, в примерах 5–12, `WS_ROOM_BYTES`.",
        read: |text, settings| value::number(text, 0..=1_000_000, &mut settings.rate),
    },
    Variable {
        name: "WS_BYTES",
        old_name: None,
        default: "32768",
        examples: "12",
        english: "Bytes of messages a second from one client. A burst may be four times that, or one longest message. One address other than this computer's may send eight times that. 0 is no limit.",
        russian: "Сколько байт сообщений в секунду принимается от одного клиента. За раз — вчетверо больше или одно самое длинное сообщение. С одного адреса, кроме адресов этого компьютера, — в восемь раз больше. 0 — без ограничения.",
        read: |text, settings| value::number(text, 0..=1 << 30, &mut settings.bytes),
    },
    Variable {
        name: "WS_ROOM_BYTES",
        old_name: None,
        default: "524288",
        examples: "5–12",
        english: "Bytes a second that are sent to each member of a room. After more, the server stops reading from members until the rate is kept again. A burst may be a quarter of `WS_MAX_QUEUE_BYTES`. 0 is no limit.",
        russian: "Сколько байт в секунду отправляется каждому участнику комнаты. Если больше, сервер перестаёт читать сообщения участников, пока скорость не вернётся в норму. За раз — четверть `WS_MAX_QUEUE_BYTES`. 0 — без ограничения.",
        read: |text, settings| value::number(text, 0..=1 << 30, &mut settings.room_bytes),
    },
    Variable {
        name: "WS_ORIGINS",
        old_name: None,
        default: "",
        examples: "0–15",
        english: "Origins of pages that may connect, besides this host and this computer, with commas between them. `null` is the origin of every page opened from disk.",
        russian: "Origin страниц, которым можно подключаться, кроме этого сервера и этого компьютера, через запятую. `null` — origin любой страницы, открытой с диска.",
        read: |text, settings| {
            settings.origins = value::list(text);
            Ok(())
        },
    },
    Variable {
        name: "WS_HOSTS",
        old_name: None,
        default: "",
        examples: "0–15",
        english: "Names of this server besides its addresses and `localhost`, with commas between them. A request for another name is refused with 421, `/stats` and pages too. Empty allows every name.",
        russian: "Имена сервера, кроме его адресов и `localhost`, через запятую. На запрос к другому имени ответ 421, в том числе для страниц и `/stats`. Пусто — подходит любое имя.",
        read: |text, settings| {
            settings.hosts = value::list(text);
            Ok(())
        },
    },
    Variable {
        name: "WS_HISTORY",
        old_name: None,
        default: "",
        examples: "12",
        english: "The file in which the rooms keep their history over a restart. The program must be built with `--features sqlite`. Empty keeps it in memory.",
        russian: "Файл, в котором комнаты хранят историю и после перезапуска. Программа должна быть собрана с `--features sqlite`. Пусто — история в памяти.",
        read: |text, settings| value::history(text, &mut settings.history),
    },
    Variable {
        name: "WS_TEACHER_KEY",
        old_name: None,
        default: "",
        examples: "12",
        english: "The teacher's key: 12 to 128 characters. Whoever types it on the page may mute, kick, slow down, lock, clear and announce. Empty means that nobody may.",
        russian: "Ключ преподавателя: от 12 до 128 знаков. Кто введёт его на странице, сможет лишать слова, удалять из комнаты, включать медленный режим, закрывать и очищать комнату, делать объявления. Пусто — этого не может никто.",
        read: |text, settings| value::key(text, &mut settings.teacher_key),
    },
    Variable {
        name: "WS_LOG_FILE",
        old_name: None,
        default: "",
        examples: "0–15",
        english: "The file to which the log is appended, with panics. SIGHUP then reopens the file, and no longer ends the program. Empty is standard output.",
        russian: "Файл, в конец которого пишется журнал, включая паники. Сигнал SIGHUP тогда открывает файл заново и больше не завершает программу. Пусто — стандартный вывод.",
        read: |text, settings| {
            settings.log_file = Some(text.into());
            Ok(())
        },
    },
    Variable {
        name: "WS_LOG_FORMAT",
        old_name: None,
        default: "text",
        examples: "0–15",
        english: "The form of the log's lines: `text`, or `json` for one JSON object a line.",
        russian: "Вид строк журнала: `text` или `json` — один объект JSON в строке.",
        read: |text, settings| value::log_format(text, &mut settings.log_format),
    },
    Variable {
        name: "WS_FRONTEND",
        old_name: None,
        default: "",
        examples: "0, 3–12",
        english: "A directory to serve the page from. Empty is the page that was compiled into the program; a debug build inside its checkout serves `frontend/`.",
        russian: "Каталог, из которого отдаётся страница. Пусто — страница, встроенная в программу при сборке; отладочная сборка внутри репозитория отдаёт `frontend/`.",
        read: |text, settings| value::frontend(text, &mut settings.frontend),
    },
];
