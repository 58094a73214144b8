//! The doctor before real servers and proxies that are set up wrong, each with the right sentence in both
//! languages: Node's `ws` and socket.io, uvicorn, aiohttp, Python's `websockets`, nginx, `HAProxy`,
//! Caddy, and Python by hand. One illness is one line of a table.

mod case;
#[path = "../echoing/mod.rs"]
mod echoing;
#[path = "../../../tests/needs/mod.rs"]
mod needs;
#[path = "../../src/port.rs"]
mod port;
mod proxies;
mod scripts;

/// The fewest illnesses that real servers stage here. `tests/doctor` has others, over bare TCP.
const FLOOR: usize = 80;

#[test]
fn the_staged_illnesses_are_many() {
    let tables = [
        ("Node", scripts::NODE),
        ("Node, two servers", scripts::TWO_SERVERS),
        ("Node, destroying", scripts::DESTROYING),
        ("Node, refusing", scripts::REFUSALS),
        ("uvicorn", scripts::ASGI),
        ("aiohttp", scripts::AIOHTTP),
        ("websockets", scripts::WEBSOCKETS),
        ("by hand", scripts::BY_HAND),
        ("by hand, the 101", scripts::ODD_101),
        ("nginx", proxies::NGINX),
        ("HAProxy", proxies::HAPROXY),
        ("Caddy", proxies::CADDY),
    ];
    let mut all = 0;
    for (name, cases) in tables {
        let ill = cases.iter().filter(|case| case.is_ill()).count();
        println!("{name}: {ill} illnesses, {} well", cases.len() - ill);
        all += ill;
    }
    println!("all: {all}");
    assert!(all >= FLOOR, "at least {FLOOR} illnesses, not {all}");
}
