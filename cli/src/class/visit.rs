//! A request to the classroom.

use std::net::IpAddr;

use ws101::http::header::{ACCEPT_LANGUAGE, COOKIE};
use ws101::http::{HeaderMap, Method, Request};

use crate::lang::Lang;

/// A request with its body.
pub struct Visit {
    pub request: Request<()>,
    pub body: Vec<u8>,
    /// Whether it comes from this computer.
    pub is_near: bool,
    /// The address that it comes from.
    pub from: IpAddr,
    /// The language of refusals.
    pub lang: Lang,
}

impl Visit {
    /// The value of a pair of the query, as it is written.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.request.uri().query()?.split('&');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.request.headers().get_all(COOKIE).iter();
        let mut pairs = lines.filter_map(|line| line.to_str().ok()).flat_map(|it| it.split(';'));
        pairs
            .find_map(|pair| pair.trim().split_once('=').filter(|(found, _)| *found == name))
            .map(|(_, value)| value)
    }

    /// Whether it only reads.
    pub fn is_reading(&self) -> bool {
        self.request.method() == Method::GET
    }
}

/// The first language of a browser that the class speaks; that of the class if there is none.
pub fn lang_of(headers: &HeaderMap, class: Lang) -> Lang {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut wanted = wanted.unwrap_or_default().split(',').map(str::trim_start);
    let spoken = wanted.find_map(|tag| match tag.get(..2)? {
        "en" => Some(Lang::En),
        "ru" => Some(Lang::Ru),
        _ => None,
    });
    spoken.unwrap_or(class)
}
