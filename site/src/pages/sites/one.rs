//! One site: its versions, and which of them is live.

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    endpoint::body::{Json, NoBody},
    ids::{Ref, SiteId},
    site::{
        Access, Site, SiteVersion, VersionNumber, delete, get,
        rollback::{self, RollBackSite},
        start::{self, StartSite},
        stop::{self, StopSite},
        versions::{self, ListVersions},
    },
};

use super::{DEPENDS_ON, condition, link, upload};
use crate::{
    api,
    command::patr_in,
    format,
    here::Here,
    parts::{
        action::Action,
        badge,
        command::as_command,
        dialog::{self, Danger, Dialog, Picked, danger},
        facts, id,
        list::{Listing, table},
        moment,
        notice::Notice,
        page::{head_of, of_address},
        until,
    },
    place::Section,
    status::{Badge, Tone},
    text::edge::sites as words,
};

/// What a head and its questions depend on.
#[derive(Clone, PartialEq)]
struct Known {
    id: SiteId,
    name: String,
    url: String,
    is_running: bool,
}

pub(crate) fn show() -> impl IntoView {
    let here = Here::of_the_page();
    let name = of_address("name");
    let site =
        here.one::<get::GetSite, _, _>(name, DEPENDS_ON, |workspace, site| get::Path { workspace, site });
    let known = Memo::new(move |_| {
        site.known().map(|one| Known {
            id: one.id,
            name: one.name.to_string(),
            url: one.url,
            is_running: one.running,
        })
    });
    view! {
        {move || head_of(here, Section::Sites, name.get(), move || known.get().map(|known| actions(here, known)))}
        {site.show(about)}
        {move || known.get().map(|known| versions(here, known))}
    }
}

fn about(site: Site) -> impl IntoView {
    let access = match site.access {
        Access::Public => words::PUBLIC,
        Access::Password => words::PASSWORD,
        Access::Members => words::MEMBERS,
    };
    let rows = vec![
        (words::STATUS, badge(condition(&site)).into_any()),
        (words::ADDRESS, link(&site.url).into_any()),
        (words::ACCESS, access.into_any()),
        (words::CHANGED, moment(site.updated_at).into_any()),
        (words::ID, id(site.id).into_any()),
    ];
    view! { <section class="card">{facts(rows)}</section> }
}

fn actions(here: Here, known: Known) -> impl IntoView {
    let (dialog, switching) = (Dialog::new(), Action::new());
    let Known { id, name, url, is_running } = known;
    let switch = move |_| {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let (workspace, site) = (workspace?, Ref::Id(id));
            if is_running {
                api::call::<StopSite>(stop::Path { workspace, site }, NoBody).await.map(drop)
            } else {
                api::call::<StartSite>(start::Path { workspace, site }, NoBody).await.map(drop)
            }
        };
        switching.run(doing, |()| ());
    };
    let (verb, word) = if is_running { (words::STOP, "stop") } else { (words::START, "start") };
    let line = patr_in(&here.name(), &["site", word, &name]);
    let ask = Danger {
        title: words::delete_title(&name),
        says: words::DELETE_SAYS.to_owned(),
        name: Some(name.clone()),
        button: words::DELETE,
        command: patr_in(&here.name(), &["site", "delete", &name]),
    };
    view! {
        <a class="button" href=url target="_blank" rel="noopener external">{words::OPEN}</a>
        {here.may_on(Permission::SiteDeploy, &id).then(|| view! {
            <button disabled=move || switching.is_busy() on:click=switch>{verb}</button>
            {as_command(move || line.clone())}
        })}
        {here.may_on(Permission::SiteDelete, &id).then(|| view! { <button class="danger" on:click=move |_| dialog.open()>{words::DELETE}</button> })}
        {dialog::end(here, Section::Sites, dialog, ask, move |workspace| {
            api::call::<delete::DeleteSite>(delete::Path { workspace, site: Ref::Id(id) }, NoBody)
        })}
        <div class="wide">{switching.problem()}</div>
    }
}

fn versions(here: Here, known: Known) -> impl IntoView {
    let listing = Listing::new();
    let id = known.id;
    let may_deploy = here.may_on(Permission::SiteDeploy, &id);
    let all = listing.ask::<ListVersions, _>(here, DEPENDS_ON, move |workspace| versions::Path {
        workspace,
        site: Ref::Id(id),
    });
    let chosen = Picked::new();
    let name = known.name.clone();
    view! {
        {may_deploy.then(|| upload::version(here, name))}
        <h2>{words::VERSIONS}</h2>
        {all.show(move |page| listing.draw(
            page,
            || view! { <p class="soft">{words::VERSIONS_NONE}</p> }.into_any(),
            |items| {
                let rows = items.iter().map(|version| row(version, may_deploy, chosen)).collect();
                table(words::VERSIONS, &words::VERSION_COLUMNS, rows).into_any()
            },
        ))}
        {chosen.view(move |version, dialog| ask(here, &known, version, dialog))}
    }
}

fn row(version: &SiteVersion, may_deploy: bool, chosen: Picked<VersionNumber>) -> Vec<AnyView> {
    let number = version.number;
    let said = match (&version.preview, version.live) {
        (_, true) => Badge { tone: Tone::Good, word: words::LIVE },
        (Some(_), false) => Badge { tone: Tone::Busy, word: words::PREVIEW },
        (None, false) => Badge { tone: Tone::Quiet, word: words::EARLIER },
    };
    let preview = version.preview.as_ref().map(|preview| {
        view! {
            <div><small>{link(&preview.url)} " " {until(preview.expires_at)}</small></div>
        }
    });
    vec![
        view! { <strong>{number}</strong> }.into_any(),
        view! { {badge(said)} {preview} }.into_any(),
        version.files.into_any(),
        format::bytes(version.bytes).into_any(),
        moment(version.created_at).into_any(),
        (may_deploy && !version.live).then(|| chosen.button("", words::ROLL_BACK, number)).into_any(),
    ]
}

fn ask(here: Here, known: &Known, version: VersionNumber, dialog: Dialog) -> impl IntoView + use<> {
    let (action, notice, id) = (Action::new(), Notice::of_the_page(), known.id);
    let run = move || {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = rollback::Path { workspace: workspace?, site: Ref::Id(id) };
            api::call::<RollBackSite>(path, Json(rollback::Body { version: Some(version) })).await
        };
        action.run(doing, move |_| {
            dialog.close();
            notice.say(words::DONE);
        });
    };
    let number = version.to_string();
    let ask = Danger {
        title: words::roll_back_title(version),
        says: words::ROLL_BACK_SAYS.to_owned(),
        name: None,
        button: words::ROLL_BACK,
        command: patr_in(&here.name(), &["site", "rollback", &known.name, "--version", &number]),
    };
    danger(dialog, action, ask, run)
}
