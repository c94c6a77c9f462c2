//! What a deployment does now, and why.

use leptos::prelude::*;
use patr_models::deployment::{Deployment, Placed, WorkloadSpec};

use crate::{
    format,
    here::Here,
    parts::{badge, facts, id, list::table, moment, name_of, page::section},
    place::{self, Section},
    spec,
    status::{self, Badge, Tone},
    text::{deployments as words, shell, volumes as of_volumes},
};

pub(super) fn show(here: Here, one: &Deployment) -> impl IntoView + use<> {
    view! {
        {cause(one)}
        <section class="card">{facts(about(one))}</section>
        {section(words::RUNNERS, runners(here, &one.runners))}
        {section(words::REPLICAS, replicas(one))}
        {(!one.spec.volumes.is_empty()).then(|| section(shell::section(Section::Volumes), volumes(here, &one.spec)))}
    }
}

/// The status in a word and in a sentence; of a failure also what still serves, what to do, and what the program said last.
fn cause(one: &Deployment) -> impl IntoView + use<> {
    let said = status::of_deployment(&one.status);
    let failure = status::failure(&one.status);
    let lines: Vec<String> = failure
        .map(|failure| failure.logs.iter().map(|line| spec::visible(line)).collect())
        .unwrap_or_default();
    let advice = failure.and_then(|failure| status::advice(failure.kind));
    view! {
        <section class=format!("card cause {}", said.tone.class()) aria-live="polite">
            <p class="now">{badge(said)} <span>{spec::visible(&status::cause(&one.status))}</span></p>
            {status::still_serving(&one.status).map(|says| view! { <p>{says}</p> })}
            {advice.map(|advice| view! { <p class="soft">{advice}</p> })}
            {(!lines.is_empty()).then(|| view! {
                <h3>{words::LAST_LINES}</h3>
                <div class="log" tabindex="0" role="region" aria-label=words::LAST_LINES>
                    {lines.into_iter().map(|line| view! { <p>{line}</p> }).collect_view()}
                </div>
            })}
        </section>
    }
}

fn about(one: &Deployment) -> Vec<(&'static str, AnyView)> {
    let mut rows = vec![
        (words::IMAGE, view! { <code>{one.spec.image.to_string()}</code> }.into_any()),
        (words::RELEASE, one.release.into_any()),
        (words::CHANGED, moment(one.updated_at).into_any()),
    ];
    if let Some(digest) = &one.digest {
        let whole = digest.to_string();
        let begin = format!("{}…", format::short(&whole, 19));
        rows.insert(1, (words::DIGEST, view! { <code title=whole>{begin}</code> }.into_any()));
    }
    if !one.spec.ports.is_empty() {
        let ports: Vec<String> = one.spec.ports.iter().map(|port| spec::port_text(*port)).collect();
        rows.push((words::PORTS, ports.join(", ").into_any()));
    }
    if let Some(url) = &one.url {
        rows.push((
            words::ADDRESS,
            view! { <a href=url.clone() target="_blank" rel="noopener external">{url.clone()}</a> }
                .into_any(),
        ));
    }
    rows.push((words::ID, id(one.id).into_any()));
    rows
}

fn runners(here: Here, placed: &[Placed]) -> impl IntoView + use<> {
    let whole: u32 = placed.iter().map(|one| u32::from(one.weight)).sum();
    let rows = placed.iter().map(|one| {
        let name = one.name.to_string();
        let share = match (one.leaving, one.weight) {
            (true, _) => words::LEAVING.to_owned(),
            (false, 0) => words::STANDBY.to_owned(),
            (false, weight) => words::share(weight, whole),
        };
        vec![
            name_of(place::one(Section::Runners, &here.name(), &name), name),
            badge(status::of_deployment(&one.status)).into_any(),
            share.into_any(),
            spec::visible(&status::cause(&one.status)).into_any(),
        ]
    });
    table(words::RUNNERS, &words::RUNNER_COLUMNS, rows.collect())
}

/// What outlives the replicas, and where they find it.
fn volumes(here: Here, spec: &WorkloadSpec) -> impl IntoView + use<> {
    let rows = spec.volumes.iter().map(|(at, mount)| {
        let name = mount.volume.to_string();
        let access = if mount.read_only { of_volumes::READ } else { of_volumes::READ_AND_WRITE };
        vec![
            view! { <code>{spec::visible(&at.to_string())}</code> }.into_any(),
            name_of(place::one(Section::Volumes, &here.name(), &name), name),
            access.into_any(),
        ]
    });
    table(shell::section(Section::Volumes), &of_volumes::MOUNT_COLUMNS, rows.collect())
}

fn replicas(one: &Deployment) -> impl IntoView + use<> {
    let rows: Vec<_> = one
        .seen()
        .map(|replica| {
            let (tone, word) =
                if replica.ready { (Tone::Good, words::READY) } else { (Tone::Busy, words::NOT_READY) };
            vec![
                id(&replica.id).into_any(),
                badge(Badge { tone, word }).into_any(),
                replica.release.into_any(),
                replica.restarts.into_any(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return view! { <p class="soft">{words::NO_REPLICAS}</p> }.into_any();
    }
    table(words::REPLICAS, &words::REPLICA_COLUMNS, rows).into_any()
}
