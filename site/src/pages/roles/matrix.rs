//! What each role allows: a line for each permission, a column for each role.

use leptos::prelude::*;
use patr_models::{
    auth::{Access, Permission, Scope},
    role::Role,
};

use crate::{parts::icon::icon, text::people::roles as words};

pub(super) fn show(roles: &[Role]) -> impl IntoView + use<> {
    let head =
        roles.iter().map(|role| view! { <th scope="col">{role.role.name.to_string()}</th> }).collect_view();
    let access: Vec<Access> = roles.iter().map(|role| role.grants.iter().cloned().collect()).collect();
    let rows = Permission::ALL.iter().map(|&permission| {
        let cells = access.iter().map(|access| cell(access.scope(permission))).collect_view();
        view! { <tr><th scope="row"><code>{permission.as_str()}</code></th>{cells}</tr> }
    });
    view! {
        // What is wider than the screen is scrolled with the keys, too.
        <div class="scroll" tabindex="0" role="region" aria-label=words::MATRIX>
            <table class="matrix">
                <caption class="hidden">{words::MATRIX}</caption>
                <thead><tr><th scope="col">{words::PERMISSION}</th>{head}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

fn cell(scope: &Scope) -> impl IntoView + use<> {
    let (sign, class, said) = match scope {
        Scope::All => ("good", "good", words::ALL),
        scope if scope.is_none() => ("quiet", "quiet", words::NONE),
        Scope::Only(_) | Scope::Except(_) => ("warning", "warning", words::SOME),
    };
    view! { <td><span class=format!("sign {class}") title=said>{icon(sign)}<span class="hidden">{said}</span></span></td> }
}
