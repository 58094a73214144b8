//! The causes in Russian. The Russian text of a rule is in `rules.rs`.

use std::time::Duration;

use super::cause::{Cause, if_known};
use crate::client::ResponseFault;
use crate::close_code;
use crate::frame::Torn;

impl Cause {
    /// The sentence in Russian.
    #[must_use]
    #[allow(clippy::too_many_lines)] // One arm for each cause.
    pub fn in_russian(&self) -> String {
        match self {
            Self::NoSuchHost(host) => format!("хоста {host:?} нет: проверьте имя и есть ли сеть"),
            Self::Refused(at) => {
                format!("на {at} никто не слушает: сервер запущен? тот ли порт и адрес?")
            }
            Self::Unreachable(at, after) => format!(
                "{at} не отвечает {}: машина выключена, или брандмауэр отбрасывает пакеты",
                seconds(*after)
            ),
            Self::Silent(after) => format!(
                "сервер принимает соединение и молчит {}: он завис или ждёт другого протокола",
                seconds(*after)
            ),
            Self::HungUp => "сервер закрывает соединение, не ответив: тут не HTTP, или он упал".to_owned(),
            Self::Reset => {
                "соединение сброшено до ответа: его рвёт сервер или кто-то по дороге".to_owned()
            }
            Self::Torn(said) => format!("ответ сервера обрывается на середине: {said}"),
            Self::NotHttp { said, like } => {
                let like = if_known(", так начинает ", like.as_ref(), "");
                format!("тут говорят не по HTTP: в ответ пришло {said}{like}")
            }
            Self::Endless => {
                "заголовки ответа не кончаются: больше 16 КиБ или больше сотни строк".to_owned()
            }
            Self::Tls => "тут говорят по TLS: нужно wss://, а не ws://".to_owned(),
            Self::NoTls => {
                "тут нет TLS: нужно ws://, а не wss://, или поставьте перед сервером прокси с сертификатом"
                    .to_owned()
            }
            Self::Http2 => {
                "тут говорят только по HTTP/2, а WebSocket просят по HTTP/1.1 (RFC 6455 §4.1)".to_owned()
            }
            Self::NotFound { path, found: Some(found) } => {
                format!("по пути {path} ничего нет, зато WebSocket есть по пути {found}")
            }
            Self::NotFound { path, found: None } => {
                format!("по пути {path} ничего нет: проверьте путь")
            }
            Self::Page { path, found: Some(found) } => {
                format!("по пути {path} отвечает страница, а WebSocket — по пути {found}")
            }
            Self::Page { path, found: None } => format!(
                "по пути {path} отвечает страница, а не WebSocket: проверьте путь и не теряет ли `Upgrade` прокси по дороге"
            ),
            Self::BadRequest(said) => format!("серверу не нравится рукопожатие: {said}"),
            Self::Login(status) => format!(
                "сервер спрашивает, кто вы ({status}): страница не может послать `Authorization` с WebSocket, так что войдите заранее или пошлите токен первым сообщением"
            ),
            Self::LoginRedirect(to) => format!(
                "сервер отправляет входить: {to}. Браузер не ходит за WebSocket по перенаправлениям, войдите заранее"
            ),
            Self::Moved(to) => format!(
                "WebSocket переехал: {to}. Подключайтесь туда: браузер не ходит за WebSocket по перенаправлениям"
            ),
            Self::OriginRefused(origin) => format!(
                "страницы с {origin:?} сюда не пускают: добавьте этот origin в разрешённые на сервере (RFC 6455 §10.2)"
            ),
            Self::OriginWanted => {
                "программы без `Origin` сюда не пускают, а страницу самого сервера пустили бы (RFC 6455 §10.2)"
                    .to_owned()
            }
            Self::Forbidden(said) => format!("сервер запрещает (403): {said}"),
            Self::MethodNotAllowed => {
                "GET тут запрещён (405), а WebSocket открывают именно им (RFC 6455 §4.1): этот путь занят чем-то другим"
                    .to_owned()
            }
            Self::UpgradeSwallowed(name) => {
                let name = if_known(" (", name.as_ref(), ")");
                format!(
                    "сервер не увидел `Upgrade: websocket`: его убрал прокси по дороге{name}. Пусть передаёт дальше `Upgrade` и `Connection`, и по HTTP/1.1"
                )
            }
            Self::OtherVersion(version) => format!(
                "сервер знает версию протокола {version}, а нужна тринадцатая (RFC 6455 §4.4)"
            ),
            Self::TooLate => "запрос не успел дойти до сервера (408)".to_owned(),
            Self::Misdirected(host) => format!("сервер не считает имя {host:?} своим (421)"),
            Self::Busy { status, retry } => {
                let retry = if_known(": попробуйте через ", retry.as_ref(), " с");
                format!("у сервера сейчас нет мест ({status}){retry}")
            }
            Self::NobodyBehind(status) => {
                format!("отвечает прокси, а за ним никого нет ({status}): сам сервер запущен?")
            }
            Self::ServerError(status) => {
                format!("сервер сломался ({status}): загляните в его журнал")
            }
            Self::OtherStatus(status) => format!("вместо 101 пришёл ответ {status}"),
            Self::Response(fault) => {
                format!("{}: {} (RFC 6455 §4.1)", fault.in_russian(), advice(fault))
            }
            Self::Closed { code, reason } => {
                let reason = if_known(": ", Some(reason).filter(|text| !text.as_str().is_empty()), "");
                format!("открылось и сразу закрылось, код {code} ({}){reason}", close_code::russian(*code))
            }
            Self::Cut => {
                "открылось и сразу оборвалось без кадра закрытия (браузер покажет 1006): упал обработчик за рукопожатием, или сдался прокси"
                    .to_owned()
            }
            Self::Broken(violation) => format!("сервер нарушает протокол: {}", violation.reason()),
            Self::Unfinished { torn, within } => format!(
                "кадр начался и за {} не кончился: {}, и после него уже ничего не прочесть (RFC 6455 §5.2)",
                seconds(*within),
                part(*torn)
            ),
            Self::CutWithin(torn) => {
                format!("оборвалось посреди кадра ({}): упал тот, кто его писал", part(*torn))
            }
            Self::NoPong(after) => format!(
                "на ping нет ответа {}: сервер не читает, или кадры теряются по дороге (RFC 6455 §5.5.2)",
                seconds(*after)
            ),
            Self::IdleTimeout { after, code } => {
                let how = code.map_or("оборвано".to_owned(), |code| format!("закрыто с кодом {code}"));
                format!(
                    "{how} после {} тишины: кто-то по дороге рвёт молчащие соединения, шлите ping чаще",
                    seconds(*after)
                )
            }
        }
    }
}

/// The part of a frame that was received: `3 из 5 байт кадра text`.
fn part(torn: Torn) -> String {
    match torn.header {
        Some(header) => format!("{} из {} байт кадра {}", torn.received, header.len, header.opcode),
        None => "часть его заголовка".to_owned(),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} с", time.as_secs_f64()).replace(".0 с", " с").replace('.', ",")
}

/// The result of a fault of a 101, and the remedy if it is known.
fn advice(fault: &ResponseFault) -> &'static str {
    match fault {
        ResponseFault::OldHttp => "пусть прокси говорит с сервером по HTTP/1.1",
        ResponseFault::SubprotocolIgnored(_) => {
            "браузер закроет соединение, пусть сервер назовёт выбранный"
        }
        _ => "браузер закроет соединение",
    }
}
