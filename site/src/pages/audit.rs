//! What was done in a workspace and what was refused. The filter is in the address.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use patr_models::{
    audit::{
        AuditEntry, Outcome,
        list::{ListAudit, Path, Query},
    },
    auth::{Permission, ResourceType},
    ids::UserId,
    member::{Member, list as list_members},
    page::Page,
};
use serde_json::Value;

use crate::{
    api::{self, Problem},
    command::patr_in,
    fresh::{Ask, Fresh, fresh, once},
    here::Here,
    parts::{
        badge,
        command::as_command,
        id,
        list::{Listing, table},
        moment,
        page::head,
    },
    place::Section,
    spec,
    status::{Badge, Tone},
    text::{people::audit as words, shell},
};

/// Lines that are asked for at once.
const PAGE: u16 = 50;

/// What lines are looked for, as in the address.
#[derive(Clone, Default, PartialEq)]
struct Filter {
    name: String,
    action: String,
    outcome: String,
}

impl Filter {
    fn query(&self) -> Query {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == self.outcome);
        Query {
            limit: Some(PAGE),
            name: some(&self.name),
            action: some(&self.action),
            outcome,
            ..Query::default()
        }
    }

    fn pairs(&self) -> [(&'static str, &str); 3] {
        [("name", &self.name), ("action", &self.action), ("outcome", &self.outcome)]
    }

    /// The address of the same filter.
    fn path(&self, workspace: &str) -> String {
        let set = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> =
            set.map(|(key, value)| format!("{key}={}", js_sys::encode_uri_component(value))).collect();
        format!("{}?{}", Section::Audit.path(workspace), pairs.join("&"))
    }
}

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let asked = use_query_map();
    let filter = Memo::new(move |_| {
        asked.with(|query| {
            let of = |key: &str| query.get(key).unwrap_or_default();
            Filter { name: of("name"), action: of("action"), outcome: of("outcome") }
        })
    });
    let listing = Listing::new();
    let people = people(here);
    let lines = fresh(move || {
        let (workspace, filter, pages) = (here.workspace(), filter.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {:?}", filter.pairs()), async move {
            let mut all = Page { items: Vec::new(), next: None };
            let path = Path { workspace: workspace? };
            for _ in 0..pages {
                let query = Query { cursor: all.next.take(), ..filter.query() };
                let page: Page<AuditEntry> = api::query::<ListAudit, _>(path.clone(), query).await?;
                all.items.extend(page.items);
                all.next = page.next;
                if all.next.is_none() {
                    break;
                }
            }
            Ok::<_, Problem>(all)
        })
        .about(&[ResourceType::Audit])
    });
    view! {
        {head(shell::section(Section::Audit), ())}
        {move || form(here, filter.get())}
        {lines.show(move |page| listing.draw(
            page,
            || view! { <p class="soft">{words::EMPTY}</p> }.into_any(),
            |items| table(shell::section(Section::Audit), &words::COLUMNS, items.iter().map(|entry| row(entry, people)).collect()).into_any(),
        ))}
    }
}

fn form(here: Here, filter: Filter) -> impl IntoView {
    let navigate = use_navigate();
    let (name, action) = (RwSignal::new(filter.name.clone()), RwSignal::new(filter.action.clone()));
    let outcome = RwSignal::new(filter.outcome.clone());
    let typed = move || Filter {
        name: name.get_untracked().trim().to_owned(),
        action: action.get_untracked().trim().to_owned(),
        outcome: outcome.get_untracked(),
    };
    let line = move || {
        let filter = typed();
        let set = filter.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let flags: Vec<String> =
            set.flat_map(|(key, value)| [format!("--{key}"), value.to_owned()]).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        patr_in(&untrack(|| here.name()), &[&["audit", "list"], flags.as_slice()].concat())
    };
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        navigate(&typed().path(&untrack(|| here.name())), NavigateOptions::default());
    };
    let outcomes = [("", words::ANY), ("done", words::DONE), ("refused", words::REFUSED)];
    let options = outcomes.map(|(key, said)| {
        view! { <option value=key selected=key == outcome.get_untracked()>{said}</option> }
    });
    view! {
        <form class="filters" on:submit=send>
            <label class="field"><span>{words::NAME}</span><input type="search" name="name" bind:value=name/></label>
            <label class="field"><span>{words::ACTION}</span><input name="action" placeholder=words::ACTION_EXAMPLE bind:value=action/></label>
            <label class="field">
                <span>{words::OUTCOME}</span>
                <select name="outcome" on:change=move |event| outcome.set(event_target_value(&event))>{options.into_iter().collect_view()}</select>
            </label>
            <button>{words::FILTER}</button>
            {as_command(line)}
        </form>
    }
}

/// The addresses of those who are members, as far as the caller may see them.
fn people(here: Here) -> Fresh<Vec<Member>> {
    once(move || {
        let (workspace, may) = (here.workspace(), here.may(Permission::MemberView));
        Ask::new(format!("{workspace:?} {may}"), async move {
            if !may {
                return Ok(Vec::new());
            }
            let path = list_members::Path { workspace: workspace? };
            Ok(api::list::<list_members::ListMembers, _>(path, "", usize::MAX).await?.items)
        })
        .about(&[ResourceType::Member])
    })
}

/// Who has done it: by address while they are a member.
fn person(user: UserId, people: Fresh<Vec<Member>>) -> AnyView {
    let address = move || {
        people.known()?.into_iter().find(|member| member.user == user).map(|member| member.email.to_string())
    };
    (move || address().map_or_else(|| id(user).into_any(), IntoAny::into_any)).into_any()
}

fn row(entry: &AuditEntry, people: Fresh<Vec<Member>>) -> Vec<AnyView> {
    let said = match entry.outcome {
        Outcome::Done => Badge { tone: Tone::Good, word: words::DONE },
        Outcome::Refused => Badge { tone: Tone::Bad, word: words::REFUSED },
    };
    let by = entry.user.map_or_else(|| words::NOBODY.into_any(), |user| person(user, people));
    let address = entry.address.clone();
    vec![
        moment(entry.at).into_any(),
        view! { <code>{entry.action.clone()}</code> {changes(entry)} }.into_any(),
        view! { <span class="name">{spec::visible(&entry.name)}</span> <div><small><code>{spec::visible(&entry.resource)}</code></small></div> }.into_any(),
        view! { {by} {address.map(|address| view! { <div><small>{address}</small></div> })} }.into_any(),
        view! { {badge(said)} {entry.code.clone().map(|code| view! { <div><small>{code}</small></div> })} }.into_any(),
    ]
}

/// What it was before and after, folded away.
fn changes(entry: &AuditEntry) -> Option<impl IntoView + use<>> {
    let part = |title: &'static str, value: &Option<Value>| {
        let text = value.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok())?;
        Some(view! { <h3>{title}</h3> <pre tabindex="0">{spec::visible_lines(&text)}</pre> })
    };
    let (before, after) = (part(words::BEFORE, &entry.before), part(words::AFTER, &entry.after));
    (before.is_some() || after.is_some())
        .then(|| view! { <details><summary>{words::DETAILS}</summary>{before}{after}</details> })
}
