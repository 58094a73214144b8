//! `ws101 doctor --class`: whether phones in this room get through to this computer, and if not, why.

mod connection;
mod state;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, interval, sleep};
use ws101::log;

use super::sighting::{Finding, Sighting};
use crate::code;
use crate::exit::{Exit, interrupted};
use crate::lan;
use crate::lang::Lang;
use crate::tap::listen::Listen;
use state::{Classroom, Suspect};

/// Where it listens, unless another port is named: where the lesson will.
const PORT: u16 = 8080;

/// The most connections at once.
const CONNECTIONS: usize = 64;

/// How often the finding is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How long the pages may take to ask once more when all is well: they ask every second.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// Serves the page with the code until a second device has sent and heard a frame, or a signal comes.
pub async fn examine(
    port: Option<u16>,
    on: Option<IpAddr>,
    step: Duration,
    lang: Lang,
) -> Result<Exit> {
    let Some(own) = on.or_else(lan::address) else {
        log!("{}", words::no_network(lang));
        log::flush();
        return Ok(Exit::Failed);
    };
    let ended = interrupted()?;
    let listener = listen(port, on, lang).await?;
    let port = listener.local_addr()?.port();
    let suspect = Suspect::find(own).await;
    let classroom = Arc::new(Classroom {
        url: format!("http://{}/phone", SocketAddr::new(own, port)),
        port,
        step,
        lang,
        sighting: Mutex::new(Sighting::new(Instant::now())),
        suspect: Mutex::new(suspect),
    });
    welcome(&classroom, on.unwrap_or_else(|| [127, 0, 0, 1].into()));
    let serving = tokio::spawn(serve(listener, classroom.clone()));
    let works = tokio::select! {
        () = tell(&classroom, own) => true,
        _ = ended => false,
    };
    if works {
        sleep(LAST_LOOK).await;
    }
    serving.abort();
    log::flush();
    Ok(if works { Exit::Passed } else { Exit::Failed })
}

async fn listen(port: Option<u16>, on: Option<IpAddr>, lang: Lang) -> Result<TcpListener> {
    let set = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
    let port = port.or(set).unwrap_or(PORT);
    let place = on.map_or_else(|| port.to_string(), |ip| SocketAddr::new(ip, port).to_string());
    let listen: Listen = place.parse().map_err(|error| anyhow!("{error}"))?;
    let listening = listen.bind(true, lang).await;
    // An address that is not of this computer has no better port.
    listening.map_err(|error| match on {
        Some(_) => error,
        None => anyhow!("{error}; {}", words::other_port(lang)),
    })
}

fn welcome(classroom: &Classroom, near: IpAddr) {
    let Classroom { url, port, lang, .. } = classroom;
    log!("");
    log!("{}", words::page(&format!("http://{}/", SocketAddr::new(near, *port)), *lang));
    log!("{}", words::phones(url, *lang));
    log!("");
    for line in code::lines(url) {
        log!("  {line}");
    }
    log!("");
    log!("{}", words::scan(*lang));
    log!("");
}

/// Tells each finding, and each step of a device; ends when one has sent and heard a frame.
async fn tell(classroom: &Classroom, own: IpAddr) {
    let mut looks = interval(LOOK);
    let (mut finding, mut furthest) = (Finding::Waiting, None);
    loop {
        looks.tick().await;
        let (was, had) = (finding, furthest);
        finding = classroom.finding();
        furthest = classroom.sighting().furthest();
        if let Some(step) = furthest
            && had != furthest
        {
            log!("  {}", words::step(step, classroom.lang));
        }
        if was == finding {
            continue;
        }
        if finding == Finding::Nobody {
            // Devices may have come into the network since the start.
            let suspect = Suspect::find(own).await;
            *classroom.suspect.lock().unwrap_or_else(PoisonError::into_inner) = suspect;
        }
        for line in words::finding(finding, classroom.suspect(), classroom) {
            log!("{line}");
        }
        if let Finding::Works(_) = finding {
            return;
        }
    }
}

async fn serve(listener: TcpListener, classroom: Arc<Classroom>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (tcp, peer) = ws101::server::accept(&listener).await;
        let classroom = classroom.clone();
        tokio::spawn(async move {
            connection::serve(classroom, tcp, peer.ip()).await;
            drop(place);
        });
    }
}
