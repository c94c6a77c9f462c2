//! Who did what.

use patr_models::{
    audit::{AuditEntry, list::ListAudit},
    endpoint::{Call, Reply, body::Json},
    ids::AuditId,
};

use super::{check_cursor, page};
use crate::{answer::Answer, auth::Member, ctx::Ctx, db::audit};

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListAudit>) -> Answer<ListAudit> {
    check_cursor::<AuditId>(&call.query)?;
    let rows: Vec<audit::Row> = ctx.db.fetch(audit::list(caller.workspace, &call.query)).await?;
    let entries: Vec<AuditEntry> = rows.into_iter().map(Into::into).collect();
    Ok(Reply::new(Json(page(entries, &call.query, |entry| entry.id.to_string(), |entry| entry))))
}

#[cfg(test)]
mod tests {
    use patr_models::{audit::list, page::ListQuery};

    use super::*;
    use crate::testing::{App, named, pages};

    #[test]
    fn the_log_of_a_workspace_is_its_own_newest_first_and_page_by_page() {
        let app = App::new();
        let (owner, other) = (app.owner("acme"), app.owner("other"));
        other.runner("theirs");
        for name in ["one", "two", "three"] {
            app.pass(std::time::Duration::from_millis(1));
            owner.runner(name);
        }
        let path = list::Path { workspace: owner.workspace() };
        let list = |query| owner.list::<ListAudit, AuditEntry>(path.clone(), query).unwrap();
        assert_eq!(
            list(ListQuery::default()).items.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
            ["three", "two", "one"]
        );
        assert_eq!(pages(list, |entry| entry.id).len(), 3);
        assert_eq!(list(named("t")).items.len(), 2);
    }

    #[test]
    fn what_a_token_did_names_the_token() {
        let app = App::new();
        let owner = app.owner("acme");
        let made = owner.raw(http::Method::POST, "/api/v1/tokens", r#"{"name":"ci"}"#);
        let made: patr_models::token::NewToken = serde_json::from_slice(made.body()).unwrap();
        owner.with_token(made.secret).runner("box");
        let path = list::Path { workspace: owner.workspace() };
        let entries = owner.list::<ListAudit, AuditEntry>(path, ListQuery::default()).unwrap().items;
        assert_eq!((entries[0].action.as_str(), entries[0].token), ("CreateRunner", Some(made.token.id)));
    }
}
