//! One runner.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    deployment::{Deployment, list},
    endpoint::body::{Json, NoBody},
    ids::{Ref, RunnerId},
    runner::{
        Connection, Runner,
        delete::{self, DeleteRunner},
        get::{GetRunner, Path},
        rotate_token::{self, RotateRunnerToken},
    },
};

use super::{add::instructions, condition};
use crate::{
    api::{self, Problem},
    command::patr_in,
    format,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        action::Action,
        badge,
        dialog::{self, Danger, Dialog, danger},
        facts, id, moment,
        page::{head_of, of_address, section},
        problem::problem_box,
    },
    place::{self, Section},
    status,
    text::runners as words,
};

pub(crate) fn show() -> impl IntoView {
    let here = Here::of_the_page();
    let name = of_address("name");
    let depends_on = &[ResourceType::Runner];
    let runner =
        here.one::<GetRunner, _, _>(name, depends_on, |workspace, runner| Path { workspace, runner });
    // Only what does not change by itself: a question that is open stays open while the machine reports.
    let known = Memo::new(move |_| runner.known().map(|runner| (runner.id, runner.name.to_string())));
    view! {
        {move || head_of(here, Section::Runners, name.get(), move || known.get().map(|(id, name)| actions(here, id, name)))}
        {runner.show(about)}
        {move || (here.may(Permission::DeploymentView)).then(|| known.get()).flatten().map(|(id, _)| deployed(here, id))}
    }
}

fn about(runner: Runner) -> impl IntoView {
    let trouble = runner.health.as_ref().and_then(|health| health.trouble.clone());
    let connection = match &runner.connection {
        Connection::Never => words::NEVER.into_any(),
        Connection::Online { since, .. } | Connection::Offline { since } => moment(*since).into_any(),
    };
    let mut rows = vec![
        (words::CONNECTION, view! { {badge(condition(&runner))} " " {connection} }.into_any()),
        (words::RUNTIME, runner.runtime.as_str().into_any()),
    ];
    if let Connection::Online { agent, host, clock_skew_ms, .. } = &runner.connection {
        rows.push((words::HOST, host.clone().into_any()));
        rows.push((words::AGENT, agent.clone().into_any()));
        rows.push((words::CLOCK, words::clock(*clock_skew_ms).into_any()));
    }
    if let Some((free, total)) =
        runner.health.as_ref().and_then(|health| health.disk_free.zip(health.disk_total))
    {
        rows.push((words::DISK, words::disk(&format::bytes(free), &format::bytes(total)).into_any()));
    }
    rows.push((words::MADE, moment(runner.created_at).into_any()));
    rows.push((words::ID, id(runner.id).into_any()));
    view! {
        {trouble.map(|trouble| problem_box(Problem::saying(format!("{}: {trouble}", words::TROUBLE))))}
        <section class="card">{facts(rows)}</section>
    }
}

fn actions(here: Here, id: RunnerId, name: String) -> impl IntoView {
    let (rotating, removing) = (Dialog::new(), Dialog::new());
    let rotate = Action::new();
    let token = RwSignal::new(None::<String>);
    let may_rotate = here.may_on(Permission::RunnerRotateToken, &id);
    let may_remove = here.may_on(Permission::RunnerDelete, &id);
    let command = |verb: &str| patr_in(&here.name(), &["runner", verb, &name]);
    let run_rotate = move || {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = rotate_token::Path { workspace: workspace?, runner: Ref::Id(id) };
            api::call::<RotateRunnerToken>(path, NoBody).await
        };
        rotate.run(doing, move |Json(made)| {
            rotating.close();
            token.set(Some(made.token));
        });
    };
    let ask_rotate = Danger {
        title: words::rotate_title(&name),
        says: words::ROTATE_SAYS.to_owned(),
        name: None,
        button: words::ROTATE,
        command: command("rotate-token"),
    };
    let ask_remove = Danger {
        title: words::remove_title(&name),
        says: words::REMOVE_SAYS.to_owned(),
        name: Some(name.clone()),
        button: words::REMOVE,
        command: command("remove"),
    };
    view! {
        {may_rotate.then(|| view! { <button on:click=move |_| rotating.open()>{words::ROTATE}</button> })}
        {may_remove.then(|| view! { <button class="danger" on:click=move |_| removing.open()>{words::REMOVE}</button> })}
        {danger(rotating, rotate, ask_rotate, run_rotate)}
        {dialog::end(here, Section::Runners, removing, ask_remove, move |workspace| {
            api::call::<DeleteRunner>(delete::Path { workspace, runner: Ref::Id(id) }, NoBody)
        })}
        <div class="wide">{move || token.get().map(|token| instructions(&token))}</div>
    }
}

/// What runs there.
fn deployed(here: Here, runner: RunnerId) -> impl IntoView {
    let deployments = fresh(move || {
        let workspace = here.workspace();
        Ask::new(runner, async move {
            let path = list::Path { workspace: workspace? };
            let page = api::list::<list::ListDeployments, _>(path, "", usize::MAX).await?;
            let is_here = |one: &Deployment| one.runners.iter().any(|placed| placed.runner == runner);
            Ok(page.items.into_iter().filter(is_here).collect::<Vec<_>>())
        })
        .about(&[ResourceType::Deployment, ResourceType::Runner])
    });
    let lines = deployments.show(move |deployments| {
        if deployments.is_empty() {
            return view! { <p class="soft">{words::HERE_NONE}</p> }.into_any();
        }
        let lines = deployments.into_iter().map(|one| {
            let path = place::one(Section::Deployments, &here.name(), one.name.as_str());
            view! { <li><a href=path>{one.name.to_string()}</a> {badge(status::of_deployment(&one.status))}</li> }
        });
        view! { <ul class="lines">{lines.collect_view()}</ul> }.into_any()
    });
    section(words::HERE, lines)
}
