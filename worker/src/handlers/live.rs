//! Who hears what changes in a workspace.

use patr_models::{
    auth::Grant,
    endpoint::Call,
    internal::Listener,
    limits::LISTENER_BYTES_MAX,
    live::follow::{self, FollowWorkspace},
};
use worker::Response;

use super::exec::SWITCHING_PROTOCOLS;
use crate::{
    answer::{Failure, Fault},
    auth::Member,
    ctx::Ctx,
};

/// What a feed answers to who is not let in, with how many there may be.
const TOO_MANY: u16 = 429;

pub(crate) async fn follow(
    ctx: &Ctx,
    caller: Member,
    _: Call<FollowWorkspace>,
    upgrades: bool,
) -> Result<Response, Failure<FollowWorkspace>> {
    let listener = serde_json::to_vec(&listener(&caller))?;
    if listener.len() > LISTENER_BYTES_MAX {
        return Err(Failure::Api(follow::Error::TooManyResources));
    }
    if !upgrades {
        return Err(Failure::Api(follow::Error::NotUpgraded));
    }
    let mut response = ctx.runners.follow(caller.workspace, &listener).await?;
    match response.status_code() {
        SWITCHING_PROTOCOLS => Ok(response),
        TOO_MANY => {
            let max = response.text().await?.parse().map_err(Fault::new)?;
            Err(Failure::Api(follow::Error::TooManyListeners { max }))
        }
        other => Err(Fault::new(format_args!("a feed answers {other}")).into()),
    }
}

/// What a feed has to know of somebody: what may be viewed, and for how long.
fn listener(caller: &Member) -> Listener {
    let views = |grant: &Grant| grant.permission == grant.permission.resource_type().view();
    let sees = caller.access.grants().into_iter().filter(views).collect();
    Listener { user: caller.person.user, sees, until: caller.person.until }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::Method;
    use patr_models::auth::{Access, Grant, Permission, Scope};

    use crate::testing::App;

    const PATH: &str = "/api/v1/workspaces/acme/live";

    #[test]
    fn what_is_no_websocket_is_told_so_and_a_stranger_that_there_is_nothing() {
        let app = App::new();
        let owner = app.owner("acme");
        assert_eq!(owner.raw(Method::GET, PATH, "").code(), "not_upgraded");
        assert_eq!(app.owner("other").raw(Method::GET, PATH, "").code(), "not_found");
        assert_eq!(app.anonymous().raw(Method::GET, PATH, "").code(), "unauthenticated");
    }

    #[test]
    fn who_may_view_more_single_resources_than_can_be_kept_is_told_so() {
        let app = App::new();
        app.owner("acme");
        let seeing = |name: &str, count: usize| {
            let ids: BTreeSet<String> = (0..count).map(|n| format!("site_{n:026}")).collect();
            let grants = [
                Grant::all(Permission::WorkspaceView),
                Grant { permission: Permission::SiteView, resources: Scope::Only(ids.clone()) },
                // What is not about viewing takes no room.
                Grant { permission: Permission::SiteEdit, resources: Scope::Only(ids) },
            ];
            app.member(name, &grants.into_iter().collect::<Access>()).raw(Method::GET, PATH, "").code()
        };
        assert_eq!(seeing("few", 350), "not_upgraded");
        assert_eq!(seeing("many", 400), "too_many_resources");
    }
}
