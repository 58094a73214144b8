//! Times, exit codes and anchors in Russian.

use std::process::ExitStatus;
use std::time::Duration;

/// `300 мс`, `4,5 с`.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        secs if secs < 1.0 => format!("{} мс", time.as_millis()),
        secs => format!("{secs} с").replace('.', ","),
    }
}

/// `код выхода 1`, `сигнал 9`.
pub fn status(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("сигнал {signal}");
    }
    status.code().map_or_else(|| status.to_string(), |code| format!("код выхода {code}"))
}

/// The anchor of a section that all lesson pages have.
pub fn anchor(section: &str) -> &str {
    match section {
        "#the-idea" => "#идея",
        "#the-code" => "#код",
        "#on-the-wire" => "#что-идёт-по-сети",
        "#the-trap" => "#ловушка",
        other => other,
    }
}
