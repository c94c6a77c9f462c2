//! Things as an installation answers them. Ids and times are fixed, so that snapshots need not hide them.

use patr_models::{
    audit::{AuditEntry, GENESIS},
    auth::Grant,
    deployment::{
        Deployment, Failure, FailureKind, Outcome, Placed, PortSpec, Power, Release, ReleaseNumber, Status,
        WorkloadSpec,
        status::RolloutStep,
        watch::{News, WatchDeployment},
    },
    endpoint::body::Json,
    federation::Federation,
    ids::{Id, Ref, WorkspaceId},
    info::get::Info,
    invitation::Invitation,
    managed_url::{ManagedUrl, Target, UrlOptions},
    member::Member,
    page::Page,
    role::{HeldRole, Role},
    runner::{Connection, Runner, RunnerWithToken, RuntimeKind},
    secret::{Secret, SecretVersion, UsedBy},
    site::{Access, ManifestHash, Site, SiteVersion, VersionNumber},
    time::Millis,
    token::Token,
    user::{Session, User},
    volume::{Volume, VolumeSnapshot, VolumeState},
    workspace::Workspace,
};

use crate::edge::Edge;

/// The generation of everything that has one.
pub(crate) const GENERATION: u64 = 7;
/// The token of the person in every test.
pub(crate) const TOKEN: &str = "patr_s_ada";

/// The `n`th id of a kind.
pub(crate) fn id<I: Id>(n: u128) -> I {
    I::from_parts(Millis(0), n)
}

/// Minutes after noon of 2026-01-31.
pub(crate) fn at(minutes: u64) -> Millis {
    Millis(1_769_860_800_000 + minutes * 60_000)
}

/// All of a list.
pub(crate) fn page<T>(items: Vec<T>) -> Json<Page<T>> {
    Json(Page { items, next: None })
}

/// The workspace in which tests work.
pub(crate) fn acme() -> Ref<WorkspaceId> {
    "acme".parse().unwrap()
}

pub(crate) fn user() -> User {
    User::new(id(1), "ada@example.com".parse().unwrap(), at(0))
}

pub(crate) fn session() -> Session {
    Session { user: user(), token: TOKEN.to_owned(), expires_at: at(60) }
}

pub(crate) fn workspace(n: u128, name: &str) -> Workspace {
    Workspace { id: id(n), name: name.parse().unwrap(), created_at: at(0) }
}

pub(crate) fn role(name: &str, grants: Vec<Grant>) -> Role {
    let held = HeldRole { id: Some(id(1)), name: name.parse().unwrap() };
    Role { role: held, grants, created_at: Some(at(0)), updated_at: Some(at(3)) }
}

pub(crate) fn held(name: &str) -> HeldRole {
    HeldRole { id: None, name: name.parse().unwrap() }
}

pub(crate) fn built_in(name: &str, grants: Vec<Grant>) -> Role {
    Role { role: held(name), grants, created_at: None, updated_at: None }
}

pub(crate) fn member(name: &str, roles: &[&str]) -> Member {
    let roles = roles.iter().map(|name| held(name)).collect();
    Member { user: id(1), email: format!("{name}@example.com").parse().unwrap(), roles, joined_at: at(2) }
}

pub(crate) fn invitation(name: Option<&str>) -> Invitation {
    Invitation {
        id: id(1),
        email: name.map(|name| format!("{name}@example.com").parse().unwrap()),
        roles: vec![held("viewer")],
        created_by: "ada@example.com".parse().unwrap(),
        created_at: at(0),
        expires_at: at(60),
    }
}

pub(crate) fn federation(name: &str) -> Federation {
    let conditions = [("ref", "refs/heads/main"), ("repository", "acme/web")];
    Federation {
        id: id(1),
        name: name.parse().unwrap(),
        issuer: "https://token.actions.githubusercontent.com".parse().unwrap(),
        audience: "https://patr.example.com".parse().unwrap(),
        conditions: conditions.map(|(claim, text)| (claim.to_owned(), text.parse().unwrap())).into(),
        roles: vec![held("developer")],
        created_by: id(1),
        created_at: at(0),
    }
}

pub(crate) fn token(name: &str) -> Token {
    Token {
        id: id(1),
        name: name.parse().unwrap(),
        workspaces: None,
        networks: Vec::new(),
        made_by: None,
        created_at: at(0),
        not_before: None,
        expires_at: None,
        former_until: None,
        last_used: None,
    }
}

pub(crate) fn runner(n: u128, name: &str) -> Runner {
    Runner {
        id: id(n),
        name: name.parse().unwrap(),
        runtime: RuntimeKind::Docker,
        created_at: at(0),
        connection: Connection::Online {
            since: at(1),
            agent: "0.1.0".to_owned(),
            host: Some("debian on x86_64".to_owned()),
            clock_skew_ms: 12,
        },
        health: None,
    }
}

pub(crate) fn runner_with_token(name: &str) -> RunnerWithToken {
    let runner = Runner { connection: Connection::Never, ..runner(1, name) };
    RunnerWithToken { runner, token: "patr_r_secret".to_owned() }
}

/// A deployment with one http port, live on `home`.
pub(crate) fn deployment(name: &str) -> Deployment {
    let mut spec = WorkloadSpec::of("nginx:1".parse().unwrap());
    spec.ports = vec![PortSpec { port: 80, protocol: Default::default() }];
    Deployment {
        id: id(1),
        name: name.parse().unwrap(),
        runners: vec![placed(1, "home", 1)],
        generation: GENERATION,
        release: 3,
        power: Power::Running,
        replicas: 2,
        autoscale: None,
        spec,
        digest: None,
        url: Some(format!("https://{name}-acme.apps.example.com")),
        status: Status::Live { ready: 2 },
        created_at: at(0),
        updated_at: at(5),
    }
}

/// A runner on which a deployment is, and live.
pub(crate) fn placed(n: u128, name: &str, weight: u8) -> Placed {
    let (runner, name, status) = (id(n), name.parse().unwrap(), Status::Live { ready: 2 });
    Placed { runner, name, weight, leaving: false, status, seen: Vec::new() }
}

/// The same deployment while it is doing something else.
pub(crate) fn deployment_that_is(status: Status) -> Deployment {
    let runners = vec![Placed { status: status.clone(), ..placed(1, "home", 1) }];
    Deployment { status, runners, ..deployment("web") }
}

/// A release that could not start, with what its replica wrote last.
pub(crate) fn failure(logs: &[&str]) -> Failure {
    Failure {
        kind: FailureKind::Exited,
        message: "it ended with exit code 3".to_owned(),
        logs: logs.iter().map(|&line| line.to_owned()).collect(),
    }
}

pub(crate) fn starting() -> Status {
    Status::RollingOut { step: RolloutStep::Starting, ready: 1, wanted: 2 }
}

pub(crate) fn release(number: ReleaseNumber, outcome: Outcome) -> Release {
    Release {
        number,
        current: number == 3,
        spec: WorkloadSpec::of(format!("nginx:1.{number}").parse().unwrap()),
        digest: None,
        outcome,
        created_by: id(1),
        created_by_email: None,
        created_at: at(number.into()),
    }
}

pub(crate) fn url(n: u128, host: &str, path: &str, target: Target) -> ManagedUrl {
    ManagedUrl {
        id: id(n),
        host: host.parse().unwrap(),
        path: path.parse().unwrap(),
        target,
        options: UrlOptions::default(),
        automatic: false,
        generation: GENERATION,
        url: format!("https://{host}{path}"),
        created_at: at(0),
    }
}

pub(crate) fn to_web() -> Target {
    Target::Deployment { deployment: id(1), deployment_name: "web".parse().unwrap(), port: 80 }
}

pub(crate) fn info() -> Info {
    Info {
        version: "0.1.0".to_owned(),
        apps_domain: "apps.example.com".to_owned(),
        apps_scheme: "https".to_owned(),
        sign_up_open: false,
    }
}

/// A secret at version 3, with the deployments that use it.
pub(crate) fn secret(name: &str, used_by: &[(&str, SecretVersion)]) -> Secret {
    let user = |&(deployment, version): &(&str, SecretVersion)| UsedBy {
        deployment: deployment.parse().unwrap(),
        version,
    };
    Secret {
        name: name.parse().unwrap(),
        version: 3,
        used_by: used_by.iter().map(user).collect(),
        created_at: at(0),
        updated_at: at(3),
    }
}

pub(crate) fn volume(n: u128, name: &str) -> Volume {
    Volume {
        id: id(n),
        name: name.parse().unwrap(),
        runner: id(1),
        runner_name: "home".parse().unwrap(),
        shared: false,
        state: VolumeState::Ready,
        bytes: Some(12 << 20),
        used_by: vec!["db".parse().unwrap()],
        created_at: at(0),
    }
}

pub(crate) fn snapshot(n: u128) -> VolumeSnapshot {
    VolumeSnapshot { id: id(n), bytes: 12 << 20, created_at: at(1) }
}

/// A site whose second version is live.
pub(crate) fn site(n: u128, name: &str) -> Site {
    Site {
        id: id(n),
        name: name.parse().unwrap(),
        live: Some(2),
        manifest: Some(ManifestHash::of(b"manifest")),
        running: true,
        access: Access::Public,
        url: format!("https://{name}-acme.apps.example.com"),
        generation: GENERATION,
        created_at: at(0),
        updated_at: at(5),
    }
}

pub(crate) fn site_version(number: VersionNumber) -> SiteVersion {
    SiteVersion {
        number,
        live: number == 2,
        manifest: ManifestHash::of(b"manifest"),
        files: 3,
        bytes: 1500,
        preview: None,
        created_by: id(1),
        created_at: at(number.into()),
    }
}

pub(crate) fn audit_entry(action: &str, name: &str) -> AuditEntry {
    AuditEntry {
        id: id(1),
        chain: id::<WorkspaceId>(1).to_string(),
        seq: 1,
        at: at(1),
        user: Some(id(1)),
        token: None,
        session: None,
        address: None,
        agent: None,
        action: action.to_owned(),
        resource: "dep_00000000000000000000000001".to_owned(),
        name: name.to_owned(),
        outcome: patr_models::audit::Outcome::Done,
        code: None,
        before: None,
        after: None,
        request: id(1),
        prev: GENESIS.to_owned(),
        hash: String::new(),
    }
    .sealed()
}

impl Edge {
    /// Lets a rollout pass through these states.
    pub(crate) fn rolls_out(&self, states: impl IntoIterator<Item = Status>) {
        for (version, status) in (1..).zip(states) {
            let deployment = deployment_that_is(status);
            self.answers::<WatchDeployment>(Json(News { version, deployment }));
        }
    }
}
