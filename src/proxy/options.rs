//! The options of a proxy.

use super::faults::Faults;
use super::rewrite::Rewrite;
use super::site::Site;

/// The options of a proxy.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most bytes that are kept of each payload; a longer one comes with a digest.
    pub keep: usize,
    /// The most connections at once. Any more get 503.
    pub connections: usize,
    /// Whether the proxy waits for whoever reads the events, rather than leave frames out.
    pub is_lossless: bool,
    /// The changes in the heads of requests.
    pub rewrite: Rewrite,
    /// The faults of connections.
    pub faults: Faults,
    /// A site that answers some requests in the server's place.
    pub site: Option<Site>,
}

impl Default for Options {
    /// 4 KiB of each payload, 512 connections, and requests as they are. Frames may be left out.
    fn default() -> Self {
        Self {
            keep: 4 * 1024,
            connections: 512,
            is_lossless: false,
            rewrite: Rewrite::default(),
            faults: Faults::default(),
            site: None,
        }
    }
}
