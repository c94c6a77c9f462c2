//! API tokens.

use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{TokenId, WorkspaceId},
    token::{
        Token,
        create::{self, CreateToken, NewToken},
        list::ListTokens,
        revoke::RevokeToken,
    },
};

use super::{absent, check_cursor, page};
use crate::{
    answer::{Answer, Failure},
    auth::{self, Person},
    ctx::{Ctx, audited, new_secret},
    db::{DbError, tokens, workspaces},
};

pub(crate) async fn create(ctx: &Ctx, caller: Person, call: Call<CreateToken>) -> Answer<CreateToken> {
    let create::Body { name, workspace, expires_at } = call.body.0;
    let named = workspace.as_ref().map(ToString::to_string);
    let workspace: Option<WorkspaceId> = match workspace {
        None => None,
        Some(reference) => {
            let found = ctx.db.optional(workspaces::membership(caller.user, &reference)).await?;
            let found: workspaces::Membership = found.ok_or_else(|| absent("workspace", &reference))?;
            Some(found.id)
        }
    };
    // What a token makes must not be able to do more than the token, nor outlive it.
    let wider = caller.only.is_some() && caller.only != workspace;
    let longer = caller.until.is_some_and(|until| expires_at.is_none_or(|at| at > until));
    if wider || longer {
        return Err(Failure::Api(create::Error::Wider));
    }
    if let Some(at) = expires_at.filter(|at| *at <= ctx.now) {
        return Err(Failure::Api(create::Error::AlreadyExpired { at }));
    }
    let token = Token { id: ctx.id()?, name, workspace, created_at: ctx.now, expires_at };
    let secret = new_secret(prefix::TOKEN)?;
    ctx.repeat_with(&create::Error::AlreadyMade { id: token.id, name: token.name.clone() });
    let insert = tokens::insert(&token, caller.user, &auth::hash(&secret));
    match ctx.write(&caller, audited::<CreateToken>(token.id, token.name.as_str()), vec![insert]).await {
        Err(error) if error.is_unique("tokens.user_id") => {
            Err(Failure::Api(create::Error::NameTaken { name: token.name.clone() }))
        }
        // The workspace went away meanwhile.
        Err(DbError::Reference) => Err(absent("workspace", named.unwrap_or_default()).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(NewToken { token, secret }))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Person, call: Call<ListTokens>) -> Answer<ListTokens> {
    check_cursor::<TokenId>(&call.query)?;
    let rows: Vec<tokens::Row> = ctx.db.fetch(tokens::list(caller.user, caller.only, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), Into::into))))
}

pub(crate) async fn revoke(ctx: &Ctx, caller: Person, call: Call<RevokeToken>) -> Answer<RevokeToken> {
    let found = ctx.db.optional(tokens::get(caller.user, &call.path.token, caller.only)).await?;
    let row: tokens::Row = found.ok_or_else(|| absent("token", &call.path.token))?;
    let statements = vec![tokens::there(row.id), tokens::delete(row.id)];
    match ctx.write(&caller, audited::<RevokeToken>(row.id, row.name.as_str()), statements).await {
        Err(DbError::Stale) => Err(absent("token", row.name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patr_models::{endpoint::body::NoBody, time::Millis, token::revoke, user::who_am_i};

    use super::*;
    use crate::testing::{App, Caller, Outcome, code, pages};

    fn make(
        caller: &Caller<'_>,
        name: &str,
        workspace: Option<&str>,
        expires_at: Option<Millis>,
    ) -> Outcome<NewToken> {
        let workspace = workspace.map(|name| name.parse().unwrap());
        let body = create::Body { name: name.parse().unwrap(), workspace, expires_at };
        caller.create::<CreateToken>(create::Path {}, Json(body)).map(|made| made.0)
    }

    fn revoke(caller: &Caller<'_>, token: &str) -> Outcome<NoContent> {
        caller.call::<RevokeToken>(revoke::Path { token: token.parse().unwrap() }, NoBody)
    }

    fn works(app: &App, secret: &str) -> bool {
        let caller = app.anonymous().with_token(secret.to_owned());
        caller.get::<who_am_i::WhoAmI>(who_am_i::Path {}).is_ok()
    }

    #[test]
    fn a_token_works_until_it_is_revoked_by_name_or_id() {
        let app = App::new();
        let ada = app.person("ada");
        let (one, two) = (make(&ada, "one", None, None).unwrap(), make(&ada, "two", None, None).unwrap());
        assert!(works(&app, &one.secret) && works(&app, &two.secret));
        revoke(&ada, "one").unwrap();
        revoke(&ada, &two.token.id.to_string()).unwrap();
        assert!(!works(&app, &one.secret) && !works(&app, &two.secret));
        assert_eq!(code(revoke(&ada, "one")), "not_found");
    }

    #[test]
    fn a_token_works_until_it_expires() {
        let app = App::new();
        let ada = app.person("ada");
        let at = app.now.get() + Duration::from_secs(60);
        let made = make(&ada, "ci", None, Some(at)).unwrap();
        assert!(works(&app, &made.secret));
        app.pass(Duration::from_secs(60));
        assert!(!works(&app, &made.secret));
        assert_eq!(code(make(&ada, "late", None, Some(at))), "already_expired");
    }

    #[test]
    fn a_name_is_taken_once_by_each_person() {
        let app = App::new();
        let (ada, bob) = (app.person("ada"), app.person("bob"));
        make(&ada, "ci", None, None).unwrap();
        assert_eq!(code(make(&ada, "ci", None, None)), "name_taken");
        assert_eq!(code(make(&bob, "ci", None, None)), "");
    }

    #[test]
    fn a_token_makes_none_that_opens_more_or_lives_longer() {
        let app = App::new();
        let owner = app.owner("acme");
        let at = app.now.get() + Duration::from_secs(60);
        let limited = make(&owner, "limited", Some("acme"), Some(at)).unwrap();
        let limited = app.anonymous().with_token(limited.secret);
        assert_eq!(code(make(&limited, "all", None, Some(at))), "wider_than_caller");
        assert_eq!(code(make(&limited, "for-ever", Some("acme"), None)), "wider_than_caller");
        let later = at + Duration::from_secs(1);
        assert_eq!(code(make(&limited, "longer", Some("acme"), Some(later))), "wider_than_caller");
        assert_eq!(code(make(&limited, "same", Some("acme"), Some(at))), "");
    }

    #[test]
    fn a_limited_token_sees_and_revokes_only_those_that_are_as_limited() {
        let app = App::new();
        let owner = app.owner("acme");
        let limited = make(&owner, "limited", Some("acme"), None).unwrap();
        app.pass(Duration::from_millis(1));
        make(&owner, "wide", None, None).unwrap();
        let limited = app.anonymous().with_token(limited.secret);
        let list = |caller: &Caller<'_>| {
            let path = patr_models::token::list::Path {};
            pages(
                |query| caller.list::<ListTokens, _>(path.clone(), query).unwrap(),
                |token| token.name.to_string(),
            )
        };
        assert_eq!(
            (list(&limited), list(&owner)),
            (vec!["limited".to_owned()], vec!["limited".to_owned(), "wide".to_owned()])
        );
        assert_eq!(code(revoke(&limited, "wide")), "not_found");
        assert_eq!(code(revoke(&app.person("eve"), "wide")), "not_found");
    }

    #[test]
    fn a_workspace_that_is_not_the_callers_is_not_found() {
        let app = App::new();
        app.owner("acme");
        assert_eq!(code(make(&app.person("eve"), "ci", Some("acme"), None)), "not_found");
    }

    #[test]
    fn a_workspace_that_goes_away_meanwhile_is_not_found() {
        let app = App::new();
        let owner = app.owner("acme");
        app.sqlite.meanwhile("DELETE FROM workspaces");
        assert_eq!(code(make(&owner, "ci", Some("acme"), None)), "not_found");
    }
}
