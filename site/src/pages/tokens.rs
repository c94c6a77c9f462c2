//! The caller's own tokens.

use std::time::Duration;

use leptos::prelude::*;
use patr_models::{
    endpoint::body::{Created, NoBody},
    ids::Ref,
    name::Name,
    token::{
        Token,
        create::{Body, CreateToken, Opening, Path},
        list::{self, ListTokens},
        revoke::{self, RevokeToken},
    },
    workspace::Workspace,
};

use crate::{
    api, browser,
    command::patr,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        action::Action,
        command::command,
        dialog::{Danger, Dialog, Picked, danger},
        form::{Field, field, select, submit},
        list::{Listing, empty, table},
        moment,
        page::{head, section},
        until,
    },
    text::{people::tokens as words, shell},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let tokens = fresh(move || {
        let pages = listing.pages.get();
        Ask::new("tokens", async move { api::list::<ListTokens, _>(list::Path {}, "", pages).await })
    });
    let revoked = Picked::new();
    view! {
        {head(words::TITLE, ())}
        <p class="soft">{words::SAYS}</p>
        {tokens.show(move |page| {
            let known = here.workspaces.known().map(|page| page.items).unwrap_or_default();
            listing.draw(
                page,
                || empty(words::EMPTY, words::EMPTY_SAYS, Some(patr(&["token", "create", "ci"]))).into_any(),
                |items| {
                    let rows = items.iter().map(|token| row(token, &known, revoked)).collect();
                    table(words::TITLE, &words::COLUMNS, rows).into_any()
                },
            )
        })}
        {revoked.view(|token, dialog| ask(&token, dialog))}
        {move || here.workspaces.known().map(|page| section(words::NEW, form(page.items)))}
    }
}

fn row(token: &Token, known: &[Workspace], revoked: Picked<Token>) -> Vec<AnyView> {
    let name_of = |id| {
        known
            .iter()
            .find(|workspace| workspace.id == id)
            .map_or_else(|| format!("{id}"), |it| it.name.to_string())
    };
    let opens = token.workspaces.as_ref().map_or_else(
        || words::EVERYTHING.to_owned(),
        |openings| openings.iter().map(|opening| name_of(opening.workspace)).collect::<Vec<_>>().join(", "),
    );
    vec![
        view! { <span class="name">{token.name.to_string()}</span> }.into_any(),
        opens.into_any(),
        moment(token.created_at).into_any(),
        token.last_used.as_ref().map_or_else(|| words::NEVER.into_any(), |used| moment(used.at).into_any()),
        token.expires_at.map_or_else(|| words::NEVER.into_any(), |at| until(at).into_any()),
        revoked.button("danger", words::REVOKE, token.clone()),
    ]
}

fn ask(token: &Token, dialog: Dialog) -> impl IntoView + use<> {
    let (action, id) = (Action::new(), token.id);
    let run = move || {
        let doing = api::call::<RevokeToken>(revoke::Path { token: Ref::Id(id) }, NoBody);
        action.run(doing, move |_| dialog.close());
    };
    let name = token.name.as_str();
    let ask = Danger {
        title: words::revoke_title(name),
        says: words::REVOKE_SAYS.to_owned(),
        name: None,
        button: words::REVOKE,
        command: patr(&["token", "revoke", name]),
    };
    danger(dialog, action, ask, run)
}

fn form(workspaces: Vec<Workspace>) -> impl IntoView {
    let (name, opens, lasts) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let secret = RwSignal::new(None::<String>);
    let action = Action::new();
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let body = match body(&name.get_untracked(), &opens.get_untracked(), &lasts.get_untracked()) {
            Ok(body) => body,
            Err(problem) => return action.refuse(problem),
        };
        action.run(api::create::<CreateToken, _>(Path {}, body), move |Created(made)| {
            name.set(String::new());
            secret.set(Some(made.secret));
        });
    };
    let line = move || {
        let (name, opens, lasts) = (name.get_untracked(), opens.get_untracked(), lasts.get_untracked());
        let days = format!("{lasts}d");
        let only: &[&str] = if opens.is_empty() { &[] } else { &["--only-workspace", &opens] };
        let ends: &[&str] = if lasts.is_empty() { &[] } else { &["--expires-in", &days] };
        patr(&[&["token", "create", name.trim()], only, ends].concat())
    };
    let everything = (String::new(), words::EVERYTHING.to_owned());
    let each = workspaces.into_iter().map(|one| (one.name.to_string(), words::only(one.name.as_str())));
    let ends = words::DAYS.map(|days| (days.to_string(), words::days(days)));
    let for_ever = (String::new(), words::FOR_EVER.to_owned());
    view! {
        <form on:submit=send>
            {field(words::NAME, words::NAME_HINT, name, Field::of("name", "ci"))}
            <div class="pair">
                {select(words::OPENS, "opens", std::iter::once(everything).chain(each).collect(), opens)}
                {select(words::LASTS, "lasts", std::iter::once(for_ever).chain(ends).collect(), lasts)}
            </div>
            {submit(words::CREATE, action, line)}
        </form>
        {move || secret.get().map(|secret| view! { <h3>{words::SECRET}</h3> <p class="soft">{shell::ONCE}</p> {command(secret)} })}
    }
}

fn body(name: &str, opens: &str, days: &str) -> Result<Body, String> {
    let name: Name =
        name.trim().parse().map_err(|problem: patr_models::name::NameError| problem.to_string())?;
    let expires_at = days.parse::<u32>().ok().map(|days| browser::now() + DAY * days);
    let workspaces = opens.parse().ok().map(|workspace| vec![Opening::of(workspace)]);
    Ok(Body { expires_at, workspaces, ..Body::named(name) })
}
