//! Both languages, and every screen: nothing is cut, small or out of sight.

use anyhow::Result;
use serde_json::json;

use super::{PROJECTOR, Site, choose, opened};
use crate::devtools::{View, album};
use crate::in_browser;

#[tokio::test]
async fn both_languages_have_the_same_texts() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        let tab = opened(browser, &site, "en").await?;
        let differences = "import('/class/texts.js').then(({ texts: { en, ru } }) => {
            const forms = { en: ['one', 'other'], ru: ['one', 'few', 'many', 'other'] };
            const holes = (text) => [...new Set(JSON.stringify(text).match(/\\{\\w+\\}/g) ?? [])].sort().join();
            return [...Object.keys(en).filter((key) => !(key in ru)), ...Object.keys(ru).filter((key) => !(key in en)),
                ...Object.entries({ en, ru }).flatMap(([lang, texts]) => Object.entries(texts)
                    .filter(([, text]) => typeof text === 'object' && String(Object.keys(text)) !== String(forms[lang])).map(([key]) => `${lang} ${key}`)),
                ...Object.keys(en).filter((key) => key in ru && holes(en[key]) !== holes(ru[key]))];
        })";
        tab.until_is(differences, &json!([])).await?;
        tab.click(".languages [lang=ru]").await?;
        tab.until_is("document.documentElement.lang", &json!("ru")).await?;
        let words = "[document.title, ...['#connectionsTitle', '#wireTitle', '#state', '#statistics dt', '#frameList .word', '.how']
            .map((it) => document.querySelector(it).textContent)]";
        tab.until_is(words, &json!(["Что идёт по сети", "Соединения", "Фреймы", "Запись: session.jsonl", "Соединения", "СБОЙ: duplicate", "закрыто 1007"])).await
    })
    .await
}

/// Text of the page that is smaller than 20 px, and parts that a hand cannot see without scrolling the page.
const SMALL: &str = "[...document.querySelectorAll('body *')].filter((it) => it.checkVisibility()
    && !it.closest('.unseen, dialog, option') && [...it.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
    && parseFloat(getComputedStyle(it).fontSize) < 19.9).map((it) => it.outerHTML.slice(0, 80))";
const SCROLLS: &str = "[document.documentElement.scrollWidth > innerWidth, document.documentElement.scrollHeight > innerHeight]";

#[tokio::test]
async fn a_projector_shows_all_without_scrolling_in_letters_of_20_px() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        for lang in ["en", "ru"] {
            for key in ["", "#key"] {
                let tab = browser.tab().await?;
                tab.view(PROJECTOR).await?;
                tab.go(&format!("{}{key}", site.page(lang))).await?;
                super::open(&tab, &super::recording()).await?;
                choose(&tab, "c1").await?;
                for tab_key in ["Digit2", "Digit3", "Digit1"] {
                    tab.press(tab_key, "").await?;
                    tab.drawn().await?;
                    tab.until_is(SMALL, &json!([])).await?;
                    tab.until_is(SCROLLS, &json!([false, false])).await?;
                }
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn there_are_pictures_of_the_class_on_every_screen() -> Result<()> {
    in_browser(async |browser| {
        let site = Site::start().await?;
        for (lang, locale) in [("en", "en-GB"), ("ru", "ru-RU")] {
            for key in ["", "#key"] {
                let tab = browser.tab().await?;
                tab.view(PROJECTOR).await?;
                tab.go(&format!("{}{key}", site.page(lang))).await?;
                super::open(&tab, &super::recording()).await?;
                choose(&tab, "c1").await?;
                for width in [390, 1280, 1920] {
                    let height = if width == 390 { 844 } else { width * 9 / 16 };
                    for (scheme, dark) in [("light", false), ("dark", true)] {
                        tab.view(View { width, height, mobile: width == 390, dark, locale })
                            .await?;
                        tab.drawn().await?;
                        tab.until_is(&format!("{SCROLLS}[0]"), &json!(false)).await?;
                        let who = if key.is_empty() { "class" } else { "teacher" };
                        tab.screenshot(
                            &album()?.join(format!("{who}-{width}-{lang}-{scheme}.png")),
                        )
                        .await?;
                    }
                }
            }
        }
        Ok(())
    })
    .await
}
