//! What changes is told to open tabs: to those that may know of it, and to no others.

use futures_util::{SinkExt, StreamExt};
use patr_models::{
    auth::{Grant, Permission, ResourceType},
    deployment::Deployment,
    endpoint::{
        ApiEndpoint,
        body::{Json, NoBody},
    },
    invitation,
    limits::USER_LISTENERS_MAX,
    live::{Changed, close},
    member, role, runner, secret,
    time::Millis,
    user::log_out,
    wire::{FromAgent, ObservedDeployment, PING, PONG, PROTOCOL, Phase, Report, ToAgent},
};
use patr_stories::{
    Caller, Edge, PATIENCE, Tab,
    caller::web,
    eventually,
    tab::{Socket, open},
};
use tokio_tungstenite::tungstenite::Message;

/// An agent as far as the edge can tell: a session that reports what a story wants.
struct Session(Socket);

impl Session {
    async fn open(edge: &Edge, token: &str) -> Self {
        let mut session =
            Self(open(edge, runner::connect::ConnectRunner::PATH.as_str(), token).await.unwrap());
        let agent = "0.0.0".to_owned();
        session
            .says(&FromAgent::Hello {
                protocol: PROTOCOL,
                agent,
                host: None,
                clock: Millis(0),
                revision: None,
            })
            .await;
        session.hears(|message| matches!(message, ToAgent::Welcome { .. })).await;
        session
    }

    async fn says(&mut self, message: &FromAgent) {
        self.0.send(Message::text(serde_json::to_string(message).unwrap())).await.unwrap();
    }

    async fn hears(&mut self, wanted: impl Fn(&ToAgent) -> bool) {
        let waiting = async {
            while let Some(Ok(Message::Text(text))) = self.0.next().await {
                if wanted(&serde_json::from_str(&text).unwrap()) {
                    return;
                }
            }
            unreachable!("the edge has closed the session");
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    }

    async fn reports(&mut self, deployment: &Deployment, phase: Phase) {
        let observed = ObservedDeployment {
            id: deployment.id,
            generation: deployment.generation,
            release: deployment.release,
            digest: None,
            phase,
            ready: 0,
            wanted: None,
            replicas: Vec::new(),
            trouble: None,
        };
        let report = Report { revision: 1, deployments: vec![observed], ..Report::default() };
        self.says(&FromAgent::Report { seq: 1, report }).await;
        self.hears(|message| matches!(message, ToAgent::Stored { through: 1 })).await;
    }
}

/// Somebody who joins the workspace with this role.
async fn joins(edge: &Edge, owner: &Caller, name: &str, role: &str) -> Caller {
    let person = edge.person(name).await;
    let path = invitation::create::Path { workspace: owner.workspace() };
    let body = invitation::create::Body { roles: vec![role.parse().unwrap()], email: None, lasts_s: None };
    let made = owner.call_once::<invitation::create::CreateInvitation>(path, Json(body)).await.unwrap();
    let invitation = made.0.link.split_once('#').unwrap().1.to_owned();
    let (path, body) = (invitation::accept::Path {}, invitation::accept::Body { invitation });
    person.call::<invitation::accept::AcceptInvitation>(path, Json(body)).await.unwrap();
    person.in_workspace(&owner.workspace().to_string())
}

/// A role that sees the workspace and its runners.
async fn make_watcher(owner: &Caller) {
    let grants = [Permission::WorkspaceView, Permission::RunnerView].map(Grant::all).to_vec();
    let body = role::create::Body { name: "watcher".parse().unwrap(), grants };
    let path = role::create::Path { workspace: owner.workspace() };
    owner.call_once::<role::create::CreateRole>(path, Json(body)).await.unwrap();
}

async fn set_secret(owner: &Caller, name: &str) -> Changed {
    let path = secret::set::Path { workspace: owner.workspace(), secret: name.parse().unwrap() };
    let body = secret::set::Body { value: secret::SecretValue::Text("hunter2".to_owned()) };
    owner.call::<secret::set::SetSecret>(path, Json(body)).await.unwrap();
    Changed::one(ResourceType::Secret, name)
}

async fn rename(owner: &Caller, from: &str, to: &str) -> Changed {
    let path = runner::rename::Path { workspace: owner.workspace(), runner: from.parse().unwrap() };
    let body = runner::rename::Body { name: to.parse().unwrap() };
    let renamed = owner.call::<runner::rename::RenameRunner>(path, Json(body)).await.unwrap();
    Changed::one(ResourceType::Runner, renamed.0.id)
}

#[tokio::test]
async fn each_tab_hears_what_its_person_may_view_from_the_api_and_from_runners() {
    let mut edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let token = owner.add_runner("box").await;
    let deployment = owner.deploy("web", "box", web("web:1")).await.unwrap();
    make_watcher(&owner).await;
    let ada = joins(&edge, &owner, "ada", "watcher").await;
    let mut tab = Tab::open(&edge, &owner).await.unwrap();
    let mut narrow = Tab::open(&edge, &ada).await.unwrap();

    tab.hears(&set_secret(&owner, "db").await).await;
    let runner = Changed::one(ResourceType::Runner, owner.runner_as_shown("box").await.id);
    let mut session = Session::open(&edge, &token).await;
    tab.hears(&runner).await;
    narrow.hears(&runner).await;
    tab.take_told();
    session.reports(&deployment, Phase::Pulling).await;
    tab.hears(&Changed::one(ResourceType::Deployment, deployment.id)).await;
    // Told in the order of the changes: had this tab heard of the deployment or the secret, then before this.
    narrow.take_told();
    narrow.hears(&rename(&owner, "box", "tower").await).await;
    assert_eq!(narrow.take_told(), std::slice::from_ref(&runner));
    assert_eq!(narrow.answers(PING).await, PONG);

    drop(session);
    tab.take_told();
    tab.hears(&runner).await;
    tab.hears(&Changed::one(ResourceType::Deployment, deployment.id)).await;

    // An edge that is gone and back is connected to anew, and tells what follows.
    edge.kill_and_restart().await;
    tab.ends().await;
    let mut tab = eventually("a connection to the new edge", async || Tab::open(&edge, &owner).await).await;
    tab.hears(&set_secret(&owner, "db").await).await;
}

#[tokio::test]
async fn who_may_do_something_else_is_let_go_and_comes_back_with_that() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    make_watcher(&owner).await;
    let ada = joins(&edge, &owner, "ada", "watcher").await;
    let mut owners = Tab::open(&edge, &owner).await.unwrap();
    let mut tab = Tab::open(&edge, &ada).await.unwrap();

    let who = || "ada@example.com".parse().unwrap();
    let path = member::set_roles::Path { workspace: owner.workspace(), member: who() };
    let body = member::set_roles::Body { roles: vec!["viewer".parse().unwrap()] };
    owner.call::<member::set_roles::SetMemberRoles>(path, Json(body)).await.unwrap();
    assert_eq!(tab.ends().await, Some(close::RENEW));
    let mut tab = Tab::open(&edge, &ada).await.unwrap();
    tab.hears(&set_secret(&owner, "db").await).await;

    let path = member::remove::Path { workspace: owner.workspace(), member: who() };
    owner.call::<member::remove::RemoveMember>(path, NoBody).await.unwrap();
    assert_eq!(tab.ends().await, Some(close::RENEW));
    assert_eq!(Tab::open(&edge, &ada).await.err(), Some(Some(404)));

    // Nobody else was disturbed; and as many as there may be are let in, and not one more.
    owners.hears(&Changed::one(ResourceType::Secret, "db")).await;
    let mut others = Vec::new();
    for _ in 1..USER_LISTENERS_MAX {
        others.push(Tab::open(&edge, &owner).await.unwrap());
    }
    assert_eq!(Tab::open(&edge, &owner).await.err(), Some(Some(429)));

    owner.call::<log_out::LogOut>(log_out::Path {}, NoBody).await.unwrap();
    assert_eq!(owners.ends().await, Some(close::RENEW));
    assert_eq!(Tab::open(&edge, &owner).await.err(), Some(Some(401)));
}
