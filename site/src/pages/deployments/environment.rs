//! The environment of a deployment: variables, and those whose values are secrets.

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    deployment::{Deployment, WorkloadSpec},
};

use super::{base::Base, one::Known};
use crate::{
    command::patr_in,
    fresh::Fresh,
    here::Here,
    parts::{
        action::Action,
        form::{lines, submit},
        list::table,
        notice::Notice,
    },
    spec,
    text::deployments as words,
};

pub(crate) fn show(here: Here, deployment: Fresh<Deployment>, known: Known) -> impl IntoView {
    Base::draw(deployment, move |base, one| {
        let may_edit = here.may_on(Permission::DeploymentEdit, &known.id);
        match spec::env_lines(&one.spec) {
            Some(env) if may_edit => form(here, known.clone(), base, env).into_any(),
            env => view! {
                {(may_edit && env.is_none()).then(|| view! { <p class="soft">{words::ENV_SEVERAL}</p> })}
                {read_only(&one.spec)}
            }
            .into_any(),
        }
    })
}

fn read_only(spec: &WorkloadSpec) -> impl IntoView + use<> {
    let plain = spec.env.iter().map(|(name, value)| (name.to_string(), value.clone()));
    let secret =
        spec.secrets.iter().map(|(name, used)| (name.to_string(), words::secret(used.secret.as_str())));
    let rows = plain.chain(secret).map(|(name, value)| {
        vec![
            view! { <code>{name}</code> }.into_any(),
            view! { <code>{spec::visible(&value)}</code> }.into_any(),
        ]
    });
    table(words::ENV, &words::ENV_COLUMNS, rows.collect())
}

fn form(here: Here, known: Known, base: Base, text: String) -> impl IntoView {
    let env = RwSignal::new(text);
    let secrets = RwSignal::new(base.spec.with_untracked(spec::secret_lines));
    let (action, notice) = (Action::new(), Notice::of_the_page());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let read = spec::env(&env.get_untracked())
            .and_then(|env| Ok((env, spec::secrets(&secrets.get_untracked())?)));
        let (env, secrets) = match read {
            Ok(read) => read,
            Err(problem) => return action.refuse(problem),
        };
        let spec = WorkloadSpec { env, secrets, ..base.spec.get_untracked() };
        if let Err(problem) = spec.check() {
            return action.refuse(problem);
        }
        action.run(base.release(here, spec), move |()| notice.say(words::ASKED));
    };
    let name = known.name;
    let line = move || {
        let image = base.spec.with_untracked(|spec| spec.image.to_string());
        let mut words = vec!["deploy".to_owned(), image, "--name".to_owned(), name.clone()];
        for (name, value) in spec::env(&env.get_untracked()).unwrap_or_default() {
            words.extend(["--env".to_owned(), format!("{name}={value}")]);
        }
        for (name, used) in spec::secrets(&secrets.get_untracked()).unwrap_or_default() {
            words.extend(["--secret".to_owned(), format!("{name}={}", used.secret)]);
        }
        patr_in(&untrack(|| here.name()), &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    view! {
        <form class="card" on:submit=send>
            <p class="soft">{words::ENV_SAYS}</p>
            {lines(words::ENV, words::ENV_HINT, "env", "LOG_LEVEL=info", env)}
            {lines(words::SECRETS, words::SECRETS_HINT, "secrets", "DATABASE_URL=database-url", secrets)}
            {submit(words::ENV_SAVE, action, line)}
        </form>
    }
}
