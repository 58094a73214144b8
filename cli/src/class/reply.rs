//! The answers of a classroom.

use serde_json::{Value, json};
use ws101::bytes::Bytes;
use ws101::handshake::{encode, guard};
use ws101::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    SET_COOKIE,
};
use ws101::http::{HeaderValue, Response, StatusCode};
use ws101::serde::de::DeserializeOwned;

use crate::lang::Lang;

/// An answer with its body.
pub struct Reply(Box<Response<Vec<u8>>>);

impl Reply {
    pub fn json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string().into_bytes())
    }

    pub fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    /// A refusal with a sentence.
    pub fn error(status: StatusCode, sentence: &str) -> Self {
        Self::json(status, &json!({ "error": sentence }))
    }

    /// 405, with the methods that there are.
    pub fn method(allowed: &'static str, lang: Lang) -> Self {
        let sentence = lang.pick("this path knows", "здесь можно только");
        let mut reply =
            Self::error(StatusCode::METHOD_NOT_ALLOWED, &format!("{sentence} {allowed}"));
        reply.0.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        reply
    }

    /// A file of the page.
    pub fn file(name: &str, contents: Vec<u8>) -> Self {
        Self::new(StatusCode::OK, content_type(name), contents)
    }

    /// A file to keep.
    pub fn download(name: &'static str, contents: String) -> Self {
        let mut reply = Self::file(name, contents.into_bytes());
        let disposition = format!("attachment; filename=\"{name}\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            reply.0.headers_mut().insert(CONTENT_DISPOSITION, disposition);
        }
        reply
    }

    /// The same with a cookie that only this site gets, and that no script reads.
    pub fn with_cookie(mut self, cookie: &str) -> Self {
        let cookie = format!("{cookie}; Path=/class/; HttpOnly; SameSite=Strict");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            self.0.headers_mut().insert(SET_COOKIE, cookie);
        }
        self
    }

    fn new(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self(Box::new(response))
    }

    /// Its bytes, for a page of `host`: it may load from there and connect to there.
    pub fn into_bytes(mut self, host: &str) -> Bytes {
        let headers = self.0.headers_mut();
        // The next request of the same browser may be for the server behind the tap.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
             connect-src 'self' ws://{host}; frame-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        guard(headers);
        encode(&self.0)
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

/// The body as JSON; a refusal names the form.
pub fn parsed<T: DeserializeOwned>(body: &[u8], form: &str, lang: Lang) -> Result<T, Reply> {
    let send = lang.pick("send", "пришлите");
    serde_json::from_slice(body)
        .map_err(|error| Reply::error(StatusCode::BAD_REQUEST, &format!("{send} {form}: {error}")))
}
