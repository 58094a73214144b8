//! A report in the text format of Prometheus, version 0.0.4.

use std::fmt::Write as _;

use super::{OTHER_CODES, Report};

impl Report {
    /// The media type of [`prometheus`](Self::prometheus).
    pub const PROMETHEUS: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The report as Prometheus reads it: for each metric its help, its type and its value.
    ///
    /// Peers choose close codes; they are bounded as in [`closes`](Self::closes).
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, String)]| {
            let _ = writeln!(text, "# HELP ws101_{name} {help}\n# TYPE ws101_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "ws101_{name}{labels} {value}");
            }
        };
        let one = |value: u64| [(String::new(), value.to_string())];
        let ways = |incoming: u64, outgoing: u64| {
            [("in", incoming), ("out", outgoing)]
                .map(|(way, value)| (format!("{{direction=\"{way}\"}}"), value.to_string()))
        };
        metric("connections", "gauge", "WebSockets open now.", &one(self.connections));
        let opened = one(self.connections_total);
        metric("connections_total", "counter", "WebSockets opened since the start.", &opened);
        let messages = ways(self.messages_in, self.messages_out);
        metric("messages_total", "counter", "Text and binary messages.", &messages);
        let bytes = ways(self.bytes_in, self.bytes_out);
        metric("bytes_total", "counter", "Bytes of frames, headers included.", &bytes);
        let closes: Vec<_> = self.closes.iter().map(|(&code, count)| close(code, *count)).collect();
        let help = "WebSockets ended, by close code; 1006 is without a close frame.";
        metric("closes_total", "counter", help, &closes);
        if let Some(memory) = self.rss_bytes {
            metric("resident_memory_bytes", "gauge", "Memory of the process.", &one(memory));
        }
        let seconds = format!("{}.{:03}", self.uptime_ms / 1000, self.uptime_ms % 1000);
        let uptime = [(String::new(), seconds)];
        metric("uptime_seconds", "gauge", "Time since the start.", &uptime);
        text
    }
}

fn close(code: u16, count: u64) -> (String, String) {
    let code = if code == OTHER_CODES { "other".to_owned() } else { code.to_string() };
    (format!("{{code=\"{code}\"}}"), count.to_string())
}
