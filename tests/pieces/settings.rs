//! What the environment may say, and what it is told when it talks nonsense.

use std::time::Duration;

use ws101::log::Format;
use ws101::program::{ListenError, listen, settings_from};
use ws101::settings::Settings;

fn with(name: &'static str, value: &str) -> Result<Settings, String> {
    let lookup = |asked: &'static str| (asked == name).then(|| value.to_owned());
    settings_from(Settings::default(), lookup).map_err(|error| error.to_string())
}

#[test]
fn nothing_said_nothing_changed() {
    assert_eq!(settings_from(Settings::default(), |_| None), Ok(Settings::default()));
    assert_eq!(settings_from(Settings::default(), |_| Some("  ".into())), Ok(Settings::default()));
}

#[test]
fn each_name_sets_its_own() {
    let ms = Duration::from_millis;
    assert_eq!(with("PORT", "9000").unwrap().port, 9000);
    assert_eq!(with("HOST", "0.0.0.0").unwrap().host.to_string(), "0.0.0.0");
    assert_eq!(with("HOST", "localhost").unwrap().host.to_string(), "127.0.0.1");
    assert_eq!(with("HOST", "::1").unwrap().host.to_string(), "::1");
    assert_eq!(with("WS_HEARTBEAT_MS", "200").unwrap().heartbeat, ms(200));
    assert_eq!(with("WS_PONG_TIMEOUT_MS", " 300 ").unwrap().pong_timeout, ms(300));
    assert_eq!(with("WS_IDLE_MS", "0").unwrap().idle, ms(0));
    assert_eq!(with("WS_STATS_MS", "500").unwrap().stats, ms(500));
    assert_eq!(with("WS_DRAIN_MS", "0").unwrap().drain, ms(0));
    assert_eq!(with("WS_HEAD_MS", "100").unwrap().head, ms(100));
    assert_eq!(with("WS_KEEP_ALIVE_MS", "100").unwrap().keep_alive, ms(100));
    assert_eq!(with("WS_HELLO_MS", "100").unwrap().hello, ms(100));
    assert_eq!(with("WS_MESSAGE_MS", "100").unwrap().message, ms(100));
    assert_eq!(with("WS_WRITE_MS", "100").unwrap().write, ms(100));
    assert_eq!(with("WS_CLOSE_MS", "100").unwrap().close, ms(100));
    assert_eq!(with("WS_MAX_CONNECTIONS", "100").unwrap().max_connections, 100);
    assert_eq!(with("WS_MAX_PER_ADDRESS", "100").unwrap().max_per_address, 100);
    assert_eq!(with("WS_ARRIVALS", "100").unwrap().arrivals, 100);
    assert_eq!(with("WS_RATE", "100").unwrap().rate, 100);
    assert_eq!(with("WS_MAX_MESSAGE_BYTES", "1048576").unwrap().max_message_bytes, 1 << 20);
    assert_eq!(with("WS_MAX_QUEUE_BYTES", "4096").unwrap().max_queue_bytes, 4096);
    assert_eq!(with("WS_HOSTS", "class.example").unwrap().hosts, ["class.example"]);
    assert_eq!(with("WS_LOG_FILE", "x.log").unwrap().log_file, Some("x.log".into()));
    assert_eq!(with("WS_LOG_FORMAT", "json").unwrap().log_format, Format::Json);
    let origins = with("WS_ORIGINS", "null, https://class.example ,").unwrap().origins;
    assert_eq!(origins, ["null", "https://class.example"]);
}

/// A program that cannot keep a history says how to build one that can.
#[test]
fn a_history_needs_a_feature() {
    let history = with("WS_HISTORY", "chat.db").map(|settings| settings.history);
    if cfg!(feature = "sqlite") {
        assert_eq!(history, Ok(Some("chat.db".into())));
    } else {
        let words = "WS_HISTORY=\"chat.db\" is not possible here: build the program with `--features sqlite`";
        assert_eq!(history, Err(words.to_owned()));
    }
}

#[test]
fn old_names_are_accepted() {
    assert_eq!(with("PORT_PYTHON_CHAT", "9000").unwrap().port_python_chat, 9000);
    assert_eq!(with("PORT_004", "9000").unwrap().port_python_chat, 9000);
    let both = |name| match name {
        "PORT_004" => Some("9000".to_owned()),
        "PORT_PYTHON_CHAT" => Some("9001".to_owned()),
        _ => None,
    };
    assert_eq!(settings_from(Settings::default(), both).unwrap().port_python_chat, 9001);
    for [old, new] in [["000", "node_chat"], ["001", "broadcast_server"]] {
        assert_eq!(with("WS_ROOT_DIALECT", old).unwrap().root_dialect, new);
        assert_eq!(with("WS_ROOT_DIALECT", new).unwrap().root_dialect, new);
    }
}

#[test]
fn nonsense_is_refused_by_name() {
    let cases = [
        ("PORT", "99999"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("HOST", "everywhere"),
        ("WS_HEARTBEAT_MS", "25s"),
        ("WS_HEARTBEAT_MS", "99999999999999999999"),
        ("WS_PONG_TIMEOUT_MS", "0"),
        ("WS_STATS_MS", "0"),
        ("WS_STATS_MS", "-5"),
        ("WS_MAX_MESSAGE_BYTES", "1"),
        ("WS_MAX_QUEUE_BYTES", "lots"),
        ("WS_ROOT_DIALECT", "004"),
        ("WS_LOG_FORMAT", "xml"),
    ];
    let told: Vec<_> = cases.iter().map(|(name, value)| with(name, value).unwrap_err()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    PORT="99999" is not a whole number from 0 to 65535
    PORT="-1" is not a whole number from 0 to 65535
    PORT="http" is not a whole number from 0 to 65535
    HOST="everywhere" is not an address such as 127.0.0.1, 0.0.0.0 or ::1
    WS_HEARTBEAT_MS="25s" is not a number of milliseconds from 0 to 604800000
    WS_HEARTBEAT_MS="99999999999999999999" is not a number of milliseconds from 0 to 604800000
    WS_PONG_TIMEOUT_MS="0" is not a number of milliseconds from 1 to 604800000
    WS_STATS_MS="0" is not a number of milliseconds from 1 to 604800000
    WS_STATS_MS="-5" is not a number of milliseconds from 1 to 604800000
    WS_MAX_MESSAGE_BYTES="1" is not a whole number from 125 to 1073741824
    WS_MAX_QUEUE_BYTES="lots" is not a whole number from 1024 to 1073741824
    WS_ROOT_DIALECT="004" is not node_chat or broadcast_server
    WS_LOG_FORMAT="xml" is not text or json
    "#);
}

#[tokio::test]
async fn a_busy_port_is_named_with_the_fix() {
    let first = listen(&Settings { port: 0, ..Settings::default() }).unwrap();
    let port = first.local_addr().unwrap().port();
    let error = listen(&Settings { port, ..Settings::default() }).unwrap_err();
    assert!(matches!(error, ListenError::Busy(busy, _) if busy == port));
    let expected = format!(
        "port {port} is busy: another program is listening there. \
         Stop it, or choose another port: PORT={}",
        port.checked_add(1).unwrap_or(8080)
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_address_of_another_machine_is_named() {
    let host = "192.0.2.1".parse().unwrap();
    let error = listen(&Settings { host, port: 0, ..Settings::default() }).unwrap_err();
    assert!(matches!(error, ListenError::NoSuchAddress(_)), "{error}");
}

/// A getter that raised the limit would be an effect that its caller does not expect.
#[cfg(unix)]
#[test]
fn nothing_but_a_program_raises_the_limit_of_descriptors() {
    let (soft, hard) = rlimit::Resource::NOFILE.get().unwrap();
    // Other tests of this process need many descriptors.
    let soft = soft.min(hard - 1);
    rlimit::Resource::NOFILE.set(soft, hard).unwrap();
    let settings = Settings { max_connections: 1_000_000, ..Settings::default() };
    let caps = settings.caps();
    assert!(caps.enter([127, 0, 0, 1].into()).is_some());
    assert_eq!(settings_from(settings, |_| None).unwrap().max_connections, 1_000_000);
    assert_eq!(rlimit::Resource::NOFILE.get().unwrap(), (soft, hard));
}
