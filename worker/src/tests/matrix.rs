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

/// Accesses that differ in what matters to one endpoint, with what tells them apart.
fn accesses(route: Route, permission: Permission, named: Option<&str>) -> Vec<(String, Access)> {
    let mut all: Vec<(String, Access)> =
        BuiltIn::ALL.into_iter().map(|role| (role.as_str().to_owned(), role.access())).collect();
    let exactly = also(route).iter().copied().chain([permission]).map(Grant::all).collect();
    all.push(("exactly what is needed".to_owned(), exactly));
    all.push(("all but what is needed".to_owned(), all_but(&[permission])));
    all.push(("nothing".to_owned(), Access::default()));
    if !permission.is_per_resource() {
        return all;
    }
    let (view, this) = (permission.resource_type().view(), named.unwrap_or("of-no-importance"));
    let scoped = |base: Access, permissions: &[Permission], resources: &Scope| {
        let mut access = base;
        access
            .extend(permissions.iter().map(|&permission| Grant { permission, resources: resources.clone() }));
        access
    };
    let set = |id: &str| [id.to_owned()].into();
    let (except, only, other) =
        (Scope::Except(set(this)), Scope::Only(set(this)), Scope::Only(set("another")));
    all.push(("the resource excluded".to_owned(), scoped(all_but(&[permission]), &[permission], &except)));
    let both = [permission, view];
    all.push(("the resource excluded and hidden".to_owned(), scoped(all_but(&both), &both, &except)));
    all.push(("only the resource".to_owned(), scoped(Access::default(), &[permission], &only)));
    all.push(("only another resource".to_owned(), scoped(Access::default(), &both, &other)));
    all.push((
        "only another, and sees all".to_owned(),
        scoped(all_but(&[permission]), &[permission], &other),
    ));
    all.push(("none of them".to_owned(), scoped(all_but(&[permission]), &[permission], &Scope::NONE)));
    all
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

#[test]
fn every_endpoint_asks_for_its_permission_on_its_resource_and_for_nothing_else() {
    let members = Route::ALL.iter().copied().filter(|route| route.auth() == AuthKind::Member);
    for (route, permission) in members.filter_map(|route| Some((route, route.permission()?))) {
        let shared = App::new();
        let refusing = Installation::new(&shared);
        let named = refusing.named(route);
        let owner = {
            let app = App::new();
            let installation = Installation::new(&app);
            if streams(route) { None } else { Some(installation.send(route, &[])) }
        };
        for (at, (what, access)) in accesses(route, permission, named.as_deref()).into_iter().enumerate() {
            let verdict = verdict(permission, named.as_deref(), &access);
            if verdict != Verdict::Passes {
                let caller = shared.member(&format!("caller-{at}"), &access);
                let before = shared.sqlite.dump();
                let answered = refusing.send_as(&caller, route, &[]);
                let (status, code) = (answered.status(), answered.code());
                assert!(
                    fits(verdict, status, &code, (0, "")),
                    "{} with {what}: {status} {code}, and {verdict:?} is right",
                    route.name()
                );
                assert_eq!(shared.sqlite.dump(), before, "{} with {what} wrote something", route.name());
                continue;
            }
            // What answers with a stream has none here.
            let Some(owner) = &owner else { continue };
            let app = App::new();
            let installation = Installation::new(&app);
            let caller = app.member("somebody", &here(&installation, route, &access, named.as_deref()));
            let answered = installation.send_as(&caller, route, &[]);
            let (status, code) = (answered.status(), answered.code());
            assert!(
                fits(verdict, status, &code, (owner.status(), &owner.code())),
                "{} with {what}: {status} {code}, the owner {}",
                route.name(),
                owner.status()
            );
        }
    }
}

/// The same access in another installation, in which the resource has another id.
fn here(installation: &Installation<'_>, route: Route, access: &Access, there: Option<&str>) -> Access {
    let (Some(there), Some(here)) = (there, installation.named(route)) else { return access.clone() };
    let json = serde_json::to_string(&access.grants()).unwrap().replace(there, &here);
    serde_json::from_str::<Vec<Grant>>(&json).unwrap().into_iter().collect()
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
    for (route, kind) in lists() {
        let app = App::new();
        let installation = Installation::new(&app);
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
    for &route in Route::ALL.iter().filter(|route| route.path().as_str().contains("{workspace}")) {
        let app = App::new();
        let installation = Installation::new(&app);
        let caller = app.member("ada", &Access::full());
        app.sqlite.run(
            "DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email = 'ada@example.com')",
        );
        let answered = installation.send_as(&caller, route, &[]);
        assert_eq!((answered.status(), answered.code().as_str()), (404, "not_found"), "{}", route.name());
    }
}
