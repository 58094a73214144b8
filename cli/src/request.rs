//! The options of a request, the same for every command: headers, a login, the way to the server.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use clap::Args;
use data_encoding::BASE64;
use ws101::address::Address;
use ws101::client::Route;
use ws101::escape::{HIDDEN, is_secret, without_secret_parameters};

use crate::form::Form;
use crate::lang::Lang;
use crate::output::print_error;
use crate::route::{Fixed, Proxy, Way, percent_decoded};
use crate::tls::Tls;

/// A secret that is shorter is hidden only as a whole word: `lang=en` must not hide a part of `opens`.
const WORD: usize = 8;

/// Options of every command that sends requests.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of requests")]
pub struct RequestOptions {
    /// Send this header with every request: 'X-Room: 5'
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<Header>,
    /// Send this cookie: session=abc
    #[arg(long = "cookie", value_name = "NAME=VALUE")]
    cookies: Vec<Cookie>,
    /// Log in by HTTP's Basic scheme
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Option<User>,
    /// Send this Origin, as a page would: <https://example.com>
    #[arg(long, value_parser = printable)]
    pub origin: Option<String>,
    /// Offer these subprotocols, the preferred first, separated by commas
    #[arg(long = "subprotocol", alias = "subprotocols", value_name = "NAMES", value_parser = printable)]
    pub subprotocols: Option<String>,
    /// Connect to this address for that host and port
    #[arg(long, value_name = "HOST:PORT:ADDRESS")]
    resolve: Vec<Fixed>,
    /// Connect through this HTTP proxy: <http://localhost:3128>
    #[arg(long, value_name = "URL")]
    proxy: Option<Proxy>,
    /// Trust the certificates in this file, too (PEM)
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Accept any certificate of wss://
    #[arg(long)]
    insecure: bool,
}

/// The value of a header. A line break in it would begin another header.
fn printable(text: &str) -> Result<String, Form> {
    let is_sound = !text.is_empty() && !text.chars().any(char::is_control);
    is_sound
        .then(|| text.to_owned())
        .ok_or_else(|| Form::new("write it in one line", "напишите в одну строку"))
}

/// A header: `X-Room: 5`.
#[derive(Clone, Debug)]
struct Header(String, String);

impl FromStr for Header {
    type Err = Form;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || Form::new("write it as 'Name: value'", "напишите как `Name: value`");
        let (name, value) = text.split_once(':').ok_or_else(form)?;
        let is_token =
            |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
        let is_name = !name.is_empty() && name.chars().all(is_token);
        if !is_name || value.chars().any(char::is_control) {
            return Err(form());
        }
        Ok(Self(name.to_owned(), value.trim().to_owned()))
    }
}

/// A cookie: `session=abc`.
#[derive(Clone, Debug)]
struct Cookie(String);

impl FromStr for Cookie {
    type Err = Form;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_sound = text.contains('=') && !text.starts_with('=');
        match is_sound && !text.chars().any(char::is_control) {
            true => Ok(Self(text.to_owned())),
            false => Err(Form::new(
                "write it as NAME=VALUE, such as session=abc",
                "напишите как `NAME=VALUE`, например `session=abc`",
            )),
        }
    }
}

/// A login: `name:password`.
#[derive(Clone, Debug)]
struct User(String);

impl FromStr for User {
    type Err = Form;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_sound = text.contains(':') && !text.chars().any(char::is_control);
        is_sound
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| Form::new("write it as name:password", "напишите как `name:password`"))
    }
}

impl RequestOptions {
    /// Warns if no certificate is checked.
    pub fn warn(&self, lang: Lang) {
        if self.insecure {
            let warning = lang.pick(
                "no certificate is checked, anybody may read and answer",
                "сертификаты не проверяются, читать и отвечать может кто угодно",
            );
            print_error(format_args!("ws101: --insecure: {warning}"));
        }
    }

    /// Refuses the options of the way to a server, which is on this computer and without TLS where a command
    /// starts it.
    ///
    /// # Errors
    ///
    /// One is given: it is named.
    pub fn refuse_way(&self, lang: Lang) -> Result<()> {
        let Some(way) = self.way_described() else { return Ok(()) };
        bail!(lang.pick(
            format!("{way} is for --url: the server of --cmd is on this computer, without TLS"),
            format!("{way} — для --url: сервер из --cmd работает на этом же компьютере, без TLS"),
        ))
    }

    /// Refuses all options: a client sends its own requests.
    ///
    /// # Errors
    ///
    /// One is given: it is named.
    pub fn refuse_all(&self, lang: Lang) -> Result<()> {
        let given: Vec<_> =
            [self.described(), self.way_described()].into_iter().flatten().collect();
        ensure!(
            given.is_empty(),
            lang.pick(
                format!(
                    "{} is for servers: the client of --client sends its own requests",
                    given.join(" ")
                ),
                format!(
                    "{} — для серверов: клиент из --client шлёт свои запросы сам",
                    given.join(" ")
                ),
            )
        );
        Ok(())
    }

    /// The way to the server.
    pub fn route(&self) -> Result<Arc<dyn Route>> {
        let tls = Tls::new(self.cacert.as_deref(), self.insecure)?;
        Ok(Arc::new(Way { fixed: self.resolve.clone(), proxy: self.proxy.clone(), tls }))
    }

    /// The headers beside the origin and the subprotocols, each name once: several values make a list
    /// (RFC 9110 §5.3).
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| {
            let separator = if name.eq_ignore_ascii_case("Cookie") { "; " } else { ", " };
            match headers.iter_mut().find(|(present, _)| present.eq_ignore_ascii_case(name)) {
                Some((_, present)) => *present = format!("{present}{separator}{value}"),
                None => headers.push((name.to_owned(), value.to_owned())),
            }
        };
        self.headers.iter().for_each(|Header(name, value)| add(name, value));
        self.cookies.iter().for_each(|Cookie(cookie)| add("Cookie", cookie));
        if let Some(User(login)) = &self.user {
            add("Authorization", &format!("Basic {}", BASE64.encode(login.as_bytes())));
        }
        headers
    }

    /// All headers that the options name, for requests that are written elsewhere.
    pub fn all_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.headers();
        for (name, value) in
            [("Origin", &self.origin), ("Sec-WebSocket-Protocol", &self.subprotocols)]
        {
            headers.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
        }
        headers
    }

    /// The options that a recording depends on, as they are typed, with `<secret>` for each secret.
    pub fn described(&self) -> Option<String> {
        let mut options = Vec::new();
        for Header(name, value) in &self.headers {
            let value = if is_secret(name) { HIDDEN } else { value };
            options.push(format!("--header '{name}: {value}'"));
        }
        for cookie in &self.cookies {
            let name = cookie.0.split('=').next().unwrap_or_default();
            options.push(format!("--cookie {name}={HIDDEN}"));
        }
        if let Some(User(login)) = &self.user {
            let name = login.split(':').next().unwrap_or_default();
            options.push(format!("--user {name}:{HIDDEN}"));
        }
        options.extend(self.origin.iter().map(|origin| format!("--origin {origin}")));
        options.extend(self.subprotocols.iter().map(|names| format!("--subprotocol '{names}'")));
        (!options.is_empty()).then(|| options.join(" "))
    }

    /// The options of the way to the server, as they are typed, with `<secret>` for a login.
    pub fn way_described(&self) -> Option<String> {
        let mut options: Vec<_> =
            self.resolve.iter().map(|fixed| format!("--resolve {fixed}")).collect();
        options.extend(self.proxy.iter().map(|proxy| format!("--proxy {proxy}")));
        options.extend(self.cacert.iter().map(|file| format!("--cacert '{}'", file.display())));
        options.extend(self.insecure.then(|| "--insecure".to_owned()));
        (!options.is_empty()).then(|| options.join(" "))
    }

    /// The secrets of the options and of the query of `address`.
    pub fn secrets(&self, address: Option<&Address>) -> Secrets {
        let mut secrets = Vec::new();
        for Header(name, value) in &self.headers {
            if is_secret(name) {
                secrets.push(value.clone());
                // `Bearer abc`, `a=1; b=2`: a server may repeat a part alone.
                let cookies = value.split(';').filter_map(|cookie| cookie.split_once('='));
                let parts = match name.eq_ignore_ascii_case("Cookie") {
                    true => cookies.map(|(_, value)| value.trim()).collect(),
                    false => value.split_whitespace().skip(1).take(1).collect::<Vec<_>>(),
                };
                secrets.extend(parts.into_iter().map(str::to_owned));
            }
        }
        let cookies = self.cookies.iter().filter_map(|cookie| cookie.0.split_once('='));
        secrets.extend(cookies.map(|(_, value)| value.to_owned()));
        if let Some(User(login)) = &self.user {
            secrets.push(BASE64.encode(login.as_bytes()));
            secrets.extend(login.split_once(':').map(|(_, password)| password.to_owned()));
        }
        secrets.extend(self.proxy.iter().filter_map(|proxy| proxy.login.clone()));
        let query = address.and_then(|address| address.target.split_once('?'));
        for pair in query.into_iter().flat_map(|(_, query)| query.split('&')) {
            if let Some((_, value)) = pair.split_once('=').filter(|(name, _)| is_secret(name)) {
                secrets.extend([value.to_owned(), percent_decoded(value)]);
            }
        }
        // An empty one would stand between all letters.
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Secrets(secrets)
    }
}

/// The texts that no command shows, the longest first.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// `text` with `<secret>` for each of them.
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = None;
        while let Some(next) = rest.chars().next() {
            let is_there = |secret: &&String| {
                let behind = rest.strip_prefix(secret.as_str());
                behind.is_some_and(|behind| {
                    let neighbours = [before, behind.chars().next()];
                    secret.len() >= WORD
                        || !neighbours.iter().flatten().any(|c| c.is_alphanumeric())
                })
            };
            if let Some(secret) = self.0.iter().find(is_there) {
                hidden += HIDDEN;
                before = secret.chars().next_back();
                rest = &rest[secret.len()..];
            } else {
                hidden.push(next);
                before = Some(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        hidden
    }
}

/// The value of an option, such as `--user <NAME:PASSWORD>`, without what may be a secret.
pub fn without_secrets(option: &str, value: &str) -> String {
    let is_secret =
        ["--header", "--cookie", "--user", "--proxy"].iter().any(|name| option.starts_with(name));
    if is_secret { HIDDEN.to_owned() } else { address_without_secrets(value) }
}

/// An address, be it malformed, without its login, and without its query if that has a secret.
pub fn address_without_secrets(text: &str) -> String {
    let begin = text.find("://").map_or(0, |at| at + "://".len());
    let (scheme, rest) = text.split_at(begin);
    let (login, rest) = rest
        .rsplit_once('@')
        .map_or((String::new(), rest), |(_, rest)| (format!("{HIDDEN}@"), rest));
    match rest.split_once('?') {
        Some((place, query)) if is_secret(query) => format!("{scheme}{login}{place}?{HIDDEN}"),
        _ => format!("{scheme}{login}{rest}"),
    }
}

/// This stands in the place of a secret of a query, where `<` and `>` are encoded.
const HIDDEN_IN_QUERY: &str = "%3Csecret%3E";

/// A head of HTTP with `<secret>` for the values of headers and of parameters that are secrets by their
/// names. The headers of the handshake are none.
pub fn head_without_secrets(head: &[u8]) -> Vec<u8> {
    let mut hidden = Vec::with_capacity(head.len());
    for (at, line) in head.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let text = String::from_utf8_lossy(line);
        match text.split_once(':') {
            _ if at == 0 => match text.split_once('?') {
                Some((front, rest)) if !text.starts_with("HTTP/") => {
                    let (query, end) = rest.split_once(' ').unwrap_or((rest, ""));
                    let line = format!("{front}?{} {end}", query_without_secrets(query));
                    hidden.extend_from_slice(line.as_bytes());
                }
                _ => hidden.extend_from_slice(line),
            },
            Some((name, _)) if is_secret(name) => {
                hidden.extend_from_slice(format!("{name}: {HIDDEN}\r\n").as_bytes());
            }
            // Such as a Location. Bytes that are no UTF-8 stay as they are.
            _ if text.contains(['?', '#']) && str::from_utf8(line).is_ok() => {
                hidden.extend_from_slice(without_secret_parameters(&text).as_bytes());
            }
            _ => hidden.extend_from_slice(line),
        }
    }
    hidden
}

fn query_without_secrets(query: &str) -> String {
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN_IN_QUERY}"),
        _ => pair.to_owned(),
    };
    query.split('&').map(hide).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::{Secrets, address_without_secrets, head_without_secrets};

    #[test]
    fn a_head_is_told_without_its_secrets() {
        let head = b"GET /ws?token=hush&room=5 HTTP/1.1\r\nHost: a\r\nCookie: id=hush\r\n\
            Sec-WebSocket-Key: AAAA\r\nauthorization: Basic hush\r\n\r\n";
        let shown = "GET /ws?token=%3Csecret%3E&room=5 HTTP/1.1\r\nHost: a\r\nCookie: <secret>\r\n\
            Sec-WebSocket-Key: AAAA\r\nauthorization: <secret>\r\n\r\n";
        assert_eq!(String::from_utf8(head_without_secrets(head)).unwrap(), shown);
        let answer = b"HTTP/1.1 200 OK?\r\nSet-Cookie: a=b\r\nLocation: /x?token=hush&a=b\r\n\r\n";
        let shown =
            "HTTP/1.1 200 OK?\r\nSet-Cookie: <secret>\r\nLocation: /x?token=<secret>&a=b\r\n\r\n";
        assert_eq!(String::from_utf8(head_without_secrets(answer)).unwrap(), shown);
    }

    #[test]
    fn a_secret_is_hidden_once_and_a_short_one_as_a_word() {
        let secrets = Secrets(vec!["YW5uOnNlY3JldA==".into(), "secret".into(), "en".into()]);
        for (text, shown) in [
            ("Basic YW5uOnNlY3JldA==", "Basic <secret>"),
            ("lang=en; it opens", "lang=<secret>; it opens"),
            ("xYW5uOnNlY3JldA==x", "x<secret>x"),
            ("ann:secret, secretly, ещё en", "ann:<secret>, secretly, ещё <secret>"),
            ("en", "<secret>"),
        ] {
            assert_eq!(secrets.hide(text), shown);
        }
    }

    #[test]
    fn an_address_is_told_without_its_login() {
        for (text, shown) in [
            ("ws://ann:se?c@ret@localhost/ws", "ws://<secret>@localhost/ws"),
            ("ws://localhost/ws?token=hush#a", "ws://localhost/ws?<secret>"),
            ("ws://localhost/ws?room=5#a", "ws://localhost/ws?room=5#a"),
            ("localhost:8080", "localhost:8080"),
        ] {
            assert_eq!(address_without_secrets(text), shown);
        }
    }
}
