//! A new deployment.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use patr_models::{
    auth::Permission,
    deployment::{
        Placement, WorkloadSpec,
        create::{Body, CreateDeployment, Path},
    },
    endpoint::body::Created,
    ids::{Ref, RunnerId},
    runner::Runner,
};

use crate::{
    api,
    command::patr_in,
    here::Here,
    machines,
    pages::runners,
    parts::{
        action::Action,
        form::{Field, field, lines, select, submit},
        page::head_of,
    },
    place::{self, Section},
    spec::{self, said},
    text::deployments as words,
};

/// What is typed.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    image: RwSignal<String>,
    runner: RwSignal<String>,
    ports: RwSignal<String>,
    env: RwSignal<String>,
    secrets: RwSignal<String>,
    replicas: RwSignal<String>,
}

impl Form {
    fn read(self) -> Result<Body, String> {
        let image = self.image.get_untracked().trim().parse().map_err(said)?;
        let runner: Ref<RunnerId> = self.runner.get_untracked().parse().map_err(said)?;
        let workload = WorkloadSpec {
            ports: spec::ports(&self.ports.get_untracked())?,
            env: spec::env(&self.env.get_untracked())?,
            secrets: spec::secrets(&self.secrets.get_untracked())?,
            ..WorkloadSpec::of(image)
        };
        workload.check().map_err(said)?;
        Ok(Body {
            name: self.name.get_untracked().trim().parse().map_err(said)?,
            runners: vec![Placement::on(runner)],
            spec: workload,
            replicas: Some(self.replicas.get_untracked().trim().parse().map_err(|_| words::NOT_A_NUMBER)?),
            autoscale: None,
        })
    }

    /// The same as a command, as far as it can be read.
    fn command(self, workspace: &str) -> String {
        let mut line: Vec<String> =
            ["deploy", self.image.get_untracked().trim(), "--name"].map(str::to_owned).into();
        line.extend([
            self.name.get_untracked().trim().to_owned(),
            "--runner".to_owned(),
            self.runner.get_untracked(),
        ]);
        let mut flag = |flag: &str, value: String| line.extend([flag.to_owned(), value]);
        for port in spec::ports(&self.ports.get_untracked()).unwrap_or_default() {
            flag("--port", spec::port_text(port));
        }
        for (name, value) in spec::env(&self.env.get_untracked()).unwrap_or_default() {
            flag("--env", format!("{name}={value}"));
        }
        for (name, used) in spec::secrets(&self.secrets.get_untracked()).unwrap_or_default() {
            flag("--secret", format!("{name}={}", used.secret));
        }
        flag("--replicas", self.replicas.get_untracked());
        patr_in(workspace, &line.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

pub(crate) fn new() -> impl IntoView {
    let here = Here::of_the_page();
    let wanted = use_query_map().with_untracked(|query| query.get("runner"));
    let runners = runners::known(here);
    view! {
        {head_of(here, Section::Deployments, words::NEW, ())}
        {runners.show(move |known| {
            runners::needed(here, Permission::DeploymentCreate, &known, words::NO_RUNNER)
                .unwrap_or_else(|| form(here, &known, wanted.as_deref()).into_any())
        })}
    }
}

fn form(here: Here, runners: &[Runner], wanted: Option<&str>) -> impl IntoView + use<> {
    let empty = || RwSignal::new(String::new());
    let form = Form {
        name: empty(),
        image: empty(),
        runner: RwSignal::new(machines::first(runners, wanted)),
        ports: empty(),
        env: empty(),
        secrets: empty(),
        replicas: RwSignal::new("1".to_owned()),
    };
    let action = Action::new();
    let navigate = use_navigate();
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let body = match form.read() {
            Ok(body) => body,
            Err(problem) => return action.refuse(problem),
        };
        let (workspace, name) = untrack(|| (here.workspace(), here.name()));
        let navigate = navigate.clone();
        let doing =
            async move { api::create::<CreateDeployment, _>(Path { workspace: workspace? }, body).await };
        action.run(doing, move |Created(made)| {
            navigate(
                &place::one(Section::Deployments, &name, made.name.as_str()),
                NavigateOptions::default(),
            );
        });
    };
    view! {
        <form class="card" on:submit=send>
            {field(words::IMAGE, words::IMAGE_HINT, form.image, Field::of("image", "nginx:1"))}
            <div class="pair">
                {field(words::NAME, words::NAME_HINT, form.name, Field::of("name", "web"))}
                {select(words::RUNNER, "runner", machines::options(runners), form.runner)}
                {field(words::PORTS, words::PORTS_HINT, form.ports, Field::of("ports", "80").optional())}
                {field(words::REPLICAS, words::REPLICAS_HINT, form.replicas, Field::of("replicas", "1").kind("number"))}
            </div>
            {lines(words::ENV, words::ENV_HINT, "env", "LOG_LEVEL=info", form.env)}
            {lines(words::SECRETS, words::SECRETS_HINT, "secrets", "DATABASE_URL=database-url", form.secrets)}
            {submit(words::DEPLOY, action, move || form.command(&untrack(|| here.name())))}
        </form>
    }
}
