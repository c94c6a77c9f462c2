//! The frame around every view: where one is, where one can go, and whether what is shown is of now.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use patr_models::auth::Permission;

use crate::{
    browser::{self, Theme},
    here::{Gate, Here},
    live::Live,
    newer,
    parts::{
        icon::icon,
        notice::Notice,
        palette::{self, Palette, sign},
        problem::problem_box,
        skeleton,
    },
    place::{self, Section},
    split,
    text::shell as words,
};

/// Draws a view inside of the frame, once it is known that there is something to draw.
pub(crate) fn shell<V: IntoAny + 'static>(children: impl Fn() -> V + Send + Sync + 'static) -> impl IntoView {
    let live = Live::begin();
    let notice = Notice::begin();
    let path = use_location().pathname;
    let here = Here::begin(path);
    let jump = Palette::new();
    palette::listen(jump);
    newer::follow(live);
    split::load_all();
    let gate = Memo::new(move |_| here.gate());
    let is_open = RwSignal::new(false);
    // A view that was chosen is what somebody wants to see, not the menu.
    Effect::new(move |_| {
        path.track();
        is_open.set(false);
    });
    view! {
        <a class="skip" href="#content" rel="external" on:click=move |event| { event.prevent_default(); browser::focus("#content"); }>
            {words::SKIP}
        </a>
        <div class="shell">
            <div class="bar">
                <button class="plain" aria-label=words::MENU aria-expanded=move || is_open.get().to_string() on:click=move |_| is_open.update(|open| *open = !*open)>
                    {icon("menu")}
                </button>
                <a class="brand" href="/">{words::BRAND}</a>
            </div>
            <aside class="side" class:open=move || is_open.get()>
                <a class="brand" href="/">{words::BRAND}</a>
                {move || switcher(here)}
                <button class="jump" on:click=move |_| jump.open()>
                    {icon("search")} <span>{words::JUMP}</span> <kbd>{words::JUMP_KEY}</kbd>
                </button>
                <nav aria-label=words::NAVIGATION>{move || sections(here, path)}</nav>
                {foot(here)}
            </aside>
            <main id="content" tabindex="-1">
                {move || live.old_since().map(|since| view! {
                    <p class="old" role="status">{icon("warning")} {words::as_of(&browser::local_clock(since))}</p>
                })}
                {move || match gate.get() {
                    Gate::Open => children().into_any(),
                    Gate::Waiting => skeleton().into_any(),
                    Gate::Closed(problem) => problem_box(problem).into_any(),
                }}
            </main>
        </div>
        {jump.view()}
        {notice.view()}
    }
}

fn switcher(here: Here) -> impl IntoView {
    let navigate = use_navigate();
    let current = here.name();
    let names: Vec<String> = here
        .workspaces
        .known()
        .map(|page| page.items.iter().map(|one| one.name.to_string()).collect())
        .unwrap_or_default();
    let is_elsewhere = !names.contains(&current);
    let options = names.into_iter().map(|name| {
        let is_current = name == current;
        let value = Section::Overview.path(&name);
        view! { <option value=value selected=is_current>{name}</option> }
    });
    view! {
        <label class="switcher">
            <span class="hidden">{words::SWITCH}</span>
            <select on:change=move |event| navigate(&event_target_value(&event), leptos_router::NavigateOptions::default())>
                {options.collect_view()}
                <option value=place::WORKSPACES selected=is_elsewhere>{words::ALL_WORKSPACES}</option>
            </select>
        </label>
    }
}

fn sections(here: Here, path: Memo<String>) -> impl IntoView {
    let workspace = here.name();
    let sections =
        Section::ALL.into_iter().filter(|section| !workspace.is_empty() && here.may(view_of(*section)));
    let links = sections.map(|section| {
        let current = move || (Section::of(&path.get()) == Some(section)).then_some("page");
        view! {
            <a href=section.path(&workspace) aria-current=current>{icon(sign(section))} {words::section(section)}</a>
        }
    });
    links.collect_view()
}

/// What somebody needs to see anything of a section.
fn view_of(section: Section) -> Permission {
    match section {
        Section::Overview => Permission::WorkspaceView,
        Section::Deployments => Permission::DeploymentView,
        Section::Runners => Permission::RunnerView,
        Section::Volumes => Permission::VolumeView,
        Section::Sites => Permission::SiteView,
        Section::Urls => Permission::UrlView,
        Section::Secrets => Permission::SecretView,
        Section::Members => Permission::MemberView,
        Section::Roles => Permission::RoleView,
        Section::Audit => Permission::AuditView,
    }
}

/// What is the caller's own.
fn foot(here: Here) -> impl IntoView {
    let theme = RwSignal::new(Theme::chosen());
    let choices = Theme::ALL.map(|choice| {
        let name = choice.as_str();
        view! {
            <label>
                <input type="radio" name="theme" value=name checked=theme.get_untracked() == choice on:change=move |_| {
                    theme.set(choice);
                    choice.choose();
                }/>
                <span>{words::theme(name)}</span>
            </label>
        }
    });
    view! {
        <div class="foot">
            <a href=place::TOKENS>{icon("key")} {words::YOUR_TOKENS}</a>
            <a href=place::ACCOUNT rel="external">
                {icon("members")} {move || here.user.known().map_or_else(|| words::YOUR_ACCOUNT.to_owned(), |user| user.email.to_string())}
            </a>
            <fieldset class="theme"><legend class="hidden">{words::THEME}</legend>{choices.into_iter().collect_view()}</fieldset>
        </div>
    }
}
