//! What a new token may: never more than who makes it, whether that is a person or a token.

use std::collections::BTreeMap;

use patr_models::{
    auth::{Access, Grant, Scope},
    managed_url::Network,
    time::Millis,
    token::{
        NETWORKS_MAX, Opening, WORKSPACES_MAX,
        create::{self, CreateToken, Error},
    },
};

use crate::{
    answer::Failure,
    auth::{self, Opens, Person},
    ctx::Ctx,
    handlers::absent,
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
        let found = auth::membership(ctx, caller, &workspace).await?;
        let found = found.ok_or_else(|| absent("workspace", &workspace))?;
        let limit = grants.map(|grants| limit(&found, grants)).transpose().map_err(Failure::Api)?;
        if openings.insert(found.id, limit).is_some() {
            return Err(unclear(format!("workspaces: `{}` is there twice", found.name)));
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
fn limit(member: &auth::Membership, grants: Vec<Grant>) -> Result<Access, Error> {
    let single = |grant: &&Grant| grant.resources != Scope::All && !grant.permission.is_per_resource();
    if let Some(grant) = grants.iter().find(single) {
        let problem =
            format!("grants: `{}` is for all or for none, not for single resources", grant.permission);
        return Err(Error::Unclear { problem });
    }
    let access: Access = grants.into_iter().collect();
    match member.access.lacks(&access) {
        Some(permission) => Err(Error::MoreThanYouMay { workspace: member.name.to_string(), permission }),
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
