//! Who floods is stopped; who speaks beside them does not notice.

use super::*;

const FLOOD: usize = 1_000;
const POLITE: usize = 15;

fn line(id: usize, content: &str) -> Message {
    Message::text(format!(r#"{{"type":"message","id":"m{id}","content":"{content} {id}"}}"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_stopped_and_a_polite_client_beside_it_loses_nothing() {
    // As many messages a second as are allowed unless someone says otherwise.
    let settings = Settings { rate: Settings::default().rate, ..patient() };
    let chat = Endpoint::open(Chat::new(&settings), &settings);
    let (address, _serving) = start(&chat, &settings);
    let mut clients = join_all((0..2).map(|_| connect(address))).await;
    for client in &mut clients {
        client.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
        // Who is not let in yet hears neither who leaves nor all that is said.
        while !next(client).await.unwrap().unwrap().to_text().unwrap().contains("welcome") {}
    }
    let [mut polite, flooding] = <[Client; 2]>::try_from(clients).expect("two");

    let flood = tokio::spawn(async move {
        let (mut sink, stream) = flooding.split();
        let speaking = tokio::spawn(async move {
            for n in 0..FLOOD {
                if sink.send(line(n, "flood")).await.is_err() {
                    break;
                }
            }
            sink
        });
        let heard: Vec<_> = timeout(DEADLINE, stream.collect()).await.expect("it is stopped");
        drop(speaking.await);
        let heard: Vec<_> = heard.into_iter().map_while(Result::ok).collect();
        let count = |what: &str| {
            heard.iter().filter(|said| said.to_text().is_ok_and(|text| text.contains(what))).count()
        };
        let code = heard.iter().find_map(|said| match said {
            Message::Close(frame) => frame.as_ref().map(|frame| frame.code),
            _ => None,
        });
        (count(r#""type":"ack""#), count("rate_limited"), code)
    });

    let (mut acks, mut flooded, mut gone) = (0, 0, false);
    polite.send(line(0, "polite")).await.unwrap();
    while acks < POLITE || !gone {
        let said = next(&mut polite).await.unwrap().unwrap();
        let text = said.to_text().unwrap();
        assert!(!text.contains(r#""type":"error""#), "{text}");
        flooded += usize::from(text.contains(r#""content":"flood "#));
        gone |= text.contains(r#""type":"user_left""#);
        if text.contains(r#""type":"ack""#) {
            acks += 1;
            if acks < POLITE {
                polite.send(line(acks, "polite")).await.unwrap();
            }
        }
    }
    let (accepted, refused, code) = flood.await.unwrap();
    assert_eq!(code, Some(CloseCode::Policy));
    assert_eq!(flooded, accepted, "what was accepted was heard, and nothing else");
    let burst = 4 * usize::try_from(settings.rate).unwrap();
    assert!((burst - 1..3 * burst).contains(&accepted), "{accepted} were let through");
    println!(
        "{accepted} of {FLOOD} let through, {refused} refused, then 1008; {POLITE} of {POLITE} beside it"
    );
}
