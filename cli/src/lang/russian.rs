//! Times and anchors in Russian.

use std::time::Duration;

/// `300 мс`, `4,5 с`.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        secs if secs < 1.0 => format!("{} мс", time.as_millis()),
        secs => format!("{secs} с").replace('.', ","),
    }
}

/// The anchor of a section that all lesson pages have.
pub fn anchor(section: &str) -> &str {
    match section {
        "#the-idea" => "#идея",
        "#the-code" => "#код",
        "#on-the-wire" => "#на-проводе",
        "#the-trap" => "#ловушка",
        other => other,
    }
}
