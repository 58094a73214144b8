//! The words of `ws101 doctor --class`, in both languages.

use super::super::sighting::{Finding, Step};
use super::state::{Classroom, Suspect};
use crate::lang::Lang;

pub fn no_network(lang: Lang) -> &'static str {
    lang.pick(
        "this computer is in no network: connect it to the Wi-Fi of the class",
        "компьютер не подключён к сети: подключите его к Wi-Fi класса",
    )
}

pub fn other_port(lang: Lang) -> &'static str {
    lang.pick("choose another: --port 8090", "возьмите другой: --port 8090")
}

pub fn page(url: &str, lang: Lang) -> String {
    lang.pick(format!("  this computer  {url}"), format!("  этот компьютер  {url}"))
}

pub fn phones(url: &str, lang: Lang) -> String {
    lang.pick(format!("  phone          {url}"), format!("  телефон         {url}"))
}

pub fn scan(lang: Lang) -> &'static str {
    lang.pick(
        "  Scan the code with a phone that is in the same Wi-Fi. Ctrl-C ends.",
        "  Отсканируйте код телефоном, подключённым к той же сети Wi-Fi. Ctrl-C — выход.",
    )
}

/// The last step of a second device.
pub fn step(step: Step, lang: Lang) -> &'static str {
    match step {
        Step::AskedForTls => {
            lang.pick("- a device asked for https", "- устройство запросило https")
        }
        Step::AskedByName => {
            lang.pick("- a device asked by a name", "- устройство обратилось по имени")
        }
        Step::Loaded => lang.pick("- a phone has the page", "- телефон загрузил страницу"),
        Step::Opened => lang.pick("- it opened a WebSocket", "- он открыл WebSocket"),
        Step::Sent => lang.pick("- it sent a frame", "- он отправил фрейм"),
        Step::Heard => lang.pick("- it received a frame", "- он получил фрейм"),
    }
}

/// The finding in a sentence, and what to do.
pub fn finding(finding: Finding, suspect: Suspect, classroom: &Classroom) -> Vec<String> {
    let Classroom { url, port, lang, .. } = classroom;
    let lang = *lang;
    let told = |english: String, russian: String| {
        vec![lang.pick(format!("NO  {english}"), format!("НЕТ  {russian}"))]
    };
    match finding {
        Finding::Waiting => Vec::new(),
        Finding::Works(_) => vec![
            lang.pick(
                "OK  a second device has sent and received a frame: phones can join",
                "OK  второе устройство отправило и получило фрейм: телефоны смогут войти",
            )
            .to_owned(),
        ],
        Finding::Nobody => nobody(suspect, *port, lang),
        Finding::StoppedAfter(Step::AskedForTls) => told(
            format!("a browser asked for https, as browsers do for names: open {url}, an address, with http://"),
            format!("браузер запросил https, как он делает с именами: откройте {url} — это адрес, и с http://"),
        ),
        Finding::StoppedAfter(Step::AskedByName) => told(
            format!("a device asked by a name, and browsers change http to https for names: open {url}"),
            format!("устройство обратилось по имени, а для имён браузеры меняют http на https: откройте {url}"),
        ),
        Finding::StoppedAfter(Step::Loaded) => told(
            "the phone has the page, but no WebSocket came: something on the way lets only HTTP through, \
             such as a filter or an antivirus. Take another Wi-Fi"
                .to_owned(),
            "телефон загрузил страницу, а WebSocket не открылся: на пути что-то пропускает только HTTP, \
             например фильтр или антивирус. Возьмите другую сеть Wi-Fi"
                .to_owned(),
        ),
        Finding::StoppedAfter(Step::Opened) => told(
            "a WebSocket is open, but no frame came through it: a proxy on the way keeps the data back".to_owned(),
            "WebSocket открыт, но фреймы по нему не приходят: данные задерживает прокси на пути".to_owned(),
        ),
        Finding::StoppedAfter(_) => told(
            "frames of the phone arrive, but ours do not reach it: a proxy on the way keeps them back".to_owned(),
            "фреймы телефона доходят, а наши до него нет: их задерживает прокси на пути".to_owned(),
        ),
    }
}

fn nobody(suspect: Suspect, port: u16, lang: Lang) -> Vec<String> {
    let mut lines = vec![lang.pick("NO  no phone came", "НЕТ  телефон не пришёл").to_owned()];
    let likely = match suspect {
        Suspect::Firewall(firewall) => lang.pick(
            format!("    The firewall of this computer is on ({}): let the port through:", firewall.name()),
            format!("    На компьютере включён межсетевой экран ({}): откройте порт:", firewall.name()),
        ),
        Suspect::MobileData => lang
            .pick(
                "    Devices of this Wi-Fi reach this computer, so the phone is not in it: turn its mobile data off, \
                 join this Wi-Fi, and scan again.",
                "    Устройства этой сети видят компьютер, значит, телефон не в ней: отключите мобильный интернет, \
                 подключитесь к этой сети Wi-Fi и отсканируйте код снова.",
            )
            .to_owned(),
        Suspect::IsolatedWifi => lang
            .pick(
                "    Turn the phone's mobile data off, and scan again. If nothing loads now either, this Wi-Fi keeps \
                 its devices apart, as school networks do: bring a cheap router, or use one phone's hotspot a table.",
                "    Отключите на телефоне мобильный интернет и отсканируйте код снова. Если и теперь не открывается, \
                 сеть Wi-Fi изолирует устройства друг от друга, как бывает в школах: возьмите простой роутер или \
                 раздавайте интернет с телефона, по одному на стол.",
            )
            .to_owned(),
    };
    lines.push(likely);
    if let Suspect::Firewall(firewall) = suspect {
        lines.push(format!("        {}", firewall.mend(port)));
    }
    lines
}
