//! `patr token show`.

use patr_models::{
    auth::{Grant, Scope},
    ids::{Ref, TokenId},
    token::{
        LastUsed, Opening, Token,
        get::{GetToken, Path},
    },
};

use super::workspaces;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Show an API token.
pub(super) async fn show(token: Ref<TokenId>, ctx: &Context) -> Outcome {
    let token = ctx.client.call(plain::<GetToken>(Path { token })).await?.body.0;
    ctx.printer.item(&token, &fields(&token))?;
    Ok(Exit::Ok)
}

fn fields(token: &Token) -> Vec<(&'static str, String)> {
    let networks: Vec<String> = token.networks.iter().map(ToString::to_string).collect();
    let mut fields = vec![("name", token.name.to_string()), ("workspaces", workspaces(token))];
    for opening in token.workspaces.iter().flatten() {
        fields.extend(opened(opening));
    }
    fields.extend([
        ("from", if networks.is_empty() { "everywhere".to_owned() } else { networks.join(" ") }),
        ("last used", token.last_used.as_ref().map_or_else(|| "never".to_owned(), last_used)),
        ("created", text::time(token.created_at)),
        ("good from", text::or_dash(token.not_before.map(text::time))),
        ("expires", text::or_dash(token.expires_at.map(text::time))),
    ]);
    if let Some(until) = token.former_until {
        fields.push(("old secret", format!("good until {}", text::time(until))));
    }
    if let Some(maker) = token.made_by {
        fields.push(("made by", maker.to_string()));
    }
    fields.push(("id", token.id.to_string()));
    fields
}

/// A line for each permission in a workspace.
fn opened(opening: &Opening) -> Vec<(&'static str, String)> {
    let workspace = opening.workspace;
    let Some(grants) = &opening.grants else {
        return vec![("may", format!("whatever you may in {workspace}"))];
    };
    grants.iter().map(|grant| ("may", format!("{} in {workspace}", granted(grant)))).collect()
}

fn granted(grant: &Grant) -> String {
    let list = |ids: &std::collections::BTreeSet<String>| ids.iter().cloned().collect::<Vec<_>>().join(", ");
    match &grant.resources {
        Scope::All => grant.permission.to_string(),
        Scope::Only(ids) => format!("{} only for {}", grant.permission, list(ids)),
        Scope::Except(ids) => format!("{} but not for {}", grant.permission, list(ids)),
    }
}

fn last_used(used: &LastUsed) -> String {
    let at = text::time(used.at);
    used.from.map_or_else(|| at.clone(), |from| format!("{at} from {from}"))
}
