//! What a new token may: never more than who makes it, whether that is a person or a token.

use std::collections::BTreeMap;

use patr_models::{
    auth::{Access, Grant},
    managed_url::Network,
    role,
    time::Millis,
    token::{
        NETWORKS_MAX, Opening, WORKSPACES_MAX,
        create::{self, CreateToken, Error},
    },
};

use crate::{
    answer::Failure,
    auth::{self, Member, Opens, Person},
    ctx::Ctx,
};

/// The workspaces that are to be opened, by id, each with what the maker may there itself at most.
pub(super) async fn openings(
    ctx: &Ctx,
    caller: &Person,
    asked: Option<Vec<create::Opening>>,
) -> Result<Option<Vec<Opening>>, Failure<CreateToken>> {
    let Some(asked) = asked else {
        covers(caller, &Opens::Everything).map_err(Failure::Api)?;
        return Ok(None);
    };
    if asked.is_empty() || asked.len() > WORKSPACES_MAX {
        return Err(unclear(format!("workspaces: name 1 to {WORKSPACES_MAX}")));
    }
    let mut openings: BTreeMap<_, Option<Access>> = BTreeMap::new();
    for create::Opening { workspace, grants } in asked {
        let member = auth::enter(ctx, caller.clone(), &workspace.to_string()).await?;
        let limit = grants.map(|grants| limit(&member, &grants)).transpose().map_err(Failure::Api)?;
        if openings.insert(member.workspace, limit).is_some() {
            return Err(unclear(format!("workspaces: `{}` is there twice", member.workspace_name)));
        }
    }
    let opens = Opens::Only(openings);
    covers(caller, &opens).map_err(Failure::Api)?;
    let Opens::Only(openings) = opens else { return Ok(None) };
    let opening = |(workspace, limit): (_, Option<Access>)| Opening {
        workspace,
        grants: limit.map(|access| access.grants()),
    };
    Ok(Some(openings.into_iter().map(opening).collect()))
}

fn unclear(problem: String) -> Failure<CreateToken> {
    Failure::Api(Error::Unclear { problem })
}

/// Grants as what they come to, if the maker may all of it.
fn limit(member: &Member, grants: &[Grant]) -> Result<Access, Error> {
    let access = role::check(grants).map_err(|problem| Error::Unclear { problem })?;
    match member.access.lacks(&access) {
        Some(permission) => {
            Err(Error::MoreThanYouMay { workspace: member.workspace_name.to_string(), permission })
        }
        None => Ok(access),
    }
}

/// A token makes none that opens what it does not open itself.
fn covers(caller: &Person, opens: &Opens) -> Result<(), Error> {
    if caller.opens.covers(opens) { Ok(()) } else { Err(Error::Wider { what: "workspaces" }) }
}

/// When and from where it is good.
pub(super) fn check(
    now: Millis,
    caller: &Person,
    expires_at: Option<Millis>,
    not_before: Option<Millis>,
    networks: &[Network],
) -> Result<(), Error> {
    if networks.len() > NETWORKS_MAX {
        return Err(Error::Unclear { problem: format!("networks: at most {NETWORKS_MAX} are possible") });
    }
    if let Some(at) = expires_at.filter(|at| *at <= now) {
        return Err(Error::AlreadyExpired { at });
    }
    if not_before.zip(expires_at).is_some_and(|(from, until)| from >= until) {
        return Err(Error::NeverGood);
    }
    if caller.until.is_some_and(|until| expires_at.is_none_or(|at| at > until)) {
        return Err(Error::Wider { what: "expires_at" });
    }
    let allowed = |network: &Network| caller.networks.iter().any(|mine| mine.covers(network));
    if !caller.networks.is_empty() && (networks.is_empty() || !networks.iter().all(allowed)) {
        return Err(Error::Wider { what: "networks" });
    }
    Ok(())
}
