//! Another image, another number of replicas, and the end of a deployment.

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    deployment::{
        Deployment, WorkloadSpec, delete,
        scale::{self, ScaleDeployment},
    },
    endpoint::body::{Json, NoBody},
    ids::Ref,
};

use super::{base::Base, one::Known};
use crate::{
    api,
    command::patr_in,
    fresh::Fresh,
    here::Here,
    parts::{
        action::Action,
        dialog::{self, Danger, Dialog},
        form::{Field, field, submit},
        notice::Notice,
        page::section,
    },
    place::Section,
    text::{deployments as words, shell},
};

pub(crate) fn show(here: Here, deployment: Fresh<Deployment>, known: Known) -> impl IntoView {
    let name = known.clone();
    let edits = Base::draw(deployment, move |base, one| {
        here.may_on(Permission::DeploymentEdit, &name.id).then(|| {
            view! {
                {section(words::OTHER_IMAGE, image(here, name.clone(), base))}
                {section(words::SCALE, scale(here, name.clone(), one.replicas, one.autoscale.is_some()))}
            }
        })
    });
    let may_nothing = {
        let id = known.id;
        move || {
            !here.may_on(Permission::DeploymentEdit, &id) && !here.may_on(Permission::DeploymentDelete, &id)
        }
    };
    let may_delete = here.may_on(Permission::DeploymentDelete, &known.id);
    view! {
        {edits}
        {may_delete.then(|| section(words::DELETE_TITLE, end(here, &known)))}
        {move || may_nothing().then(|| view! { <p class="soft">{shell::WORKSPACE_ONLY}</p> })}
    }
}

fn image(here: Here, known: Known, base: Base) -> impl IntoView {
    let typed = RwSignal::new(base.spec.with_untracked(|spec| spec.image.to_string()));
    let (action, notice) = (Action::new(), Notice::of_the_page());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let spec = match typed.get_untracked().trim().parse() {
            Ok(image) => WorkloadSpec { image, ..base.spec.get_untracked() },
            Err(problem) => return action.refuse(problem),
        };
        action.run(base.release(here, spec), move |()| notice.say(words::ASKED));
    };
    let line = move || {
        patr_in(&untrack(|| here.name()), &["deploy", typed.get_untracked().trim(), "--name", &known.name])
    };
    view! {
        <form on:submit=send>
            {field(words::IMAGE, words::IMAGE_HINT, typed, Field::of("image", "nginx:1"))}
            {submit(words::DEPLOY, action, line)}
        </form>
    }
}

fn scale(here: Here, known: Known, replicas: u32, scales: bool) -> impl IntoView {
    let typed = RwSignal::new(replicas.to_string());
    let (action, notice, id) = (Action::new(), Notice::of_the_page(), known.id);
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Ok(replicas) = typed.get_untracked().trim().parse() else {
            return action.refuse(words::NOT_A_NUMBER);
        };
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = scale::Path { workspace: workspace?, deployment: Ref::Id(id) };
            api::change::<ScaleDeployment>(path, Json(scale::Body { replicas, autoscale: None })).await
        };
        action.run(doing, move |_| notice.say(words::ASKED));
    };
    let line = move || {
        patr_in(&untrack(|| here.name()), &["deployment", "scale", &known.name, typed.get_untracked().trim()])
    };
    view! {
        <form on:submit=send>
            {scales.then(|| view! { <p class="soft">{words::SCALED_BY_ITSELF}</p> })}
            {field(words::REPLICAS, words::REPLICAS_HINT, typed, Field::of("replicas", "1").kind("number"))}
            {submit(words::SCALE, action, line)}
        </form>
    }
}

fn end(here: Here, known: &Known) -> impl IntoView + use<> {
    let (dialog, id) = (Dialog::new(), known.id);
    let ask = Danger {
        title: words::delete_title(&known.name),
        says: words::DELETE_SAYS.to_owned(),
        name: Some(known.name.clone()),
        button: words::DELETE,
        command: patr_in(&here.name(), &["deployment", "delete", &known.name]),
    };
    view! {
        <p class="soft">{words::DELETE_SAYS}</p>
        <button class="danger" on:click=move |_| dialog.open()>{words::DELETE}</button>
        {dialog::end(here, Section::Deployments, dialog, ask, move |workspace| {
            api::change::<delete::DeleteDeployment>(delete::Path { workspace, deployment: Ref::Id(id) }, NoBody)
        })}
    }
}
