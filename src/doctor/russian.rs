//! The causes in Russian. The Russian text of a rule is in `rules.rs`.

use std::io::ErrorKind;
use std::time::Duration;

use http::StatusCode;

use super::cause::{Cause, SHOWN, SOCKET_IO, if_known, is_late, remedy};
use super::manner::Manner;
use crate::client::{ResponseFault, status_named};
use crate::close_code;
use crate::escape::{Hex, Shown};
use crate::frame::Torn;

impl Cause {
    /// The sentence in Russian.
    #[must_use]
    #[allow(clippy::too_many_lines)] // One arm for each cause.
    pub fn in_russian(&self) -> String {
        match self {
            Self::MixedContent(page) => format!(
                "страница по https, такая как {page}, не может открыть ws://: браузер бросит SecurityError и ничего не пошлёт (Mixed Content). Нужно wss://"
            ),
            Self::ContentPolicy { page, directive, wanted } => format!(
                "страница {page} сама это запрещает в Content-Security-Policy, `{directive}`: браузер ничего не пошлёт и закроет с кодом 1006. Добавьте {wanted} в `connect-src`; имя без ws:// или wss:// не разрешает ни одного WebSocket (CSP Level 3 §6.7.2)"
            ),
            Self::LocalNetwork { page, peer } => format!(
                "страница {page} из интернета, а {peer} — в локальной сети: Chrome начиная со 147 не пускает туда страницы по http:// и закрывает с кодом 1006. Отдавайте страницу по https, тогда он спросит пользователя (Local Network Access)"
            ),
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
            Self::Torn(said, ErrorKind::TimedOut) => format!(
                "ответ сервера не закончился вовремя: нет пустой строки после заголовков, или ответ идёт слишком \
                 медленно: {said}"
            ),
            Self::Torn(said, _) => format!(
                "ответ сервера обрывается на середине, нет пустой строки после заголовков: {said}"
            ),
            Self::Echo => {
                "тут возвращают то, что прислали: это эхо по голому TCP, а не сервер WebSocket".to_owned()
            }
            Self::NotHttp { said, like } => {
                let like = like.map(|like| like.replace(" or ", " или "));
                let like = if_known(", так начинает ", like, "");
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
            Self::TlsBroken(kind) => {
                let how = match kind {
                    ErrorKind::TimedOut => "не кончается вовремя",
                    _ => "обрывается",
                };
                format!("соединение по TCP есть, но рукопожатие TLS {how}: TLS режут по дороге, или сервер завис")
            }
            Self::TlsFailed(fault) => fault.in_russian(),
            Self::TlsNotSpoken => {
                "этот клиент не умеет TLS, и что там за wss://, он не видел: дайте ему `Target::route` с TLS"
                    .to_owned()
            }
            Self::Certificate(fault) => fault.in_russian(),
            Self::Proxy(fault) => fault.in_russian(),
            Self::Http2 => {
                "тут говорят только по HTTP/2, а WebSocket просят по HTTP/1.1 (RFC 6455 §4.1)".to_owned()
            }
            Self::NotFound { path, found: Some(found) } => {
                format!("по пути {path} ничего нет, зато WebSocket есть по пути {}", place(found))
            }
            Self::NotFound { path, found: None } => {
                format!("по пути {path} ничего нет: проверьте путь")
            }
            Self::NoLibrary(path) => format!(
                "uvicorn отвечает на WebSocket по пути {path} кодом 404, если у него нет для этого библиотеки, и так и пишет в журнал: pip install 'uvicorn[standard]'. Если есть — проверьте путь"
            ),
            Self::Page { path, found: Some(found) } => {
                format!("по пути {path} отвечает страница, а WebSocket — по пути {}", place(found))
            }
            Self::Page { path, found: None } => format!(
                "по пути {path} отвечает страница, а не WebSocket: проверьте путь и не теряет ли `Upgrade` прокси по дороге"
            ),
            Self::Empty { path, status, found: Some(found) } => format!(
                "по пути {path} приходит {} без содержимого, а WebSocket — по пути {}",
                status_named(*status), place(found)
            ),
            Self::Empty { path, status, found: None } => format!(
                "по пути {path} приходит {} без содержимого, а не WebSocket: проверьте путь и не теряет ли `Upgrade` прокси по дороге; так отвечает Caddy, если для пути нет маршрута",
                status_named(*status)
            ),
            Self::Elsewhere { path, status, found } => {
                let how = status.map_or("соединение закрыто".to_owned(), |status| status.to_string());
                format!("по пути {path} отказ ({how}), зато WebSocket есть по пути {}: проверьте путь", place(found))
            }
            Self::Destroyed(path) => format!(
                "страницам сервер отвечает, а на запрос WebSocket по пути {path} молча закрывает соединение: обработчик upgrade уничтожает сокет. Проверьте путь, и пусть сервер отвечает 404"
            ),
            Self::Manner { refused, let_in, answer, minds } => {
                let listed = |manners: &[Manner]| {
                    let names: Vec<_> = manners.iter().map(|manner| manner.in_russian()).collect();
                    names.join(" и ")
                };
                let why = match minds {
                    Some(("Connection", value)) => format!(
                        "сервер сравнивает `Connection: {value}` целиком, а это список, в котором должен быть `Upgrade` (RFC 6455 §4.2.1)"
                    ),
                    Some((name, value)) => format!(
                        "сервер спотыкается о `{name}: {value}`: так предлагает любой браузер, и это можно не принимать (RFC 6455 §9.1)"
                    ),
                    None if refused[..] == [Manner::Plain] => {
                        "сервер требует заголовок, который шлют только браузеры: программам сюда не попасть"
                            .to_owned()
                    }
                    None => "серверу мешает другой заголовок браузера: сравните запросы выше".to_owned(),
                };
                format!("не проходит: {} ({}), проходит: {}. Дело в том, что {why}", listed(refused), answer.in_russian(), listed(let_in))
            }
            Self::Sometimes(answer) => format!(
                "сервер пускает не все соединения: на один и тот же запрос он то открывает WebSocket, то отказывает ({}). Если он за балансировщиком, проверьте серверы по одному; бывает и так, что мешает лимит соединений",
                answer.in_russian()
            ),
            Self::NoLonger(answer) => format!(
                "сначала сервер пускал, а теперь не пускает никого ({}): он завершился или считает соединение, которое уже закрыто?",
                answer.in_russian()
            ),
            Self::OldProxy { status, name } => {
                let (name, lines) = (if_known(" (", name.as_ref(), ")"), remedy(name.as_ref(), "; для "));
                format!(
                    "прокси по дороге{name} говорит с сервером по HTTP/1.0, а он не умеет переключаться ({status}). Пусть говорит по HTTP/1.1 и передаёт `Upgrade` и `Connection`{lines}"
                )
            }
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
            Self::Forbidden(said) if said.as_str().is_empty() => {
                "сервер запрещает (403) и не говорит почему: так отвечают ASGI-серверы вроде uvicorn, если по этому пути ничего нет или приложение закрыло соединение до accept"
                    .to_owned()
            }
            Self::Forbidden(said) => format!("сервер запрещает (403): {said}"),
            Self::MethodNotAllowed => {
                "GET тут запрещён (405), а WebSocket открывают именно им (RFC 6455 §4.1): этот путь занят чем-то другим"
                    .to_owned()
            }
            Self::UpgradeSwallowed(name) => {
                let (name, lines) = (if_known(" (", name.as_ref(), ")"), remedy(name.as_ref(), "; для "));
                format!(
                    "сервер не увидел `Upgrade: websocket`: его убрал прокси по дороге{name}. Пусть передаёт дальше `Upgrade` и `Connection`, и по HTTP/1.1{lines}"
                )
            }
            Self::OtherVersion(version) => format!(
                "сервер знает версию протокола {version}, а нужна тринадцатая (RFC 6455 §4.4)"
            ),
            Self::TooLate => "запрос не успел дойти до сервера (408)".to_owned(),
            Self::Misdirected(host) => format!("сервер не считает имя {host:?} своим (421)"),
            Self::Busy { status, retry } => {
                let retry = again(retry.as_ref());
                let how = match *status {
                    StatusCode::TOO_MANY_REQUESTS => "сервер сейчас не принимает от вас новых запросов",
                    _ => "у сервера сейчас нет мест",
                };
                format!("{how} ({}){retry}", status_named(*status))
            }
            Self::NobodyBehind(status) => {
                let how = match is_late(*status) {
                    true => "сервер за ним вовремя не отвечает",
                    false => "за ним никого нет",
                };
                let status = status_named(*status);
                format!("отвечает прокси, а {how} ({status}): сам сервер запущен?")
            }
            Self::Interim { interim, behind } => {
                let behind = behind.map_or("а настоящего ответа за ним нет".to_owned(), |status| {
                    format!("и только потом настоящий ответ: {status}")
                });
                format!(
                    "сначала приходит промежуточный ответ {interim}, {behind}. Chromium и похожие браузеры принимают за ответ первый и WebSocket не открывают: на запрос WebSocket промежуточных ответов не шлите (RFC 9110 §15.2)"
                )
            }
            Self::ServerError(status) => {
                format!("сервер сломался ({}): загляните в его журнал", status_named(*status))
            }
            Self::OtherStatus(status) => {
                format!("вместо 101 пришёл ответ {}", status_named(*status))
            }
            Self::RequestTooLarge(status) => format!(
                "запрос для сервера слишком большой ({}): шлите меньше cookie или поднимите предел (nginx `large_client_header_buffers`, Node `--max-http-header-size`)",
                status_named(*status)
            ),
            Self::NetworkLogin => {
                "сама сеть требует входа (511): сначала откройте в браузере любую страницу".to_owned()
            }
            Self::SocketIo => {
                "тут socket.io, и WebSocket он не пускает: в параметре `transports` должен быть \"websocket\", а путь — /socket.io/?EIO=4&transport=websocket".to_owned()
            }
            Self::Response(fault) => {
                format!("{}: {} (RFC 6455 §4.1)", fault.in_russian(), advice(fault))
            }
            Self::Closed { code, reason } => {
                let reason = if_known(": ", Some(reason).filter(|text| !text.as_str().is_empty()), "");
                format!("открылось и сразу закрылось, код {code} ({}){reason}", close_code::russian(*code))
            }
            Self::HttpBehind(line) => format!(
                "после 101 сервер шлёт HTTP: {line}. На один upgrade отвечают два обработчика, например два WebSocketServer на одном HTTP-сервере: создавайте их с `noServer: true`, а выбирает по пути пусть один обработчик `upgrade`"
            ),
            Self::TextBehind(text) => format!(
                "там, где должны быть кадры, сервер шлёт текст: {text}. Какая-то программа печатает в соединение, например предупреждение или пустую строку; после 101 могут идти только кадры (RFC 6455 §5.2)"
            ),
            Self::Chunked => {
                "кадры приходят в чанках HTTP (`Transfer-Encoding: chunked`): у 101 нет тела, кадры идут сразу за ним (RFC 9110 §15.2.2)"
                    .to_owned()
            }
            Self::CompressesUnagreed => {
                "сервер сжимает для всех, кто предложил `permessage-deflate`, а в 101 на это не согласился: браузер закроет соединение (RFC 7692 §5)"
                    .to_owned()
            }
            Self::Cut => {
                "открылось и сразу оборвалось без кадра закрытия (браузер покажет 1006): обработчик за рукопожатием упал или вышел без close, или сдался прокси"
                    .to_owned()
            }
            Self::Broken(violation) => format!("сервер нарушает протокол: {}", violation.in_russian()),
            Self::Unfinished { torn, within } => format!(
                "кадр начался и за {} не кончился: {}, и после него уже ничего не прочесть (RFC 6455 §5.2)",
                seconds(*within),
                part(*torn)
            ),
            Self::CutWithin(torn) => {
                format!("оборвалось посреди кадра ({}): упал тот, кто его писал", part(*torn))
            }
            Self::DiedOf { section, russian, frame, .. } => format!(
                "один {} завершил весь ваш сервер, а с ним все соединения: {}проверка «{russian}» (RFC 6455 §{section}). Ловите ошибку там, где она случилась: тогда закончится только одно соединение (в Node `socket.on('error', ...)`)",
                if frame.is_some() { "кадр" } else { "запрос" },
                if_known("", frame.as_deref().map(|bytes| Hex::new(bytes, SHOWN)), ", "),
            ),
            Self::LetsInNoMore { answer, after } => {
                let since = after.map(|(section, _, russian)| format!(": с проверки «{russian}» (RFC 6455 §{section})"));
                format!(
                    "открывается, но потом больше никого не пускает ({}){}. Если число соединений не ограничено, то проверка сломала сервер: например, он держит блокировку и не отпускает",
                    answer.in_russian(),
                    since.unwrap_or_default()
                )
            }
            Self::Died => {
                "весь ваш сервер завершился во время проверок, а с ним все соединения: от какой из них, скажет его журнал".to_owned()
            }
            Self::NoPong(after) => format!(
                "на ping нет ответа {}: сервер не читает, или кадры теряются по дороге (RFC 6455 §5.5.2)",
                seconds(*after)
            ),
            Self::IdleTimeout { after } => format!(
                "оборвано без кадра закрытия после {} тишины: кто-то по дороге рвёт молчащие соединения, шлите ping чаще",
                seconds(*after)
            ),
            Self::ClosedIdle { after, code, reason } => {
                let reason = if_known(": ", Some(reason).filter(|text| !text.as_str().is_empty()), "");
                format!(
                    "сервер сам закрыл соединение через {} без сообщений, код {code} ({}){reason}: пошлите то, чего он ждёт, или шлите ping чаще",
                    seconds(*after),
                    close_code::russian(*code)
                )
            }
        }
    }
}

/// The part of a frame that was received: `3 из 5 байт кадра text`.
pub(super) fn part(torn: Torn) -> String {
    match torn.header {
        Some(header) => format!("{} из {} байт кадра {}", torn.received, header.len, header.opcode),
        None => "часть его заголовка".to_owned(),
    }
}

/// Where a WebSocket was found.
fn place(found: &str) -> String {
    let is_socket_io = found.starts_with(SOCKET_IO);
    format!("{found}{}", if is_socket_io { " (это socket.io: нужен его клиент)" } else { "" })
}

/// When to try again: `Retry-After` is a number of seconds or a date (RFC 9110 §10.2.3).
fn again(retry: Option<&Shown>) -> String {
    match retry.map(Shown::as_str) {
        None => String::new(),
        Some(secs) if secs.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!(": попробуйте через {secs} с")
        }
        Some(date) => format!(": попробуйте после {date}"),
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
