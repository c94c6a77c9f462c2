//! The dashboard in a real browser.

mod first_hour;
mod folder;
mod live;
mod loading;
mod pages;
mod pictures;
mod recover;
mod requests;
mod served;
mod strangers;
mod terminal;
mod volumes;

use std::{fmt::Display, sync::OnceLock};

use fantoccini::{Locator, elements::Element, error::CmdError};
use patr_stories::eventually;
use serde_json::{Value, json};

use crate::accounts::Person;

/// The size of a page, and its colours.
#[derive(Debug, Clone, Copy)]
struct Screen {
    width: u32,
    theme: &'static str,
}

const DESKTOP: Screen = Screen { width: 1280, theme: "light" };
const DARK: Screen = Screen { width: 1280, theme: "dark" };
const PHONE: Screen = Screen { width: 360, theme: "dark" };
const HEIGHT: u32 = 800;

/// What axe finds wrong in these colours: the rules, and where (WCAG 2.2, levels A and AA).
const AXE: &str = "
    const { dataset } = document.documentElement;
    const theme = dataset.theme;
    dataset.theme = given[0];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    dataset.theme = theme;
    return found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html + ' ' + node.any.map(check => check.message)).join(' | '));
";

/// Waits for a view that is there: its heading, and nothing that is still to come.
const DRAWN: &str = "
    const isDrawn = () => location.pathname === given[0] && document.querySelector('h1') && !document.querySelector('.skeleton');
    while (!isDrawn()) await new Promise(requestAnimationFrame);
    return true;
";

/// The program of axe, as text.
fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        // `cargo xtask test` says where it is.
        let path = std::env::var("PATR_AXE").unwrap();
        std::fs::read_to_string(path).unwrap()
    })
}

fn said(error: CmdError) -> String {
    error.to_string()
}

impl Person<'_> {
    /// Logs in, at a screen of this kind.
    async fn logs_in_at(&self, screen: Screen) {
        self.goes_to("/login?next=/").await;
        self.looks_at(screen).await;
        self.gives_the_password().await;
        self.reads("h1", "acme").await;
    }

    /// Has the page the size and the colours of a screen.
    async fn looks_at(&self, screen: Screen) {
        self.browser.resize(screen.width, HEIGHT).await;
        let theme =
            "localStorage.setItem('theme', given[0]); document.documentElement.dataset.theme = given[0];";
        self.browser.run(theme, vec![json!(screen.theme)]).await;
    }

    async fn logs_in(&self) {
        self.logs_in_at(DESKTOP).await;
    }

    /// Waits until something with these words is there, and to be seen.
    async fn reads(&self, css: &str, words: &str) -> Element {
        eventually(words, async || self.looks_for(css, words).await).await
    }

    /// What is to be seen with these words; else the words of all that is there.
    async fn looks_for(&self, css: &str, words: &str) -> Result<Element, String> {
        let mut seen = Vec::new();
        for element in self.browser.window.find_all(Locator::Css(css)).await.map_err(said)? {
            // What is drawn anew meanwhile is looked for again.
            let text = element.text().await.map_err(said)?;
            if text.contains(words) && element.is_displayed().await.map_err(said)? {
                return Ok(element);
            }
            seen.push(text);
        }
        Err(format!("{seen:?}"))
    }

    /// Presses what has these words on it.
    async fn chooses(&self, css: &str, words: &str) {
        eventually(words, async || {
            let found = self.looks_for(css, words).await?;
            // A phone has a bar above what is at the edge of the screen.
            let middle = "arguments[0].scrollIntoView({ block: 'center' })";
            let which = serde_json::to_value(&found).map_err(|error| error.to_string())?;
            self.browser.window.execute(middle, vec![which]).await.map_err(said)?;
            found.click().await.map_err(said)
        })
        .await;
    }

    /// Chooses a section: on a phone, in the menu.
    async fn opens(&self, section: &str) {
        let menu = self.browser.window.find(Locator::Css(".bar button")).await.unwrap();
        if menu.is_displayed().await.unwrap() {
            menu.click().await.unwrap();
        }
        self.chooses("nav a", section).await;
        self.reads("h1", section).await;
    }

    /// Puts text in the place of what a field holds.
    async fn fills(&self, css: &str, text: &str) {
        let field = self.sees(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Keys for whatever has the focus, as WebDriver writes them.
    async fn presses_keys(&self, keys: &str) {
        let active = self.browser.window.active_element().await.unwrap();
        active.send_keys(keys).await.unwrap();
    }

    /// Follows a link to a view of the page that is open, and waits until it is drawn.
    async fn visits(&self, view: &str) {
        let follow = "
            const link = Object.assign(document.createElement('a'), { href: given[0] });
            document.body.append(link);
            link.click();
            link.remove();
        ";
        self.browser.run(follow, vec![json!(view)]).await;
        assert_eq!(self.browser.run(DRAWN, vec![json!(view)]).await, json!(true), "{view}");
    }

    /// What is on the screen is no wider than it, and axe finds nothing wrong, in light colours nor in dark ones.
    async fn finds_it_accessible(&self, where_it_is: impl Display) {
        let wide = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth, 'axe' in window]";
        let wide = self.browser.run(wide, Vec::new()).await;
        assert!(wide[0].as_u64() <= wide[1].as_u64(), "{where_it_is}: {} wide on {}", wide[0], wide[1]);
        if wide[2] == json!(false) {
            self.browser.run(axe(), Vec::new()).await;
        }
        for theme in ["light", "dark"] {
            let found = self.browser.run(AXE, vec![json!(theme)]).await;
            assert_eq!(found, json!([]), "{where_it_is}, in {theme} colours");
        }
    }

    /// Nothing that somebody else has written has become part of the page, or has run in it.
    async fn is_unharmed(&self, where_it_is: impl Display) {
        let found = "return [document.querySelectorAll('main img, main script, main b, main svg:not(.icon)').length, window.wrong ?? null]";
        let found = self.browser.run(found, Vec::new()).await;
        assert_eq!(found, json!([0, Value::Null]), "{where_it_is}");
    }
}
