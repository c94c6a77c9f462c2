//! The only file that asks the browser for anything but the network.

pub(crate) mod files;
pub(crate) mod screen;

use std::time::Duration;

use leptos::prelude::{document, set_timeout, window};
use patr_models::time::Millis;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::text::problem as words;

/// The browser's clock.
pub(crate) fn now() -> Millis {
    Millis(js_sys::Date::now() as u64)
}

/// A moment as the reader's own place and language write it.
pub(crate) fn local_time(at: Millis) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(at.0 as f64));
    date.to_locale_string("default", &JsValue::UNDEFINED).into()
}

/// The time of day alone.
pub(crate) fn local_clock(at: Millis) -> String {
    js_sys::Date::new(&JsValue::from_f64(at.0 as f64)).to_locale_time_string("default").into()
}

/// Whether anybody can see the page.
pub(crate) fn is_visible() -> bool {
    !document().hidden()
}

/// Leaves the dashboard for a page that the server draws.
pub(crate) fn leave_for(url: &str) {
    let _ = window().location().assign(url);
}

/// Loads the page anew, at the address that is shown.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

/// The address of the script that this page began with. It changes with what is in the dashboard.
pub(crate) fn own_script() -> Option<String> {
    document().query_selector("script[type=module]").ok()??.get_attribute("src")
}

/// Path, query and fragment of what is shown.
pub(crate) fn here() -> String {
    let location = window().location();
    let part = |part: Result<String, JsValue>| part.unwrap_or_default();
    format!("{}{}{}", part(location.pathname()), part(location.search()), part(location.hash()))
}

/// Scheme and host of this installation.
pub(crate) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Puts text where it can be pasted from; false if the browser does not let us.
pub(crate) async fn copy(text: &str) -> bool {
    // Absent where the page did not come over https, nor from this machine.
    let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
    if clipboard.is_ok_and(|clipboard| clipboard.is_undefined()) {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// What this browser remembers; nothing where it may not.
pub(crate) fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

pub(crate) fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Colours: the system's unless somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one that was chosen; `site/boot.js` has applied it already.
    pub(crate) fn chosen() -> Self {
        let chosen = remembered(THEME);
        Self::ALL.into_iter().find(|theme| Some(theme.as_str()) == chosen.as_deref()).unwrap_or(Self::System)
    }

    pub(crate) fn choose(self) {
        remember(THEME, self.as_str());
        if let Some(root) = document().document_element() {
            let _ = match self {
                Self::System => root.remove_attribute("data-theme"),
                _ => root.set_attribute("data-theme", self.as_str()),
            };
        }
    }
}

const THEME: &str = "theme";

/// Focuses the first search field; false where there is none.
pub(crate) fn focus_search() -> bool {
    focus("main input[type=search]")
}

/// Focuses what is found first.
pub(crate) fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    let element = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}

/// Whether a key goes into a field.
pub(crate) fn is_typing() -> bool {
    document().active_element().is_some_and(|element| {
        let name = element.tag_name();
        matches!(name.as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

/// Says that nothing on the page can be relied on any more: what is shown would else look as if it were of now.
pub(crate) fn say_broken(why: &str) {
    web_sys::console::error_1(&why.into());
    let (Some(body), Ok(problem)) = (document().body(), document().create_element("p")) else { return };
    problem.set_text_content(Some(words::BROKEN));
    let _ = problem.set_attribute("role", "alert");
    let _ = problem.set_attribute("class", "broken");
    let _ = body.append_child(&problem);
}

/// Waits.
pub(crate) async fn pause(time: Duration) {
    let waiting = js_sys::Promise::new(&mut |resolve, _| {
        set_timeout(
            move || {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            },
            time,
        );
    });
    let _ = JsFuture::from(waiting).await;
}
