//! Adding a runner: its name, what to run on the machine, and the moment when it is there.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::body::Created,
    ids::Ref,
    name::Name,
    runner::{
        Connection, RunnerWithToken, RuntimeKind,
        create::{Body, CreateRunner, Path},
        get,
    },
};

use crate::{
    api, browser,
    command::patr_in,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        action::Action,
        badge,
        command::command,
        form::{Field, field, submit},
        page::{head_of, section},
    },
    place::{self, Section},
    status,
    text::{runners as words, shell},
};

pub(crate) fn add() -> impl IntoView {
    let here = Here::of_the_page();
    let made = RwSignal::new(None::<RunnerWithToken>);
    view! {
        {head_of(here, Section::Runners, words::ADD, ())}
        {move || match made.get() {
            None if !here.may(Permission::RunnerCreate) => view! { <p>{shell::WORKSPACE_ONLY}</p> }.into_any(),
            None => form(here, made).into_any(),
            Some(made) => joining(here, made).into_any(),
        }}
    }
}

fn form(here: Here, made: RwSignal<Option<RunnerWithToken>>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let action = Action::new();
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let name = match name.get_untracked().trim().parse::<Name>() {
            Ok(name) => name,
            Err(problem) => return action.refuse(problem),
        };
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let body = Body { name, runtime: RuntimeKind::Docker };
            api::create::<CreateRunner, _>(Path { workspace: workspace? }, body).await
        };
        action.run(doing, move |Created(runner)| made.set(Some(runner)));
    };
    view! {
        <form class="card" on:submit=send>
            {field(words::NAME, words::NAME_HINT, name, Field::of("name", "home"))}
            {submit(words::ADD, action, move || patr_in(&untrack(|| here.name()), &["runner", "add", &name.get_untracked()]))}
        </form>
    }
}

/// What to run on the machine, and whether somebody has.
fn joining(here: Here, made: RunnerWithToken) -> impl IntoView {
    let id = made.runner.id;
    let runner = fresh(move || {
        let workspace = here.workspace();
        Ask::new(id, async move {
            let path = get::Path { workspace: workspace?, runner: Ref::Id(id) };
            api::get::<get::GetRunner, _>(path).await
        })
        .about(&[ResourceType::Runner])
    });
    let is_there = Memo::new(move |_| {
        runner.known().is_some_and(|runner| matches!(runner.connection, Connection::Online { .. }))
    });
    let name = made.runner.name.to_string();
    let deploy = format!("{}?runner={name}", place::new(Section::Deployments, &here.name()));
    view! {
        <div class="card joining" role="status">
            {move || {
                let connection = runner.known().map_or(Connection::Never, |runner| runner.connection);
                badge(status::of_runner(&connection, false))
            }}
            {move || if is_there.get() {
                view! {
                    <h2>{words::CONNECTED}</h2>
                    <p>{words::CONNECTED_SAYS} " " <a class="button primary" href=deploy.clone()>{words::DEPLOY}</a></p>
                }.into_any()
            } else {
                view! { <h2>{words::WAITING}</h2> <p>{words::WAITING_SAYS}</p> }.into_any()
            }}
        </div>
        {instructions(&made.token)}
    }
}

/// What to type on the machine, as `patr runner add` says it. The token goes into a file that only root can read, not onto a
/// command line, where others see it.
pub(super) fn instructions(token: &str) -> impl IntoView + use<> {
    let url = browser::origin();
    let tried = format!("PATR_URL={url} PATR_RUNNER_TOKEN={token} patr-runner docker");
    let kept = format!(
        "sudo sh -c 'umask 077; mkdir -p /etc/patr-runner; cat > /etc/patr-runner/token' <<'EOF'\n{token}\nEOF"
    );
    let started = format!(
        "sudo docker run --detach --name patr-runner --restart unless-stopped --network host \\\n    \
         --volume /var/run/docker.sock:/var/run/docker.sock \\\n    \
         --volume patr-runner:/var/lib/patr-runner \\\n    \
         --volume /etc/patr-runner/token:/etc/patr-runner/token:ro \\\n    \
         patr-runner docker --url {url} --token-file /etc/patr-runner/token"
    );
    view! {
        {section(words::TOKEN, view! { <p>{shell::ONCE}</p> {command(token.to_owned())} })}
        {section(words::TRY, view! { <p class="soft">{words::TRY_SAYS}</p> {command(tried)} })}
        {section(words::KEEP, view! {
            <p class="soft">{words::KEEP_SAYS}</p> {command(kept)}
            <p class="soft">{words::DOCKER}</p> {command(started)}
            <p class="soft">{words::OTHERS}</p>
        })}
    }
}
