//! An installation with one of everything, and a request for each endpoint that writes.

use http::Method;
use patr_models::{
    auth::ResourceType,
    deployment::update,
    endpoint::body::{Json, NoContent},
    internal::{Ended, Facts, ReleaseFact, record},
    routes::Route,
    site, token, workspace,
};

use crate::auth;
use crate::testing::{Answered, App, Caller, ISSUER, Signing, documents, redirect, spec};

/// The invitation that there is, and what its link ends with.
const INVITATION: &str = "inv_00000000000000000000000001";
const LINK: &str = "patr_i_for-tests";
/// What a client may.
const AUTHORIZATION: &str = "authz_00000000000000000000000001";
/// The snapshot that there is.
const SNAPSHOT: &str = "snap_00000000000000000000000000";

/// One of everything: who owns it, and the names of what has no fixed one.
pub(super) struct Installation<'a> {
    pub(super) owner: Caller<'a>,
    url: String,
}

/// The jobs of a repository are trusted.
fn trust(owner: &Caller<'_>) {
    for (url, document) in documents(ISSUER, &Signing::ALL) {
        owner.app().outside.publishes(&url, &document);
    }
    let body = body(Route::CreateFederation).unwrap().replace("new", "github");
    let made = owner.raw(Method::POST, "/api/v1/workspaces/acme/federations", body);
    assert_eq!(made.code(), "");
}

impl<'a> Installation<'a> {
    pub(super) fn new(app: &'a App) -> Self {
        let owner = app.owner("acme");
        let create = workspace::create::Body { name: "empty".parse().unwrap() };
        owner.create::<workspace::create::CreateWorkspace>(workspace::create::Path {}, Json(create)).unwrap();
        owner.runner("spare");
        let runner = owner.runner("box").runner;
        let deployment = owner.deploy("web", "box");
        let live = ReleaseFact {
            deployment: deployment.id,
            generation: 1,
            release: 1,
            digest: None,
            ended: Some(Ended::Live),
        };
        let facts = Facts { releases: vec![live], ..Facts::default() };
        let path = record::Path { runner: runner.id };
        let NoContent = app.internal::<record::RecordFacts>(path, Json(facts)).unwrap();
        let path = update::Path { workspace: owner.workspace(), deployment: deployment.id.into() };
        let body =
            Json(update::Body { spec: spec("web:2", &[80]), runners: None, replicas: None, autoscale: None });
        owner.change::<update::UpdateDeployment>(path, body).unwrap();
        let path = site::create::Path { workspace: owner.workspace() };
        let body = Json(site::create::Body { name: "docs".parse().unwrap() });
        owner.create::<site::create::CreateSite>(path, body).unwrap();
        let body = token::create::Body::named("ci".parse().unwrap());
        owner.create::<token::create::CreateToken>(token::create::Path {}, Json(body)).unwrap();
        owner.secret("db", "hunter2").unwrap();
        let volume = owner.volume("data", "box", false).unwrap().id;
        app.sqlite.run(&format!("INSERT INTO volume_snapshots VALUES ('{SNAPSHOT}', '{volume}', 7, 1)"));
        let url = owner.url("shop.apps.example", redirect()).unwrap().id.to_string();
        people(app);
        clients(app);
        trust(&owner);
        Self { owner, url }
    }

    /// The same in a copy of it.
    pub(super) fn at<'b>(&self, app: &'b App) -> Installation<'b> {
        Installation { owner: self.owner.at(app), url: self.url.clone() }
    }

    /// The id that scopes know a resource by, of a type of which there is one.
    pub(super) fn id(&self, kind: ResourceType) -> String {
        let sql = match kind {
            ResourceType::Runner => "SELECT id FROM runners WHERE name = 'box'",
            ResourceType::Deployment => "SELECT id FROM deployments WHERE name = 'web'",
            ResourceType::Volume => "SELECT id FROM volumes WHERE name = 'data'",
            ResourceType::Site => "SELECT id FROM sites WHERE name = 'docs'",
            ResourceType::Secret => return "db".to_owned(),
            ResourceType::Url => return self.url.clone(),
            other => unreachable!("{other:?} has no scopes"),
        };
        self.first_id(sql)
    }

    fn first_id(&self, sql: &str) -> String {
        let row: serde_json::Value = serde_json::from_str(&self.owner.app().sqlite.rows(sql)[0]).unwrap();
        row["id"].as_str().unwrap().to_owned()
    }

    /// The id of what a route is about, where that is what its permission is about.
    pub(super) fn named(&self, route: Route) -> Option<String> {
        let permission = route.permission().filter(|permission| permission.is_per_resource())?;
        let kind = permission.resource_type();
        let names = route.path().as_str().contains(&format!("{{{}}}", kind.as_str()));
        // Deleting a runner is about another one.
        let spare = || self.first_id("SELECT id FROM runners WHERE name = 'spare'");
        names.then(|| if route == Route::DeleteRunner { spare() } else { self.id(kind) })
    }

    /// The path of a route, about what there is; with `other`, about what there is not.
    pub(super) fn path(&self, route: Route, other: bool) -> String {
        let template = route.path();
        let names = template.as_str().split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let value = |name: &str| match (name, other) {
            ("workspace", _) if matches!(route, Route::DeleteWorkspace | Route::LeaveWorkspace) => "empty",
            ("workspace", _) => "acme",
            ("url", true) => "url_00000000000000000000000000",
            ("url", false) => &self.url,
            ("pack", _) => "0000000000000000000000000000000000000000000000000000000000000000",
            ("lane" | "version", _) => "1",
            ("snapshot", _) => SNAPSHOT,
            ("session", _) => "ses_00000000000000000000000000",
            ("passkey", _) => "pk_00000000000000000000000000",
            ("member", true) => "nothing@example.com",
            ("member", false) => "mia@example.com",
            ("invitation", true) => "inv_00000000000000000000000000",
            ("invitation", false) => INVITATION,
            ("authorization", true) => "authz_00000000000000000000000000",
            ("authorization", false) => AUTHORIZATION,
            (_, true) => "nothing",
            ("runner", false) if route == Route::DeleteRunner => "spare",
            ("runner", false) => "box",
            ("deployment", false) => "web",
            ("site", false) => "docs",
            ("token", false) => "ci",
            ("federation", false) => "github",
            ("client", false) => "tool",
            ("role", false) => "ops",
            ("secret", false) => "db",
            ("volume", false) => "data",
            (name, false) => unreachable!("nothing is called a {name}"),
        };
        template.fill(&names.map(|name| value(name).to_owned()).collect::<Vec<_>>())
    }

    /// Sends what a route wants, with these headers.
    pub(super) fn send(&self, route: Route, headers: &[(&str, &str)]) -> Answered {
        self.send_as(&self.owner, route, headers)
    }

    pub(super) fn send_as(&self, caller: &Caller<'_>, route: Route, headers: &[(&str, &str)]) -> Answered {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let path = self.path(route, false);
        let query = query(route);
        caller.with_headers(route.method(), &format!("{path}{query}"), &headers, body(route).unwrap_or(""))
    }
}

/// Somebody besides the owner, a role that nobody has, and a link.
fn people(app: &App) {
    app.person("mia");
    let hash = auth::hash(LINK);
    app.sqlite.run(&format!(
        "INSERT INTO members (workspace_id, user_id, joined_at)
             SELECT w.id, u.id, 1 FROM workspaces w, users u WHERE u.email = 'mia@example.com';
         INSERT INTO member_roles (workspace_id, user_id, role)
             SELECT w.id, u.id, iif(w.name = 'empty', 'owner', 'viewer') FROM workspaces w, users u
             WHERE u.email = 'mia@example.com';
         INSERT INTO roles (id, workspace_id, name, grants, created_at, updated_at)
             SELECT 'role_00000000000000000000000001', id, 'ops', '[{{\"permission\":\"deployment:view\"}}]', 1, 1
             FROM workspaces WHERE name = 'acme';
         INSERT INTO invitations (id, workspace_id, hash, created_by, created_at, expires_at)
             SELECT '{INVITATION}', w.id, '{hash}', u.id, 1, 9999999999999 FROM workspaces w, users u
             WHERE w.name = 'acme' AND u.email = 'owner-of-acme@example.com';
         INSERT INTO invitation_roles (invitation_id, role) VALUES ('{INVITATION}', 'viewer');",
    ));
}

/// A client, and what the owner has let it do.
fn clients(app: &App) {
    app.sqlite.run(&format!(
        "INSERT INTO oauth_clients (id, user_id, name, redirect_uris, created_at)
             SELECT 'app_00000000000000000000000001', id, 'tool', '[\"https://tool.example/cb\"]', 1 FROM users
             WHERE email = 'owner-of-acme@example.com';
         INSERT INTO oauth_authorizations (id, client_id, user_id, openings, scope, created_at, expires_at)
             SELECT '{AUTHORIZATION}', 'app_00000000000000000000000001', id, '[]', 'site:view', 1, 9999999999999 FROM users
             WHERE email = 'owner-of-acme@example.com';",
    ));
}

/// The query that a route wants, if it wants one.
pub(super) fn query(route: Route) -> &'static str {
    match route {
        Route::TestUrl => "?url=https://shop.apps.example/",
        Route::ConnectToDeployment => "?port=5432",
        _ => "",
    }
}

/// Every endpoint that writes to D1 for a person. Those of versions are another file's: they want a manifest.
pub(super) fn writes() -> impl Iterator<Item = Route> {
    let elsewhere = [
        Route::SignUp,
        Route::SignUpByInvitation,
        Route::LogIn,
        Route::MissingPacks,
        Route::PutPack,
        Route::CreateVersion,
        Route::RollBackSite,
        Route::StartSite,
        // Starts what runs: there is nothing to write.
        Route::StartDeployment,
        // Wants streams.
        Route::CopyVolume,
        // Want what was mailed, an authenticator, or somebody who is not the only owner; some write nothing.
        Route::VerifyEmail,
        Route::RequestPasswordReset,
        Route::ResetPassword,
        Route::DeleteAccount,
        Route::Prove,
        Route::EndSession,
        Route::EnableTotp,
        Route::RemoveTotp,
        Route::NewRecoveryCodes,
        Route::BeginPasskey,
        Route::AddPasskey,
        Route::RemovePasskey,
        Route::BeginPasskeyLogIn,
        Route::LogInWithPasskey,
        // Nobody is known yet.
        Route::AuthorizeDevice,
        Route::ExchangeDeviceCode,
    ];
    Route::ALL
        .iter()
        .copied()
        .filter(move |route| route.method() != Method::GET && !elsewhere.contains(route))
}

/// Whether a runner does what is asked before it is written down.
pub(super) fn asks_the_runner(route: Route) -> bool {
    matches!(route, Route::CreateSnapshot | Route::RestoreVolume | Route::DeleteSnapshot)
}

/// Whether a route answers with a stream, of which there are none here.
pub(super) fn streams(route: Route) -> bool {
    matches!(
        route,
        Route::ReadLogs
            | Route::ReadRequests
            | Route::ReadVolume
            | Route::ConnectRunner
            | Route::ConnectTunnel
            | Route::ExportAudit
            | Route::ExportAccountAudit
    )
}

/// Whether the declaration of a route has this header.
pub(super) fn takes(route: Route, header: &str) -> bool {
    let document = patr_models::openapi::document();
    let method = route.method().as_str().to_ascii_lowercase();
    let parameters = &document["paths"][route.path().as_str()][method]["parameters"];
    parameters.as_array().unwrap().iter().any(|parameter| parameter["name"] == header)
}

/// A body with which a route succeeds, if it wants one.
pub(super) fn body(route: Route) -> Option<&'static str> {
    Some(match route {
        Route::CreateToken => r#"{"name":"new"}"#,
        Route::CreateFederation => {
            r#"{"name":"new","issuer":"https://token.actions.githubusercontent.com",
                "conditions":{"repository":"acme/*"},"roles":["viewer"]}"#
        }
        Route::CreateClient => {
            r#"{"name":"new","redirect_uris":["https://new.example/cb"],"confidential":true}"#
        }
        Route::CreateWorkspace => r#"{"name":"new"}"#,
        Route::RenameWorkspace => r#"{"name":"renamed"}"#,
        Route::SetMemberRoles => r#"{"roles":["developer"]}"#,
        Route::CreateRole => r#"{"name":"new","grants":[{"permission":"site:view"}]}"#,
        Route::UpdateRole => r#"{"grants":[{"permission":"site:view"}]}"#,
        Route::CreateInvitation => r#"{"roles":["viewer"]}"#,
        Route::AcceptInvitation => r#"{"invitation":"patr_i_for-tests"}"#,
        Route::SignUpByInvitation => {
            r#"{"invitation":"patr_i_none","email":"eve@example.com","password":"password1"}"#
        }
        Route::CreateRunner => r#"{"name":"new","runtime":"docker"}"#,
        Route::RenameRunner => r#"{"name":"renamed"}"#,
        Route::CreateDeployment => {
            r#"{"name":"new","runners":[{"runner":"box"}],"spec":{"image":"new","ports":[{"port":8080}]}}"#
        }
        Route::UpdateDeployment => r#"{"spec":{"image":"web:3","ports":[{"port":81}]},"replicas":2}"#,
        Route::ScaleDeployment => r#"{"replicas":3}"#,
        Route::RollBackDeployment => "{}",
        Route::SetSecret => r#"{"value":{"text":"hunter3"}}"#,
        Route::CreateVolume => r#"{"name":"new","runner":"box"}"#,
        Route::CopyVolume => r#"{"name":"new"}"#,
        Route::RestoreVolume => r#"{"snapshot":"snap_00000000000000000000000000"}"#,
        Route::CreateSite => r#"{"name":"new"}"#,
        Route::SetSiteAccess => r#"{"kind":"members"}"#,
        Route::CreateUrl => {
            r#"{"host":"new.apps.example","target":{"kind":"deployment","deployment":"web"}}"#
        }
        Route::UpdateUrl => r#"{"target":{"kind":"proxy","url":"https://example.net/"}}"#,
        Route::UpdateProfile => r#"{"name":"Ada"}"#,
        Route::ChangeEmail => r#"{"email":"ada@example.com"}"#,
        Route::ChangePassword => r#"{"password":"another password"}"#,
        Route::VerifyEmail | Route::RequestPasswordReset | Route::ResetPassword | Route::Prove => "{}",
        Route::EnableTotp | Route::AddPasskey | Route::LogInWithPasskey => "{}",
        Route::SignUp
        | Route::LogIn
        | Route::MissingPacks
        | Route::RollBackSite
        | Route::RotateToken
        | Route::AuthorizeDevice
        | Route::ExchangeDeviceCode => "{}",
        _ => return None,
    })
}

#[test]
fn there_is_a_request_for_every_write() {
    for route in writes() {
        let app = App::new();
        let answered = Installation::new(&app).send(route, &[]);
        assert_eq!(answered.code(), "", "{}", route.name());
    }
}
