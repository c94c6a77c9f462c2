//! The releases of a deployment, what differs between them, and the way back to one.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    deployment::{
        Outcome, Release, ReleaseNumber,
        releases::{ListReleases, Path},
        rollback::{self, RollBackDeployment},
    },
    endpoint::body::Json,
    ids::Ref,
};

use super::one::Known;
use crate::{
    api, changes,
    command::patr_in,
    here::Here,
    parts::{
        action::Action,
        badge,
        dialog::{Danger, Dialog, Picked, danger},
        list::{Listing, table},
        moment,
        notice::Notice,
    },
    spec, status,
    text::deployments as words,
};

pub(crate) fn show(here: Here, known: Known) -> impl IntoView {
    let listing = Listing::new();
    let id = known.id;
    let releases = listing.ask::<ListReleases, _>(here, &[ResourceType::Deployment], move |workspace| Path {
        workspace,
        deployment: Ref::Id(id),
    });
    let chosen = Picked::new();
    view! {
        {releases.show(move |page| listing.draw(
            page,
            || view! { <p class="soft">{words::RELEASES_NONE}</p> }.into_any(),
            |items| {
                let may_edit = here.may_on(Permission::DeploymentEdit, &id);
                let rows = items.iter().enumerate().map(|(at, release)| {
                    let back = (may_edit && !release.current).then(|| chosen.button("", words::ROLL_BACK, release.number));
                    row(release, items.get(at + 1), back)
                });
                table(words::TAB_RELEASES, &words::RELEASE_COLUMNS, rows.collect()).into_any()
            },
        ))}
        {chosen.view(move |release, dialog| ask(here, &known, release, dialog))}
    }
}

fn row(release: &Release, before: Option<&Release>, back: Option<impl IntoView + 'static>) -> Vec<AnyView> {
    let failure = match &release.outcome {
        Outcome::Failed { failure, .. } => Some(spec::visible(&failure.message)),
        _ => None,
    };
    let differs = before.map(|before| {
        let found = changes::between(
            (&before.spec, before.digest.as_ref()),
            (&release.spec, release.digest.as_ref()),
        );
        if found.is_empty() { words::SAME.to_owned() } else { found.join("; ") }
    });
    let differs =
        differs.unwrap_or_else(|| if release.number == 1 { words::FIRST.to_owned() } else { String::new() });
    vec![
        view! { <strong>{release.number}</strong> {release.current.then(|| view! { <small>" " {words::CURRENT}</small> })} }.into_any(),
        view! { {badge(status::of_release(&release.outcome))} {failure.map(|says| view! { <div><small>{says}</small></div> })} }.into_any(),
        differs.into_any(),
        release.created_by_email.clone().into_any(),
        moment(release.created_at).into_any(),
        back.into_any(),
    ]
}

fn ask(here: Here, known: &Known, release: ReleaseNumber, dialog: Dialog) -> impl IntoView + use<> {
    let (action, notice, id) = (Action::new(), Notice::of_the_page(), known.id);
    let run = move || {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = rollback::Path { workspace: workspace?, deployment: Ref::Id(id) };
            let body = Json(rollback::Body { release: Some(release) });
            api::change::<RollBackDeployment>(path, body).await
        };
        action.run(doing, move |_| {
            dialog.close();
            notice.say(words::ASKED);
        });
    };
    let number = release.to_string();
    let ask = Danger {
        title: words::roll_back_title(release),
        says: words::ROLL_BACK_SAYS.to_owned(),
        name: None,
        button: words::ROLL_BACK,
        command: patr_in(&here.name(), &["deployment", "rollback", &known.name, "--release", &number]),
    };
    danger(dialog, action, ask, run)
}
