//! Questions before something is done. The browser's own dialog keeps the focus inside and closes on Escape.

use leptos::{html, prelude::*};

use super::{action::Action, command::as_command};
use crate::text::shell as words;

/// A dialog that can be opened.
#[derive(Clone, Copy)]
pub(crate) struct Dialog(NodeRef<html::Dialog>);

impl Dialog {
    pub(crate) fn new() -> Self {
        Self(NodeRef::new())
    }

    pub(crate) fn open(self) {
        if let Some(dialog) = self.element() {
            let _ = dialog.show_modal();
        }
    }

    pub(crate) fn close(self) {
        if let Some(dialog) = self.element() {
            dialog.close();
        }
    }

    /// Nothing when somebody has gone elsewhere before what was asked for was done.
    fn element(self) -> Option<web_sys::HtmlDialogElement> {
        self.0.try_get_untracked().flatten()
    }

    /// The dialog itself, closed.
    pub(crate) fn view(self, title: String, inner: impl IntoView + 'static) -> impl IntoView {
        let label = title.clone();
        view! {
            <dialog node_ref=self.0 aria-label=label>
                <h2>{title}</h2>
                {inner}
            </dialog>
        }
    }
}

/// What is asked before something is destroyed.
pub(crate) struct Danger {
    pub(crate) title: String,
    /// What is lost.
    pub(crate) says: String,
    /// What has to be typed; nothing where it can be made again.
    pub(crate) name: Option<String>,
    pub(crate) button: &'static str,
    pub(crate) command: String,
}

/// A dialog that does something only when it is meant.
pub(crate) fn danger(
    dialog: Dialog,
    action: Action,
    ask: Danger,
    run: impl Fn() + Clone + 'static,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let Danger { title, says, name, button, command } = ask;
    let wanted = name.clone();
    let is_meant = move || wanted.as_ref().is_none_or(|name| *name == typed.get());
    let inner = view! {
        <form
            method="dialog"
            on:submit=move |event| {
                event.prevent_default();
                run();
            }
        >
            <p>{says}</p>
            {name.map(|name| view! {
                <label class="field">
                    <span>{words::TYPE_NAME} " " <code>{name}</code></span>
                    <input name="confirm" autocomplete="off" autocapitalize="none" spellcheck="false" bind:value=typed/>
                </label>
            })}
            {action.problem()}
            <div class="actions">
                <button class="danger" disabled=move || action.is_busy() || !is_meant()>{button}</button>
                <button type="button" on:click=move |_| dialog.close()>{words::CANCEL}</button>
                {as_command(move || command.clone())}
            </div>
        </form>
    };
    dialog.view(title, inner)
}
