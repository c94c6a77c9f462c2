//! Every endpoint of a workspace × everybody who may call it, or may not. What is expected follows from the permission that
//! the endpoint declares, and from nothing else: an endpoint that is listed is held to this.

use patr_models::{
    auth::{Access, AuthKind, Grant, Permission, ResourceType, Scope},
    role::BuiltIn,
    routes::Route,
};

use super::installation::{Installation, streams};
use crate::testing::{App, Caller};

/// What the check of permissions comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passes,
    Forbidden,
    /// As if the resource were not there.
    Absent,
}

/// What a member with this access is to be answered.
fn verdict(permission: Permission, named: Option<&str>, access: &Access) -> Verdict {
    let Some(id) = named else {
        return if access.allows(permission) { Verdict::Passes } else { Verdict::Forbidden };
    };
    let view = permission.resource_type().view();
    if access.allows_on(permission, id) {
        Verdict::Passes
    } else if access.allows(permission) && !access.allows_on(view, id) {
        Verdict::Absent
    } else {
        Verdict::Forbidden
    }
}

/// Accesses that differ in what matters to one endpoint, with what tells them apart. `this` is a resource of the type that
/// the permission is about, where there are such.
fn accesses(route: Route, permission: Permission, this: Option<&str>) -> Vec<(&'static str, Access)> {
    let mut all: Vec<_> = BuiltIn::ALL.into_iter().map(|role| (role.as_str(), role.access())).collect();
    all.push((
        "exactly what is needed",
        also(route).iter().copied().chain([permission]).map(Grant::all).collect(),
    ));
    all.push(("all but what is needed", all_but(&[permission])));
    all.push(("nothing", Access::default()));
    let Some(this) = this else { return all };
    let only = |id: String| Scope::Only([id].into());
    let (except, this, other) =
        (Scope::Except([this.to_owned()].into()), only(this.to_owned()), only(another(this)));
    let both = [permission, permission.resource_type().view()];
    let (none, rest, unseen) = (Access::default(), all_but(&[permission]), all_but(&both));
    all.extend([
        ("the resource excluded", scoped(&rest, &[permission], &except)),
        ("the resource excluded and hidden", scoped(&unseen, &both, &except)),
        ("only the resource", scoped(&none, &[permission], &this)),
        ("only another resource", scoped(&none, &both, &other)),
        ("only another, and sees all", scoped(&rest, &[permission], &other)),
        ("none of them", scoped(&rest, &[permission], &Scope::NONE)),
    ]);
    all
}

/// Some access, and these permissions for some resources.
fn scoped(rest: &Access, permissions: &[Permission], resources: &Scope) -> Access {
    let mut access = rest.clone();
    access.extend(permissions.iter().map(|&permission| Grant { permission, resources: resources.clone() }));
    access
}

/// What another resource of the type is known by.
fn another(id: &str) -> String {
    id.split_once('_')
        .map_or_else(|| "another".to_owned(), |(prefix, _)| format!("{prefix}_{}", "0".repeat(26)))
}

fn all_but(permissions: &[Permission]) -> Access {
    let others = Permission::ALL.iter().filter(|permission| !permissions.contains(permission));
    others.copied().map(Grant::all).collect()
}

/// Permissions about what else the path of an endpoint names.
fn also(route: Route) -> &'static [Permission] {
    match route {
        // It makes a volume, and reads the one that it is copied from.
        Route::CopyVolume => &[Permission::VolumeView, Permission::VolumeRead],
        _ => &[],
    }
}

/// Whether the answer is what the verdict means. Past the check an endpoint may have reasons of its own, such as that what
/// the body names is not there; then the owner, who may do everything, shows whether it is about permissions.
fn fits(verdict: Verdict, status: u16, code: &str, owner: (u16, &str)) -> bool {
    match verdict {
        Verdict::Forbidden => (status, code) == (403, "forbidden"),
        Verdict::Absent => (status, code) == (404, "not_found"),
        Verdict::Passes => {
            let refused =
                matches!(code, "unauthenticated" | "wrong_kind_of_token" | "forbidden" | "not_found");
            status < 500 && (!refused || (status, code) == owner)
        }
    }
}

/// How somebody comes to an access.
#[derive(Debug, Clone, Copy)]
enum By {
    /// A role that allows this and nothing else.
    Role,
    /// A token of an owner that is for this and nothing else.
    Token,
}

impl By {
    fn caller<'a>(self, installation: &Installation<'a>, access: &Access) -> Caller<'a> {
        match self {
            Self::Role => installation.owner.app().member("somebody", access),
            Self::Token => narrow(&installation.owner, access),
        }
    }
}

/// The same person through a token.
fn narrow<'a>(owner: &Caller<'a>, access: &Access) -> Caller<'a> {
    let opening = |workspace: &str| serde_json::json!({ "workspace": workspace, "grants": access.grants() });
    let body = serde_json::json!({ "name": "narrow", "workspaces": [opening("acme"), opening("empty")] });
    let made = owner.raw(http::Method::POST, "/api/v1/tokens", body.to_string());
    let made: serde_json::Value = serde_json::from_slice(made.body()).unwrap();
    let narrow = owner.with_token(made["secret"].as_str().unwrap().to_owned());
    // Its first use in a minute is written down.
    narrow.raw(http::Method::GET, "/api/v1/me", "");
    narrow
}

#[test]
fn every_endpoint_asks_for_its_permission_on_its_resource_and_for_nothing_else() {
    let app = App::new();
    let installation = Installation::new(&app);
    let members = Route::ALL.iter().copied().filter(|route| route.auth() == AuthKind::Member);
    for (route, permission) in members.filter_map(|route| Some((route, route.permission()?))) {
        let named = installation.named(route);
        let this = permission.is_per_resource().then(|| installation.id(permission.resource_type()));
        // What answers with a stream has none here.
        let owner = (!streams(route)).then(|| {
            let answered = installation.at(&app.copy()).send(route, &[]);
            (answered.status(), answered.code())
        });
        for (what, access) in accesses(route, permission, named.as_deref().or(this.as_deref())) {
            let verdict = verdict(permission, named.as_deref(), &access);
            let right = match (verdict, &owner) {
                (Verdict::Passes, None) => continue,
                (_, Some((status, code))) => (*status, code.as_str()),
                (_, None) => (0, ""),
            };
            for by in [By::Role, By::Token] {
                let copy = app.copy();
                let installation = installation.at(&copy);
                let caller = by.caller(&installation, &access);
                let before = copy.sqlite.dump();
                let answered = installation.send_as(&caller, route, &[]);
                let (status, code) = (answered.status(), answered.code());
                let case = format!("{} by a {by:?} with {what}: {status} {code}", route.name());
                assert!(fits(verdict, status, &code, right), "{case}, and {verdict:?} is right");
                let written = verdict != Verdict::Passes && copy.sqlite.dump() != before;
                assert!(!written, "{case}, and something was written");
            }
        }
    }
}

/// Every list, with a resource of its type that is there.
fn lists() -> impl Iterator<Item = (Route, ResourceType)> {
    Route::ALL.iter().copied().filter_map(|route| {
        let kind = route.permission()?.resource_type();
        let is_list = route.permission()? == kind.view() && kind.view().is_per_resource();
        (is_list && !route.path().as_str().contains(&format!("{{{}}}", kind.as_str())))
            .then_some((route, kind))
    })
}

#[test]
fn a_list_shows_what_is_in_the_scope_and_nothing_else() {
    assert!(lists().count() > 5);
    let app = App::new();
    let installation = Installation::new(&app);
    for (route, kind) in lists() {
        let app = app.copy();
        let installation = installation.at(&app);
        let id = installation.id(kind);
        let shows = |who: &Caller<'_>| {
            let answered = installation.send_as(who, route, &[]);
            assert_eq!(answered.status(), 200, "{}", route.name());
            String::from_utf8_lossy(answered.body()).contains(&format!("\"{id}\""))
        };
        let with = |name: &str, resources: Scope| {
            let grant = Grant { permission: kind.view(), resources };
            app.member(name, &[grant].into_iter().collect())
        };
        let set = |id: &str| [id.to_owned()].into();
        assert!(shows(&installation.owner), "{}", route.name());
        assert!(shows(&with("only", Scope::Only(set(&id)))), "{}", route.name());
        assert!(shows(&with("but-another", Scope::Except(set("another")))), "{}", route.name());
        assert!(!shows(&with("but", Scope::Except(set(&id)))), "{}", route.name());
        assert!(!shows(&with("only-another", Scope::Only(set("another")))), "{}", route.name());
    }
}

#[test]
fn who_is_out_is_a_stranger_at_once() {
    let app = App::new();
    let installation = Installation::new(&app);
    let caller = app.member("ada", &Access::full());
    app.sqlite
        .run("DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email = 'ada@example.com')");
    for &route in Route::ALL.iter().filter(|route| route.path().as_str().contains("{workspace}")) {
        let answered = installation.send_as(&caller, route, &[]);
        assert_eq!((answered.status(), answered.code().as_str()), (404, "not_found"), "{}", route.name());
    }
}
