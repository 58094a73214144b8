//! The classroom: pages, events and the teacher's buttons, on the port of a tap, below `/class/`.

mod broken;
mod connection;
mod files;
mod held;
mod key;
mod questions;
mod quiz;
mod reply;
mod ring;
mod routes;
mod seats;
mod server;
mod state;
mod viewer;
mod visit;
mod vote;

use std::sync::Arc;

use ws101::proxy::Site;

pub use connection::{PATIENCE, answer, foreign};
pub use files::Files;
pub use reply::Reply;
pub use ring::Recorder;
pub use server::{Change, END, Server, State};
pub use state::Class;
pub use visit::lang_of;

/// The site that a tap serves a class as.
pub fn site(class: &Arc<Class>) -> Site {
    let class = class.clone();
    Site {
        prefix: routes::PREFIX.to_owned(),
        serve: Arc::new(move |visitor| Box::pin(connection::serve(class.clone(), visitor))),
    }
}
