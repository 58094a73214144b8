//! Pictures for people to look at, in `target/screenshots/`: three screens, two languages, light and dark.

use anyhow::Result;
use serde_json::json;

use crate::devtools::{View, album};
use crate::in_browser;
use crate::person::{ENGLISH, LAPTOP, PHONE, PROJECTOR, Person, RUSSIAN, Words};
use crate::program::Program;
use crate::server::{Port, Server};

/// What three people may say to each other here; the first one is looking at the page.
struct Talk {
    words: &'static Words,
    locale: &'static str,
    people: [&'static str; 3],
    /// Who says what.
    lines: &'static [(usize, &'static str)],
}

const TALKS: [Talk; 2] = [
    Talk {
        words: &ENGLISH,
        locale: "en-GB",
        people: ["Maria", "Tom", "Li Wei"],
        lines: &[
            (1, "Can everybody see me?"),
            (2, "Yes, all three of us 🎉"),
            (1, "The developer tools show one request, status 101, then only frames"),
            (0, "The connection stays open, so the server can speak first"),
            (2, "And when the Wi-Fi goes away?"),
            (0, "The page says so, waits for a random moment and comes back"),
            (1, "Why random?"),
            (0, "So that thirty laptops do not knock at the door in one millisecond"),
            (2, "Stop the server, I want to see that!"),
        ],
    },
    Talk {
        words: &RUSSIAN,
        locale: "ru-RU",
        people: ["Мария", "Тимур", "Лена"],
        lines: &[
            (1, "Меня все видят?"),
            (2, "Видно всем троим 🎉"),
            (1, "Вижу один запрос со статусом 101, а дальше одни кадры"),
            (0, "Соединение остаётся открытым, и сервер может заговорить первым"),
            (2, "А если пропадёт Wi-Fi?"),
            (0, "Страница скажет об этом, выждет случайное время и вернётся"),
            (1, "Почему случайное?"),
            (0, "Чтобы тридцать ноутбуков не постучались в одно мгновение"),
            (2, "Остановите сервер, хочу на это посмотреть!"),
        ],
    },
];

const SCREENS: [(&str, View); 3] = [("phone", PHONE), ("laptop", LAPTOP), ("projector", PROJECTOR)];

#[tokio::test]
async fn there_are_pictures_of_every_screen() -> Result<()> {
    in_browser(async |browser| {
        for Talk { words, locale, people, lines } in TALKS {
            let server = Server::start(&Port::reserve()?).await;
            let [me, second, third] = people;
            let mut others = [
                Program::join(server.address, second).await?,
                Program::join(server.address, third).await?,
            ];
            let person = Person::enter(browser, server.address, me, words, LAPTOP).await?;
            let mut said = Vec::new();
            for &(who, text) in lines {
                match who {
                    0 => person.say(text).await?,
                    other => others[other - 1].say(text).await?,
                }
                said.push((people[who], text));
                person.sees(&said).await?;
            }
            person.tab.until("!document.querySelector('#stats').hidden").await?;

            let typing = json!({ "type": "typing" });
            let is_typing =
                format!("document.querySelector('#typing').textContent.startsWith('{third}')");
            for (screen, view) in SCREENS {
                for (scheme, dark) in [("light", false), ("dark", true)] {
                    person.tab.view(View { dark, locale, ..view }).await?;
                    others[1].send(&typing).await?;
                    person.tab.until(&is_typing).await?;
                    let name = format!("{screen}-{}-{scheme}.png", words.lang);
                    person.tab.screenshot(&album()?.join(name)).await?;
                }
            }

            drop(others);
            server.stop().await;
            for (screen, view) in SCREENS {
                person.tab.view(View { locale, ..view }).await?;
                person.is_waiting().await?;
                let name = format!("{screen}-{}-offline.png", words.lang);
                person.tab.screenshot(&album()?.join(name)).await?;
            }
        }
        Ok(())
    })
    .await
}
