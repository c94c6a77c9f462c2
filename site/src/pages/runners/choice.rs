//! The runners that a form lets somebody choose from.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    runner::{
        Runner,
        list::{ListRunners, Path},
    },
};

use crate::{
    api,
    fresh::{Ask, Fresh, once},
    here::Here,
    place::{self, Section},
    text::{runners as words, shell},
};

/// Asked once: a runner that comes meanwhile must not empty what was typed.
pub(crate) fn known(here: Here) -> Fresh<Vec<Runner>> {
    once(move || {
        let workspace = here.workspace();
        Ask::new(format!("{workspace:?}"), async move {
            let path = Path { workspace: workspace? };
            Ok(api::list::<ListRunners, _>(path, "", usize::MAX).await?.items)
        })
        .about(&[ResourceType::Runner])
    })
}

/// What stands in the place of a form that is of no use: to somebody who may not send it, or without any runner.
pub(crate) fn needed(
    here: Here,
    permission: Permission,
    known: &[Runner],
    none: &'static str,
) -> Option<AnyView> {
    if !here.may(permission) {
        return Some(view! { <p>{shell::WORKSPACE_ONLY}</p> }.into_any());
    }
    let path = place::new(Section::Runners, &here.name());
    let add = || view! { <p>{none}</p> <p><a class="button" href=path>{words::ADD}</a></p> }.into_any();
    known.is_empty().then(add)
}
