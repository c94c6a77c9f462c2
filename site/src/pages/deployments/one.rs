//! One deployment: its head, what can be done to it, and its parts.

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    deployment::{
        Deployment, Power, Status, cancel, get,
        restart::{self, RestartDeployment},
        start::{self, StartDeployment},
        stop::{self, StopDeployment},
    },
    endpoint::body::NoBody,
    ids::{DeploymentId, Ref},
};

use super::{DEPENDS_ON, status_tab};
use crate::{
    api::{self, Problem},
    command::patr_in,
    fresh::Fresh,
    here::Here,
    parts::{
        action::Action,
        command::copy_line,
        icon::icon,
        notice::Notice,
        page::{head_of, of_address},
    },
    place::{self, Section},
    split::{self, drawn_by},
    text::{deployments as words, shell, terminal::TAB as TAB_TERMINAL},
};

/// The parts of a deployment, by the end of their addresses.
const TABS: [(&str, &str); 8] = [
    ("", words::TAB_STATUS),
    ("releases", words::TAB_RELEASES),
    ("logs", words::TAB_LOGS),
    ("requests", words::TAB_REQUESTS),
    ("terminal", TAB_TERMINAL),
    ("metrics", words::TAB_METRICS),
    ("environment", words::TAB_ENV),
    ("settings", words::TAB_SETTINGS),
];

/// What never changes of a deployment while it is looked at.
#[derive(Clone, PartialEq)]
pub(crate) struct Known {
    pub(super) id: DeploymentId,
    pub(super) name: String,
}

pub(crate) fn show() -> impl IntoView {
    let here = Here::of_the_page();
    let (name, tab) = (of_address("name"), of_address("tab"));
    let deployment = here.one::<get::GetDeployment, _, _>(name, DEPENDS_ON, |workspace, deployment| {
        get::Path { workspace, deployment }
    });
    let known =
        Memo::new(move |_| deployment.known().map(|one| Known { id: one.id, name: one.name.to_string() }));
    view! {
        {move || head_of(here, Section::Deployments, name.get(), actions(here, deployment, known))}
        {move || known.get().map(|known| tabs(here, &known, tab))}
        {move || match known.get() {
            // Loading, or the reason why there is none.
            None => deployment.show(|_| ()),
            Some(known) => part(&tab.get(), here, deployment, known),
        }}
    }
}

fn tabs(here: Here, known: &Known, tab: Memo<String>) -> impl IntoView + use<> {
    let may = |permission| here.may_on(permission, &known.id);
    let shown = TABS.into_iter().filter(|(key, _)| match *key {
        "logs" | "requests" => may(Permission::DeploymentLogs),
        "terminal" => may(Permission::DeploymentExec),
        _ => true,
    });
    let links = shown.map(|(key, said)| {
        let path = match key {
            "" => place::one(Section::Deployments, &here.name(), &known.name),
            key => place::part(Section::Deployments, &here.name(), &known.name, key),
        };
        view! { <a href=path aria-current=move || (tab.get() == key).then_some("page")>{said}</a> }
    });
    view! { <nav class="tabs" aria-label=words::TABS>{links.collect_view()}</nav> }
}

fn part(tab: &str, here: Here, deployment: Fresh<Deployment>, known: Known) -> AnyView {
    match tab {
        "" => deployment.show(move |one| status_tab::show(here, &one)),
        "releases" => drawn_by(split::changes, move |tabs| (tabs.releases)(here, deployment, known.clone())),
        "logs" => drawn_by(split::insight, move |tabs| (tabs.logs)(here, deployment, known.clone())),
        "requests" => drawn_by(split::insight, move |tabs| (tabs.requests)(here, deployment, known.clone())),
        "terminal" => drawn_by(split::insight, move |tabs| (tabs.terminal)(here, deployment, known.clone())),
        "metrics" => drawn_by(split::insight, move |tabs| (tabs.metrics)(here, deployment, known.clone())),
        "environment" => {
            drawn_by(split::changes, move |tabs| (tabs.environment)(here, deployment, known.clone()))
        }
        "settings" => drawn_by(split::changes, move |tabs| (tabs.settings)(here, deployment, known.clone())),
        _ => view! { <p>{shell::NOT_FOUND_SAYS}</p> }.into_any(),
    }
}

/// What the head depends on: buttons must not be drawn anew under somebody's finger.
#[derive(Clone, PartialEq)]
struct Doable {
    url: Option<String>,
    is_running: bool,
    is_rolling_out: bool,
}

fn actions(here: Here, deployment: Fresh<Deployment>, known: Memo<Option<Known>>) -> impl IntoView {
    let doable = Memo::new(move |_| {
        deployment.known().map(|one| Doable {
            is_running: one.power == Power::Running,
            is_rolling_out: matches!(one.status, Status::RollingOut { .. } | Status::Waiting { .. }),
            url: one.url,
        })
    });
    let action = Action::new();
    move || {
        let (known, doable) = known.get().zip(doable.get())?;
        let may_edit = here.may_on(Permission::DeploymentEdit, &known.id);
        let button = |verb: Verb| verb.button(here, known.clone(), action);
        let edits = may_edit.then(|| {
            view! {
                {(doable.is_rolling_out && doable.is_running).then(|| button(Verb::Cancel))}
                {doable.is_running.then(|| button(Verb::Restart))}
                {button(if doable.is_running { Verb::Stop } else { Verb::Start })}
            }
        });
        Some(view! {
            {doable.url.map(|url| view! {
                <a class="button" href=url target="_blank" rel="noopener external">{icon("external")} {words::OPEN}</a>
            })}
            {edits}
            <div class="wide">{action.problem()}</div>
        })
    }
}

/// What is done at one press, because it can be undone at another.
#[derive(Clone, Copy)]
enum Verb {
    Cancel,
    Restart,
    Start,
    Stop,
}

impl Verb {
    fn label(self) -> &'static str {
        match self {
            Self::Cancel => words::CANCEL,
            Self::Restart => words::RESTART,
            Self::Start => words::START,
            Self::Stop => words::STOP,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Restart => "restart",
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }

    async fn call(self, here: Here, id: DeploymentId) -> Result<(), Problem> {
        let (workspace, deployment) = (untrack(|| here.workspace())?, Ref::Id(id));
        match self {
            Self::Cancel => {
                api::change::<cancel::CancelRollout>(cancel::Path { workspace, deployment }, NoBody)
                    .await
                    .map(drop)
            }
            Self::Restart => {
                api::change::<RestartDeployment>(restart::Path { workspace, deployment }, NoBody)
                    .await
                    .map(drop)
            }
            Self::Start => {
                api::change::<StartDeployment>(start::Path { workspace, deployment }, NoBody).await.map(drop)
            }
            Self::Stop => {
                api::change::<StopDeployment>(stop::Path { workspace, deployment }, NoBody).await.map(drop)
            }
        }
    }

    /// The button, and beside it the same as a command.
    fn button(self, here: Here, known: Known, action: Action) -> impl IntoView {
        let notice = Notice::of_the_page();
        let line = patr_in(&here.name(), &["deployment", self.word(), &known.name]);
        view! {
            <span class="actions">
                <button disabled=move || action.is_busy() on:click=move |_| action.run(self.call(here, known.id), move |()| notice.say(words::ASKED))>
                    {self.label()}
                </button>
                {copy_line(line)}
            </span>
        }
    }
}
