//! A new managed URL, beside what answers at its address now.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use patr_models::{
    auth::Permission,
    info::get::{self as info, GetInfo, Info},
    managed_url::{
        create::{Body, CreateUrl, NewTarget, Path},
        test::{self, TestUrl, Verdict},
    },
};

use crate::{
    api::{self, Problem},
    command::patr_in,
    fresh::{Ask, fresh, once},
    here::Here,
    parts::{
        action::Action,
        form::{Field, select, submit},
        notice::Notice,
        page::{head_of, section},
    },
    place::Section,
    spec::said,
    text::{edge::urls as words, shell},
};

/// The kinds of targets, as on the command line.
const KINDS: [(&str, &str); 4] = [
    ("deployment", words::DEPLOYMENT),
    ("site", words::SITE),
    ("proxy", words::PROXY),
    ("redirect", words::REDIRECT),
];

/// What is typed.
#[derive(Clone, Copy)]
struct Form {
    host: RwSignal<String>,
    path: RwSignal<String>,
    kind: RwSignal<String>,
    target: RwSignal<String>,
}

impl Form {
    /// The host, which may be typed without the domain that all have.
    fn host(self, apps_domain: &str) -> String {
        let domain = apps_domain.split(':').next().unwrap_or_default();
        let typed = self.host.get();
        let typed = typed.trim();
        if typed.contains('.') { typed.to_owned() } else { format!("{typed}.{domain}") }
    }

    fn read(self, apps_domain: &str) -> Result<Body, String> {
        let target = self.target.get();
        let target = target.trim();
        let target = match self.kind.get().as_str() {
            "site" => NewTarget::Site { site: target.parse().map_err(said)? },
            "proxy" => NewTarget::Proxy { url: target.parse().map_err(said)? },
            "redirect" => NewTarget::Redirect { url: target.parse().map_err(said)?, permanent: false },
            _ => deployment(target)?,
        };
        Ok(Body {
            host: self.host(apps_domain).parse().map_err(said)?,
            path: Some(self.path.get().trim().parse().map_err(said)?),
            target,
            options: Default::default(),
        })
    }
}

/// A deployment, and perhaps a port of it: `web:8080`.
fn deployment(text: &str) -> Result<NewTarget, String> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port.parse().map_err(said)?)),
        None => (text, None),
    };
    Ok(NewTarget::Deployment { deployment: name.parse().map_err(said)?, port })
}

pub(crate) fn new() -> impl IntoView {
    let here = Here::of_the_page();
    let info = once(|| Ask::new("info", api::get::<GetInfo, _>(info::Path {})));
    view! {
        {head_of(here, Section::Urls, words::NEW, ())}
        {info.show(move |info| {
            if here.may(Permission::UrlCreate) {
                form(here, info).into_any()
            } else {
                view! { <p>{shell::WORKSPACE_ONLY}</p> }.into_any()
            }
        })}
    }
}

fn form(here: Here, info: Info) -> impl IntoView {
    let form = Form {
        host: RwSignal::new(String::new()),
        path: RwSignal::new("/".to_owned()),
        kind: RwSignal::new(KINDS[0].0.to_owned()),
        target: RwSignal::new(String::new()),
    };
    let (action, notice, navigate) = (Action::new(), Notice::of_the_page(), use_navigate());
    let domain = StoredValue::new(info.apps_domain.clone());
    let hint = words::host_hint(&info.apps_domain);
    let address = Memo::new(move |_| {
        let host = form.host(&domain.get_value());
        let port = domain.with_value(|domain| domain.split_once(':').map(|(_, port)| format!(":{port}")));
        format!("{}://{host}{}{}", info.apps_scheme, port.unwrap_or_default(), form.path.get())
    });
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let body = match untrack(|| form.read(&domain.get_value())) {
            Ok(body) => body,
            Err(problem) => return action.refuse(problem),
        };
        let (workspace, navigate) = (untrack(|| here.workspace()), navigate.clone());
        let back = Section::Urls.path(&untrack(|| here.name()));
        let doing = async move { api::create::<CreateUrl, _>(Path { workspace: workspace? }, body).await };
        action.run(doing, move |_| {
            notice.say(words::ADDED);
            navigate(&back, NavigateOptions::default());
        });
    };
    let line = move || {
        untrack(|| {
            let path = form.path.get();
            let place = format!("{}{}", form.host.get().trim(), if path == "/" { "" } else { path.as_str() });
            let flag = format!("--{}", form.kind.get());
            patr_in(&here.name(), &["url", "add", &place, &flag, form.target.get().trim()])
        })
    };
    let kinds = KINDS.map(|(key, said)| (key.to_owned(), said.to_owned())).into();
    view! {
        <form class="card" on:submit=send>
            <div class="pair">
                <label class="field">
                    <span>{words::HOST}</span>
                    <input name="host" required placeholder="shop" autocomplete="off" autocapitalize="none" spellcheck="false" bind:value=form.host/>
                    <small>{hint}</small>
                </label>
                {crate::parts::form::field(words::PATH, words::PATH_HINT, form.path, Field::of("path", "/"))}
                {select(words::KIND, "kind", kinds, form.kind)}
                {crate::parts::form::field(words::TARGET, words::TARGET_HINT, form.target, Field::of("target", "web"))}
            </div>
            {submit(words::ADD, action, line)}
        </form>
        {section(words::TEST, answer(here, form, address))}
    }
}

/// What answers there now, without asking it.
fn answer(here: Here, form: Form, address: Memo<String>) -> impl IntoView {
    let verdict = fresh(move || {
        let (workspace, address, is_typed) =
            (here.workspace(), address.get(), !form.host.get().trim().is_empty());
        Ask::new(format!("{workspace:?} {address}"), async move {
            if !is_typed {
                return Ok(None);
            }
            let url = address.parse().map_err(Problem::saying)?;
            api::query::<TestUrl, Verdict>(test::Path { workspace: workspace? }, test::Query { url })
                .await
                .map(Some)
        })
    });
    verdict.show(|verdict| match verdict {
        None => view! { <p class="soft">{words::TEST_FAILS}</p> }.into_any(),
        Some(verdict) => view! {
            <p>{verdict.summary}</p>
            {verdict.forwards_to.map(|to| view! { <p class="soft"><code>{to}</code></p> })}
            {(!verdict.published).then(|| view! { <p class="soft">{words::PUBLISHING}</p> })}
        }
        .into_any(),
    })
}
