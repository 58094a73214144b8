//! A request to the classroom.

use std::net::IpAddr;

use ws101::http::header::COOKIE;
use ws101::http::{Method, Request};

/// A request with its body.
pub struct Visit {
    pub request: Request<()>,
    pub body: Vec<u8>,
    /// Whether it comes from this computer.
    pub is_near: bool,
    /// The address that it comes from.
    pub from: IpAddr,
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
