//! A role that is made or changed: a name, and what it allows.

use leptos::prelude::*;
use patr_models::{
    auth::{Grant, Permission, ResourceType, Scope},
    endpoint::body::Json,
    name::Name,
    role::{
        Role,
        create::{self, CreateRole},
        update::{self, UpdateRole},
    },
};

use crate::{
    api,
    command::patr_in,
    grants::{flags, given, tick},
    here::Here,
    parts::{
        action::Action,
        form::{Field, field, submit},
        notice::Notice,
    },
    text::people::roles as words,
};

/// What is typed and ticked.
#[derive(Clone, Copy)]
struct Form {
    here: Here,
    name: RwSignal<String>,
    grants: RwSignal<Vec<Grant>>,
    action: Action,
    notice: Notice,
}

impl Form {
    fn begin(here: Here, name: String, grants: Vec<Grant>) -> Self {
        Self {
            here,
            name: RwSignal::new(name),
            grants: RwSignal::new(grants),
            action: Action::new(),
            notice: Notice::of_the_page(),
        }
    }

    /// The name, unless it is none: then that is said.
    fn read(self) -> Option<Name> {
        let read = self.name.get_untracked().trim().parse();
        read.map_err(|problem| self.action.refuse(problem)).ok()
    }

    /// The same as a command, which begins with these words.
    fn command(self, words: &[&str]) -> String {
        let flags = flags(&self.grants.get_untracked());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        patr_in(&untrack(|| self.here.name()), &[words, flags.as_slice()].concat())
    }

    fn groups(self) -> impl IntoView {
        ResourceType::ALL.iter().map(|kind| self.group(*kind)).collect_view()
    }

    /// The permissions about one type of resources. Nobody gives more than they have.
    fn group(self, kind: ResourceType) -> impl IntoView {
        let all = Permission::ALL.iter().copied().filter(|permission| permission.resource_type() == kind);
        let boxes = all.map(|permission| {
            let here = self.here;
            let verb = permission.as_str().split(':').nth(1).unwrap_or_default();
            let change = move |event| {
                let is_ticked = event_target_checked(&event);
                self.grants.update(|grants| tick(grants, permission, is_ticked));
            };
            let is_ticked = move || self.grants.with(|grants| given(grants, permission).is_some());
            let of_some = move || {
                let is_some =
                    |grants: &Vec<Grant>| given(grants, permission).is_some_and(|scope| *scope != Scope::All);
                self.grants.with(is_some).then_some(words::OF_SOME)
            };
            view! {
                <label>
                    <input
                        type="checkbox"
                        name="allow"
                        value=permission.as_str()
                        disabled=move || !here.may(permission)
                        prop:checked=is_ticked
                        on:change=change
                    />
                    {verb} <small>{of_some}</small>
                </label>
            }
        });
        view! { <fieldset class="choices"><legend>{kind.noun()}</legend>{boxes.collect_view()}</fieldset> }
    }
}

pub(super) fn new(here: Here) -> impl IntoView {
    let form = Form::begin(here, String::new(), Vec::new());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(name) = form.read() else { return };
        let (workspace, grants) = (untrack(|| here.workspace()), form.grants.get_untracked());
        let doing = async move {
            let path = create::Path { workspace: workspace? };
            api::create::<CreateRole, _>(path, create::Body { name, grants }).await
        };
        form.action.run(doing, move |_| {
            let _ = form.name.try_set(String::new());
            let _ = form.grants.try_set(Vec::new());
            form.notice.say(words::CREATED);
        });
    };
    let line = move || form.command(&["role", "create", form.name.get_untracked().trim()]);
    view! {
        <form on:submit=send>
            {field(words::NAME, words::NAME_HINT, form.name, Field::of("name", "deployer"))}
            {form.groups()}
            {submit(words::CREATE, form.action, line)}
        </form>
    }
}

/// Changes a role of the workspace's own, and then `done`.
pub(super) fn edit(here: Here, role: Role, done: impl Fn() + Copy + 'static) -> impl IntoView {
    let (id, was) = (role.role.id, role.role.name.to_string());
    let form = Form::begin(here, was.clone(), role.grants);
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (Some(name), Some(id)) = (form.read(), id) else { return };
        let (workspace, grants) = (untrack(|| here.workspace()), form.grants.get_untracked());
        let doing = async move {
            let path = update::Path { workspace: workspace?, role: id.into() };
            let body = update::Body { name: Some(name), grants: Some(grants) };
            api::change::<UpdateRole>(path, Json(body)).await
        };
        form.action.run(doing, move |_| {
            form.notice.say(words::CHANGED);
            done();
        });
    };
    let line = move || {
        let name = form.name.get_untracked();
        let rename = if name.trim() == was { Vec::new() } else { vec!["--rename", name.trim()] };
        form.command(&[&["role", "update", &was], rename.as_slice()].concat())
    };
    view! {
        <form on:submit=send>
            {field(words::NAME, words::NAME_HINT, form.name, Field::of("name", "deployer"))}
            {form.groups()}
            {submit(words::SAVE, form.action, line)}
        </form>
    }
}
