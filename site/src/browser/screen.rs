//! The screen of a terminal: xterm, which a browser loads when somebody opens a view that has one (`site/terminal.js`).

use js_sys::Uint8Array;
use patr_models::deployment::exec::Size;
use wasm_bindgen::{
    JsCast, JsValue,
    prelude::{Closure, wasm_bindgen},
};
use web_sys::HtmlElement;

#[wasm_bindgen(module = "lazy")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn terminal() -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// What `site/terminal.js` has.
    type Module;
    #[wasm_bindgen(method, catch)]
    fn open(
        this: &Module,
        frame: &HtmlElement,
        typed: &Closure<dyn FnMut(Uint8Array)>,
        sized: &Closure<dyn FnMut(u16, u16)>,
        drawn: &Closure<dyn FnMut(usize)>,
        left: &Closure<dyn FnMut()>,
    ) -> Result<Terminal, JsValue>;

    type Terminal;
    #[wasm_bindgen(method)]
    fn columns(this: &Terminal) -> u16;
    #[wasm_bindgen(method)]
    fn rows(this: &Terminal) -> u16;
    #[wasm_bindgen(method)]
    fn write(this: &Terminal, bytes: &Uint8Array);
    #[wasm_bindgen(method)]
    fn say(this: &Terminal, text: &str);
    #[wasm_bindgen(method)]
    fn take(this: &Terminal, is_open: bool);
    #[wasm_bindgen(method)]
    fn focus(this: &Terminal);
    #[wasm_bindgen(method)]
    fn close(this: &Terminal);
}

/// What is loaded, and not on a page yet.
pub(crate) struct Loaded(Module);

/// See the module. It is gone from the page when it is dropped.
pub(crate) struct Screen {
    terminal: Terminal,
    _typed: Closure<dyn FnMut(Uint8Array)>,
    _sized: Closure<dyn FnMut(u16, u16)>,
    _drawn: Closure<dyn FnMut(usize)>,
    _left: Closure<dyn FnMut()>,
}

/// What a screen tells of.
pub(crate) enum Told {
    Typed(Vec<u8>),
    Sized(Size),
    /// So many bytes of what was written.
    Drawn(usize),
    /// Somebody wants the focus to be elsewhere.
    Left,
}

/// Loads the program; `None` when it cannot be had.
pub(crate) async fn load() -> Option<Loaded> {
    terminal().await.ok().map(|module| Loaded(module.unchecked_into()))
}

impl Loaded {
    /// Draws a screen that fills `frame`.
    pub(crate) fn open(self, frame: &HtmlElement, tell: impl Fn(Told) + Copy + 'static) -> Option<Screen> {
        let typed = Closure::<dyn FnMut(_)>::new(move |bytes: Uint8Array| tell(Told::Typed(bytes.to_vec())));
        let sized =
            Closure::<dyn FnMut(_, _)>::new(move |columns, rows| tell(Told::Sized(Size { columns, rows })));
        let drawn = Closure::<dyn FnMut(_)>::new(move |bytes| tell(Told::Drawn(bytes)));
        let left = Closure::<dyn FnMut()>::new(move || tell(Told::Left));
        let terminal = self.0.open(frame, &typed, &sized, &drawn, &left).ok()?;
        Some(Screen { terminal, _typed: typed, _sized: sized, _drawn: drawn, _left: left })
    }
}

impl Screen {
    pub(crate) fn size(&self) -> Size {
        Size { columns: self.terminal.columns(), rows: self.terminal.rows() }
    }

    /// Output of a program, which [`Told::Drawn`] counts.
    pub(crate) fn write(&self, bytes: &Uint8Array) {
        self.terminal.write(bytes);
    }

    /// Something of our own.
    pub(crate) fn say(&self, text: &str) {
        self.terminal.say(text);
    }

    /// Whether what is typed is for a program, or keys are the page's.
    pub(crate) fn take(&self, is_open: bool) {
        self.terminal.take(is_open);
    }

    pub(crate) fn focus(&self) {
        self.terminal.focus();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.terminal.close();
    }
}
