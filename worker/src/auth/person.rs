//! Who a person is, and what the secret that it sent opens.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use http::{HeaderMap, request::Parts};
use patr_models::{
    auth::{Access, prefix},
    error::Common,
    ids::{SessionId, TokenId, UserId, WorkspaceId},
    managed_url::Network,
    time::Millis,
};

use super::{Actor, Refused, bearer, cookie, hash};
use crate::{
    ctx::{Audited, Ctx},
    db, limits, platform,
};

/// In the audit log: the use of a token, of which only what was refused is there.
const USE: &str = "UseToken";

/// How often the use of an API token is written down.
const NOTED: Duration = Duration::from_secs(60);
/// The same for a login.
const LOG_IN_NOTED: Duration = Duration::from_secs(300);

/// A person, through a login or a token.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) token: Option<TokenId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) through: Through,
    pub(crate) opens: Opens,
    /// Networks that the token may be used from; everywhere when empty.
    pub(crate) networks: Vec<Network>,
    /// How long the token is good; `None` for ever, or for a login.
    pub(crate) until: Option<Millis>,
    /// What the database knows the secret by.
    pub(crate) hash: String,
}

impl Person {
    /// What is left of an access in a workspace through the secret that was sent; `None` where it does not open the
    /// workspace.
    pub(crate) fn narrowed(&self, workspace: WorkspaceId, access: Access) -> Option<Access> {
        match &self.opens {
            Opens::Everything => Some(access),
            Opens::Only(workspaces) => match workspaces.get(&workspace)? {
                None => Some(access),
                Some(limit) => Some(access.intersection(limit)),
            },
        }
    }
}

/// What kind of secret somebody has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    Login,
    ApiToken,
    /// A job of CI, for whoever trusts it.
    Job,
    /// A program of somebody else that the person lets act (OAuth).
    Client,
}

/// What a secret opens, of what its person may.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Opens {
    Everything,
    /// These workspaces, each with what may be done there; `None` is whatever the person may.
    Only(BTreeMap<WorkspaceId, Option<Access>>),
}

impl Opens {
    /// Whether the other opens nothing that this does not.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Only(_), Self::Everything) => false,
            (Self::Only(mine), Self::Only(others)) => {
                others.iter().all(|(workspace, other)| match (mine.get(workspace), other) {
                    (None, _) | (Some(Some(_)), None) => false,
                    (Some(None), _) => true,
                    (Some(Some(mine)), Some(other)) => mine.lacks(other).is_none(),
                })
            }
        }
    }

    /// The only workspaces that it opens.
    pub(crate) fn only(&self) -> Option<Vec<WorkspaceId>> {
        match self {
            Self::Everything => None,
            Self::Only(workspaces) => Some(workspaces.keys().copied().collect()),
        }
    }
}

/// Whose secret a request has.
pub(crate) async fn person(ctx: &Ctx, parts: &Parts) -> Result<Person, Refused> {
    let by_cookie = || cookie::of_call(parts, &ctx.settings.control_url());
    let secret = bearer(&parts.headers).or_else(by_cookie).ok_or(Common::Unauthenticated)?;
    if secret.starts_with(prefix::SESSION) {
        by_session(ctx, hash(secret)).await
    } else if secret.starts_with(prefix::TOKEN) {
        by_token(ctx, parts, hash(secret)).await
    } else if secret.starts_with(prefix::ACCESS) {
        by_access_token(ctx, hash(secret)).await
    } else {
        Err(super::wrong_kind(secret, "a person's token"))
    }
}

/// Whose login it is that D1 knows by this hash.
pub(crate) async fn by_session(ctx: &Ctx, hash: String) -> Result<Person, Refused> {
    let row: Option<db::users::Authenticated> =
        ctx.db.optional(db::users::by_session(&hash, ctx.now)).await?;
    let row = row.ok_or(Common::Unauthenticated)?;
    note_log_in(ctx, &hash, row.last_used_at).await;
    Ok(Person {
        user: row.user_id,
        token: None,
        session: Some(row.id),
        through: Through::Login,
        opens: Opens::Everything,
        networks: Vec::new(),
        until: None,
        hash,
    })
}

async fn by_token(ctx: &Ctx, parts: &Parts, hash: String) -> Result<Person, Refused> {
    let row: Option<db::tokens::Bearer> = ctx.db.optional(db::tokens::by_hash(&hash, ctx.now)).await?;
    let row = row.ok_or(Common::Unauthenticated)?;
    if let Some(at) = row.not_before.filter(|at| *at > ctx.now) {
        return Err(Common::NotYetGood { at }.into());
    }
    let from = address(&parts.headers);
    if !is_allowed(&row.networks, from) {
        note_refusal(ctx, &row).await;
        let address = from.map_or_else(|| "an unknown address".to_owned(), |from| from.to_string());
        return Err(Common::NotFromHere { address }.into());
    }
    note_use(ctx, &row, from).await;
    Ok(Person {
        user: row.user_id,
        token: Some(row.id),
        session: None,
        through: Through::ApiToken,
        opens: row.opens(),
        until: row.expires_at,
        networks: row.networks,
        hash,
    })
}

/// Writes down that a login is used, at most once in [`LOG_IN_NOTED`]. Nobody is refused for it either.
async fn note_log_in(ctx: &Ctx, hash: &str, last: Millis) {
    if ctx.now.since(last) < LOG_IN_NOTED {
        return;
    }
    if let Err(error) = ctx.db.batch(vec![db::sessions::used(hash, ctx.now)]).await {
        platform::log(format_args!("{}: a use of a login is not written down: {error}", ctx.request));
    }
}

/// Whose access token it is, given to a job or to a client: they have one form.
async fn by_access_token(ctx: &Ctx, hash: String) -> Result<Person, Refused> {
    let job: Option<db::job_tokens::Bearer> =
        ctx.db.optional(db::job_tokens::by_hash(&hash, ctx.now)).await?;
    if let Some(row) = job {
        let opens = [(row.workspace_id, Some(row.access()))].into();
        return Ok(acting(Through::Job, row.created_by, row.id, opens, row.expires_at, hash));
    }
    let client: Option<db::oauth::Bearer> = ctx.db.optional(db::oauth::by_hash(&hash, ctx.now)).await?;
    let row = client.ok_or(Common::Unauthenticated)?;
    let opens = row.openings.iter().map(|opening| (opening.workspace, opening.access())).collect();
    Ok(acting(Through::Client, row.user_id, row.id, opens, row.expires_at, hash))
}

/// Something that acts for a person for a while.
fn acting(
    through: Through,
    user: UserId,
    token: TokenId,
    opens: BTreeMap<WorkspaceId, Option<Access>>,
    until: Millis,
    hash: String,
) -> Person {
    Person {
        user,
        token: Some(token),
        session: None,
        through,
        opens: Opens::Only(opens),
        until: Some(until),
        networks: Vec::new(),
        hash,
    }
}

/// Whether a token for these networks may be used from an address. One that is not known is in no network.
fn is_allowed(networks: &[Network], from: Option<IpAddr>) -> bool {
    networks.is_empty() || from.is_some_and(|from| networks.iter().any(|network| network.contains(from)))
}

/// Where a request comes from, as the platform says it.
fn address(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get("cf-connecting-ip")?.to_str().ok()?.trim().parse().ok()
}

/// Writes down that a token is used, at most once in [`NOTED`]. It is only a note: nobody is refused for it.
async fn note_use(ctx: &Ctx, row: &db::tokens::Bearer, from: Option<IpAddr>) {
    if row.last_used_at.is_some_and(|at| ctx.now.since(at) < NOTED) {
        return;
    }
    if let Err(error) = ctx.db.batch(vec![db::tokens::used(row.id, ctx.now, from)]).await {
        platform::log(format_args!("{}: a use of {} is not written down: {error}", ctx.request, row.id));
    }
}

/// A token that is used from where it may not be.
struct Elsewhere<'a>(&'a db::tokens::Bearer);

impl Actor for Elsewhere<'_> {
    fn user(&self) -> Option<UserId> {
        Some(self.0.user_id)
    }
    fn token(&self) -> Option<TokenId> {
        Some(self.0.id)
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
}

/// Has its maker see that somebody has the token who should not: the first time in each minute, so that whoever it is cannot
/// fill the log.
async fn note_refusal(ctx: &Ctx, row: &db::tokens::Bearer) {
    let noted = async {
        if limits::seldom(ctx, &format!("{USE}/{}", row.id)).await? {
            let what = Audited::new(USE, row.id, row.name.as_str()).refused("network_not_allowed");
            ctx.write(&Elsewhere(row), what, Vec::new()).await?;
        }
        Ok::<_, Refused>(())
    };
    if let Err(Refused::Fault(fault)) = noted.await {
        platform::log(format_args!(
            "{}: a refusal of {} is not in the audit log: {fault}",
            ctx.request, row.id
        ));
    }
}

#[cfg(test)]
mod tests {
    use patr_models::{
        auth::{Grant, Permission, Scope},
        ids::Id,
    };

    use super::*;

    fn workspace(n: u128) -> WorkspaceId {
        WorkspaceId::from_parts(Millis(1), n)
    }

    fn sites(scope: Scope) -> Option<Access> {
        Some([Grant { permission: Permission::SiteView, resources: scope }].into_iter().collect())
    }

    fn only(openings: &[(u128, Option<Access>)]) -> Opens {
        Opens::Only(openings.iter().map(|(n, access)| (workspace(*n), access.clone())).collect())
    }

    #[test]
    fn what_is_opened_is_no_more_than_the_person_may() {
        let viewer = patr_models::role::BuiltIn::Viewer.access();
        let person = Person {
            user: Id::from_parts(Millis(1), 1),
            token: None,
            session: None,
            through: Through::ApiToken,
            opens: only(&[(1, None), (2, sites(Scope::All))]),
            networks: Vec::new(),
            until: None,
            hash: String::new(),
        };
        assert_eq!(person.narrowed(workspace(1), viewer.clone()), Some(viewer.clone()));
        assert_eq!(person.narrowed(workspace(2), viewer.clone()), sites(Scope::All));
        assert_eq!(person.narrowed(workspace(2), Access::default()), Some(Access::default()));
        assert_eq!(person.narrowed(workspace(3), viewer), None);
    }

    #[test]
    fn what_opens_as_much_or_less_is_covered() {
        let one = Scope::Only(["site_1".to_owned()].into());
        let (wide, narrow) = (only(&[(1, sites(Scope::All)), (2, None)]), only(&[(1, sites(one))]));
        assert!(Opens::Everything.covers(&Opens::Everything) && Opens::Everything.covers(&wide));
        assert!(wide.covers(&narrow) && !narrow.covers(&wide) && !wide.covers(&Opens::Everything));
        assert!(!wide.covers(&only(&[(1, None)])), "whatever the person may is more");
        assert!(wide.covers(&only(&[(2, sites(Scope::All))])) && !wide.covers(&only(&[(3, None)])));
        assert!(wide.covers(&only(&[])) && !only(&[]).covers(&wide));
    }

    #[test]
    fn an_address_that_is_not_known_is_in_no_network() {
        let networks = ["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let from = |text: &str| is_allowed(&networks, text.parse().ok());
        assert!(from("192.0.2.7") && from("2001:db8::1") && from("::ffff:192.0.2.7"));
        assert!(!from("198.51.100.1") && !from("2001:db9::1") && !from("nonsense"));
        assert!(is_allowed(&[], None));
    }
}
