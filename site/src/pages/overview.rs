//! The overview of a workspace: what needs attention, what there is, and what to do first.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    deployment::{self, Deployment},
    quota::{
        Quota, Usage,
        usage::{GetUsage, Path, Usages},
    },
    runner::{self, Runner},
};

use crate::{
    api,
    command::patr_in,
    format,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        badge,
        command::command,
        page::{head, section},
    },
    place::{self, Section},
    status::{self, Tone},
    text::shell::overview as words,
};

/// What there are quotas of, and whose they are.
const COUNTED: &[ResourceType] = &[
    ResourceType::Workspace,
    ResourceType::Runner,
    ResourceType::Deployment,
    ResourceType::Site,
    ResourceType::Secret,
    ResourceType::Url,
    ResourceType::Member,
    ResourceType::Volume,
];

pub(crate) fn show() -> impl IntoView {
    let here = Here::of_the_page();
    let usage = fresh(move || {
        let workspace = here.workspace();
        Ask::new(format!("{workspace:?}"), async move {
            api::get::<GetUsage, _>(Path { workspace: workspace? }).await
        })
        .about(COUNTED)
    });
    view! {
        {move || head(here.name(), ())}
        {usage.show(move |usage| view! { {first_steps(here, &usage)} {counts(here, usage)} })}
        {move || (here.may(Permission::DeploymentView) && here.may(Permission::RunnerView)).then(|| attention(here))}
    }
}

/// What a workspace without anything needs.
fn first_steps(here: Here, usage: &Usages) -> Option<impl IntoView + use<>> {
    let has = |quota: Quota| usage.items.iter().any(|one| one.quota == quota && one.used > 0);
    let is_new = !has(Quota::Deployments) && !has(Quota::Sites);
    let workspace = here.name();
    let steps = [
        (words::STEP_RUNNER, has(Quota::Runners), Permission::RunnerCreate, &["runner", "add", "home"][..]),
        (
            words::STEP_DEPLOY,
            false,
            Permission::DeploymentCreate,
            &["deploy", "nginx", "--name", "web", "--port", "80", "--runner", "home"],
        ),
        (words::STEP_SITE, false, Permission::SiteCreate, &["site", "deploy", "public", "--name", "www"]),
        (words::STEP_INVITE, false, Permission::MemberInvite, &["member", "invite", "viewer"]),
    ];
    let steps = steps.into_iter().filter(|(_, is_done, permission, _)| !is_done && here.may(*permission));
    let steps = steps
        .map(|(says, _, _, line)| view! { <li><p>{says}</p>{command(patr_in(&workspace, line))}</li> })
        .collect_view();
    is_new.then(|| {
        section(
            words::FIRST_STEPS,
            view! { <p class="soft">{words::FIRST_STEPS_SAYS}</p> <ol class="steps">{steps}</ol> },
        )
    })
}

/// How much there is, and how much there may be.
fn counts(here: Here, usage: Usages) -> impl IntoView {
    let tiles = usage.items.into_iter().map(move |usage| tile(here, &usage));
    view! { <section aria-label=words::USAGE class="tiles">{tiles.collect_view()}</section> }
}

fn tile(here: Here, usage: &Usage) -> impl IntoView + use<> {
    let number =
        |count: u64| if usage.quota == Quota::SiteBytes { format::bytes(count) } else { count.to_string() };
    let limit = usage.limit.map(|limit| format!(" / {}", number(limit)));
    let inner = view! { <span>{usage.quota.noun()}</span> <strong>{number(usage.used)}<small>{limit}</small></strong> };
    view! { <a class="tile" href=section_of(usage.quota).path(&here.name())>{inner}</a> }
}

fn section_of(quota: Quota) -> Section {
    match quota {
        Quota::Runners => Section::Runners,
        Quota::Deployments | Quota::Replicas => Section::Deployments,
        Quota::Sites | Quota::SiteBytes => Section::Sites,
        Quota::Secrets => Section::Secrets,
        Quota::Urls => Section::Urls,
        Quota::Members => Section::Members,
        Quota::Volumes => Section::Volumes,
    }
}

/// What is not as it should be.
fn attention(here: Here) -> impl IntoView {
    let found = fresh(move || {
        let workspace = here.workspace();
        Ask::new(format!("{workspace:?}"), async move {
            let workspace = workspace?;
            let path = deployment::list::Path { workspace: workspace.clone() };
            let deployments = api::list::<deployment::list::ListDeployments, _>(path, "", usize::MAX).await?;
            let path = runner::list::Path { workspace };
            let runners = api::list::<runner::list::ListRunners, _>(path, "", usize::MAX).await?;
            Ok((deployments.items, runners.items))
        })
        .about(&[ResourceType::Deployment, ResourceType::Runner])
    });
    section(
        words::ATTENTION,
        found.show(move |(deployments, runners)| {
            let lines: Vec<AnyView> = runners
                .iter()
                .filter_map(|one| runner_line(here, one))
                .chain(deployments.iter().filter_map(|one| line(here, one)))
                .collect();
            if lines.is_empty() {
                return view! { <p class="soft">{words::ALL_WELL}</p> }.into_any();
            }
            view! { <ul class="lines">{lines}</ul> }.into_any()
        }),
    )
}

fn line(here: Here, one: &Deployment) -> Option<AnyView> {
    let said = status::of_deployment(&one.status);
    if matches!(said.tone, Tone::Good | Tone::Quiet) {
        return None;
    }
    let path = place::one(Section::Deployments, &here.name(), one.name.as_str());
    let cause = status::cause(&one.status);
    Some(view! { <li>{badge(said)} <a href=path>{one.name.to_string()}</a> <span class="soft">{cause}</span></li> }.into_any())
}

fn runner_line(here: Here, one: &Runner) -> Option<AnyView> {
    let trouble = one.health.as_ref().and_then(|health| health.trouble.clone());
    let said = status::of_runner(&one.connection, trouble.is_some());
    if said.tone == Tone::Good {
        return None;
    }
    let path = place::one(Section::Runners, &here.name(), one.name.as_str());
    Some(view! { <li>{badge(said)} <a href=path>{one.name.to_string()}</a> <span class="soft">{trouble}</span></li> }.into_any())
}
