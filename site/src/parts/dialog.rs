//! Questions before something is done. The browser's own dialog keeps the focus inside and closes on Escape.

use std::future::Future;

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use patr_models::ids::{Ref, WorkspaceId};

use super::{action::Action, command::as_command};
use crate::{api::Problem, here::Here, place::Section, text::shell as words};

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

/// A dialog about one of several things, which is drawn once it is known about which.
pub(crate) struct Picked<T: 'static> {
    thing: RwSignal<Option<T>>,
    dialog: Dialog,
}

impl<T> Clone for Picked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Picked<T> {}

impl<T: Clone + Send + Sync + 'static> Picked<T> {
    pub(crate) fn new() -> Self {
        Self { thing: RwSignal::new(None), dialog: Dialog::new() }
    }

    /// What asks about this one.
    pub(crate) fn button(self, class: &'static str, label: &'static str, thing: T) -> AnyView {
        let open = move |_| {
            self.thing.set(Some(thing.clone()));
            // The dialog is drawn with it first.
            request_animation_frame(move || self.dialog.open());
        };
        view! { <button type="button" class=class on:click=open>{label}</button> }.into_any()
    }

    /// The dialog, closed.
    pub(crate) fn view<V: IntoAny + 'static>(
        self,
        draw: impl Fn(T, Dialog) -> V + Send + Sync + 'static,
    ) -> AnyView {
        (move || self.thing.get().map(|thing| draw(thing, self.dialog).into_any())).into_any()
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

/// The same for the end of a thing, after which the list is shown that it was in.
pub(crate) fn end<T: 'static, F: Future<Output = Result<T, Problem>> + 'static>(
    here: Here,
    list: Section,
    dialog: Dialog,
    ask: Danger,
    doing: impl Fn(Ref<WorkspaceId>) -> F + Copy + 'static,
) -> impl IntoView {
    let (action, navigate) = (Action::new(), use_navigate());
    let run = move || {
        let (workspace, navigate) = (untrack(|| here.workspace()), navigate.clone());
        let back = list.path(&untrack(|| here.name()));
        let doing = async move { doing(workspace?).await };
        action.run(doing, move |_| navigate(&back, NavigateOptions::default()));
    };
    danger(dialog, action, ask, run)
}
