//! Jumping anywhere by typing a part of its name.

use futures_util::future::join4;
use leptos::{html, prelude::*};
use leptos_router::hooks::use_navigate;
use patr_models::{
    deployment::{self, list::ListDeployments},
    endpoint::{
        ApiEndpoint,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::{Ref, WorkspaceId},
    name::Name,
    page::{ListQuery, Page},
    runner::{self, list::ListRunners},
    site::{self, list::ListSites},
    volume::{self, list::ListVolumes},
};

use super::icon::icon;
use crate::{
    api, browser,
    here::Here,
    place::{self, Section},
    search::matches,
    split,
    text::shell as words,
};

/// Most entries that are shown.
const SHOWN: usize = 12;

/// Somewhere to jump to.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    sign: &'static str,
    name: String,
    kind: &'static str,
    path: String,
}

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    dialog: NodeRef<html::Dialog>,
    typed: RwSignal<String>,
    /// Which entry Enter leads to.
    at: RwSignal<usize>,
    /// What the workspace has; asked for when it is opened.
    resources: RwSignal<Vec<Entry>>,
    here: Here,
}

impl Palette {
    pub(crate) fn new() -> Self {
        Self {
            dialog: NodeRef::new(),
            typed: RwSignal::new(String::new()),
            at: RwSignal::new(0),
            resources: RwSignal::new(Vec::new()),
            here: Here::of_the_page(),
        }
    }

    pub(crate) fn open(self) {
        let Some(dialog) = self.dialog.get_untracked() else { return };
        self.typed.set(String::new());
        self.at.set(0);
        if dialog.show_modal().is_ok() {
            let workspace = untrack(|| self.here.name());
            leptos::task::spawn_local(async move {
                // Without them there are the views to jump to.
                if let Ok(part) = split::overview().await
                    && let Ok(entries) = (part.entries)(workspace).await
                {
                    self.resources.set(entries);
                }
            });
        }
    }

    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
    }

    fn entries(self) -> Vec<Entry> {
        let typed = self.typed.get();
        let all = views(self.here).into_iter().chain(self.resources.get());
        all.filter(|entry| matches(&typed, &format!("{} {}", entry.kind, entry.name))).take(SHOWN).collect()
    }

    pub(crate) fn view(self) -> impl IntoView {
        let entries = Memo::new(move |_| self.entries());
        let navigate = use_navigate();
        let go = move || {
            if let Some(entry) =
                entries.with_untracked(|entries| entries.get(self.at.get_untracked()).cloned())
            {
                self.close();
                navigate(&entry.path, leptos_router::NavigateOptions::default());
            }
        };
        let step = move |by: isize| {
            let last = entries.with_untracked(|entries| entries.len().saturating_sub(1));
            self.at.update(|at| *at = at.saturating_add_signed(by).min(last));
        };
        let key = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
            "ArrowDown" => {
                event.prevent_default();
                step(1);
            }
            "ArrowUp" => {
                event.prevent_default();
                step(-1);
            }
            _ => {}
        };
        view! {
            <dialog class="palette" node_ref=self.dialog aria-label=words::JUMP>
                <form method="dialog" on:submit=move |event| { event.prevent_default(); go(); }>
                    <input
                        type="search" role="combobox" aria-label=words::JUMP aria-controls="palette-entries"
                        aria-expanded="true" autocomplete="off" placeholder=words::JUMP_HINT
                        aria-activedescendant=move || format!("palette-{}", self.at.get())
                        prop:value=move || self.typed.get()
                        on:input=move |event| { self.typed.set(event_target_value(&event)); self.at.set(0); }
                        on:keydown=key
                    />
                </form>
                <ul role="listbox" id="palette-entries" aria-label=words::JUMP>
                    {move || entries.get().into_iter().enumerate().map(|(at, entry)| self.option(at, entry)).collect_view()}
                </ul>
                {move || entries.with(Vec::is_empty).then(|| view! { <p class="soft">{words::JUMP_NOTHING}</p> })}
            </dialog>
        }
    }

    fn option(self, at: usize, entry: Entry) -> impl IntoView {
        let navigate = use_navigate();
        let Entry { sign, name, kind, path } = entry;
        view! {
            <li
                role="option" id=format!("palette-{at}")
                aria-selected=move || (self.at.get() == at).to_string()
                on:click=move |_| { self.close(); navigate(&path, leptos_router::NavigateOptions::default()); }
            >
                {icon(sign)} <span>{name}</span> <small>{kind}</small>
            </li>
        }
    }
}

/// The views that there are whatever a workspace has.
fn views(here: Here) -> Vec<Entry> {
    let workspace = here.name();
    let sections = Section::ALL.into_iter().filter(|_| !workspace.is_empty()).map(|section| Entry {
        sign: sign(section),
        name: words::section(section).to_owned(),
        kind: "",
        path: section.path(&workspace),
    });
    let workspaces = here.workspaces.known().map(|page| page.items).unwrap_or_default();
    let workspaces = workspaces.into_iter().map(|workspace| Entry {
        sign: "overview",
        path: Section::Overview.path(workspace.name.as_str()),
        name: workspace.name.to_string(),
        kind: "workspace",
    });
    let own = [(place::WORKSPACES, words::workspaces::TITLE), (place::TOKENS, words::YOUR_TOKENS)];
    let own =
        own.map(|(path, name)| Entry { sign: "key", name: name.to_owned(), kind: "", path: path.to_owned() });
    sections.chain(workspaces).chain(own).collect()
}

/// The sign of a section, as of all that is in it.
pub(crate) fn sign(section: Section) -> &'static str {
    match section {
        Section::Overview => "overview",
        Section::Deployments => "deployments",
        Section::Runners => "runners",
        Section::Volumes => "volumes",
        Section::Sites => "sites",
        Section::Urls => "urls",
        Section::Secrets => "secrets",
        Section::Members => "members",
        Section::Roles => "roles",
        Section::Audit => "audit",
    }
}

/// What a workspace has, as far as the caller may see it.
pub(crate) async fn resources(workspace: String) -> Vec<Entry> {
    let Ok(of) = workspace.parse::<Ref<WorkspaceId>>() else { return Vec::new() };
    let path = deployment::list::Path { workspace: of.clone() };
    let deployments = named::<ListDeployments, _>(path, |it| it.name);
    let path = site::list::Path { workspace: of.clone() };
    let sites = named::<ListSites, _>(path, |it| it.name);
    let path = runner::list::Path { workspace: of.clone() };
    let runners = named::<ListRunners, _>(path, |it| it.name);
    let volumes = named::<ListVolumes, _>(volume::list::Path { workspace: of }, |it| it.name);
    let (deployments, sites, runners, volumes) = join4(deployments, sites, runners, volumes).await;
    let found = [
        (Section::Deployments, "deployment", deployments),
        (Section::Sites, "site", sites),
        (Section::Runners, "runner", runners),
        (Section::Volumes, "volume", volumes),
    ];
    let entries = found.into_iter().flat_map(|(section, kind, names)| {
        let entry = |name: Name| Entry {
            sign: sign(section),
            path: place::one(section, &workspace, name.as_str()),
            name: name.to_string(),
            kind,
        };
        names.into_iter().map(entry).collect::<Vec<_>>()
    });
    entries.collect()
}

/// The names of the first of a list; none where it cannot be had.
async fn named<E, T>(path: E::Path, name: fn(T) -> Name) -> Vec<Name>
where
    E: ApiEndpoint<Query = ListQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<Page<T>>>,
    E::Path: Clone,
{
    let page = api::list::<E, T>(path, "", 1).await;
    page.map(|page| page.items.into_iter().map(name).collect()).unwrap_or_default()
}

/// Keys that work everywhere: `/` for the search field of a view, Ctrl-K to jump.
pub(crate) fn listen(palette: Palette) {
    let _ = window_event_listener(leptos::ev::keydown, move |event| {
        let is_jump = (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k");
        if is_jump {
            event.prevent_default();
            palette.open();
        } else if event.key() == "/" && !browser::is_typing() && browser::focus_search() {
            event.prevent_default();
        }
    });
}
