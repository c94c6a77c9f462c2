//! Uploading a folder: what was chosen, what is to become of it, and how far that is.

use std::rc::Rc;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use patr_models::{
    endpoint::body::Created,
    ids::{Ref, WorkspaceId},
    name::Name,
    site::{
        Site,
        config::NotFound,
        create::{self, CreateSite},
        get::{self, GetSite},
    },
};
use wasm_bindgen::JsValue;
use web_sys::File;

use crate::{
    api::{self, Problem},
    browser::files::{self, Found},
    chosen::Chosen,
    command::patr_in,
    format,
    here::Here,
    parts::{
        action::Action,
        command::as_command,
        form::{Field, field, select},
        notice::Notice,
        page::head_of,
    },
    place::{self, Section},
    split,
    text::upload as words,
    upload::{Stage, Target, Upload},
};

/// What the choice of what answers where there is no file is called in a form.
const APP: &str = "single-page-application";

/// What somebody has chosen so far.
#[derive(Clone, Copy)]
struct Form {
    here: Here,
    name: RwSignal<String>,
    /// Whether there may be no site of this name yet.
    is_new: bool,
    folder: RwSignal<Option<Rc<Chosen<File>>>, LocalStorage>,
    not_found: RwSignal<String>,
    upload: Upload,
    action: Action,
    notice: Notice,
}

/// The view of a site that is not there yet.
pub(crate) fn new() -> impl IntoView {
    let here = Here::of_the_page();
    view! {
        {head_of(here, Section::Sites, words::NEW, ())}
        {Form::begin(here, String::new(), true).view()}
    }
}

/// The same for a site that is there.
pub(super) fn version(here: Here, name: String) -> impl IntoView {
    Form::begin(here, name, false).view()
}

impl Form {
    fn begin(here: Here, name: String, is_new: bool) -> Self {
        Self {
            here,
            name: RwSignal::new(name),
            is_new,
            folder: RwSignal::new_local(None),
            not_found: RwSignal::new(String::new()),
            upload: Upload::new(),
            action: Action::new(),
            notice: Notice::of_the_page(),
        }
    }

    fn view(self) -> impl IntoView {
        let navigate = use_navigate();
        let start = move |preview| self.start(preview, navigate.clone());
        let make_preview = start.clone();
        let choices = vec![
            (String::new(), words::NOT_FOUND_PAGE.to_owned()),
            (APP.to_owned(), words::NOT_FOUND_APP.to_owned()),
        ];
        view! {
            <form class="card" on:submit=move |event| { event.prevent_default(); start(false); }>
                {(!self.is_new).then(|| view! { <h2>{words::UPLOAD}</h2> })}
                <p class="soft">{words::SAYS}</p>
                {self.is_new.then(|| field(words::NAME, words::NAME_HINT, self.name, Field::of("name", "www")))}
                {self.zone()}
                {select(words::NOT_FOUND, "not_found", choices, self.not_found)}
                {self.action.problem()}
                {move || progress(self.upload.stage.get())}
                <div class="actions">
                    <button class="primary" disabled=move || !self.is_ready()>{words::LIVE}</button>
                    <button type="button" disabled=move || !self.is_ready() on:click=move |_| make_preview(true)>{words::PREVIEW}</button>
                    {move || self.action.is_busy().then(|| view! {
                        <button type="button" on:click=move |_| self.upload.cancel()>{words::CANCEL}</button>
                    })}
                    {as_command(move || self.command())}
                </div>
            </form>
        }
    }

    /// Where a folder is dropped; who does not drag chooses it with a button.
    fn zone(self) -> impl IntoView {
        let is_over = RwSignal::new(false);
        let drop = move |event: web_sys::DragEvent| {
            event.prevent_default();
            is_over.set(false);
            let entries = files::dropped(&event);
            spawn_local(async move { self.choose(files::walk(entries).await) });
        };
        let pick = move |event: web_sys::Event| self.choose(Ok(files::picked(&event_target(&event))));
        view! {
            <div
                class="drop"
                class:over=move || is_over.get()
                on:dragover=move |event| { event.prevent_default(); is_over.set(true); }
                on:dragleave=move |_| is_over.set(false)
                on:drop=drop
            >
                <p>
                    {words::DROP} " "
                    <label class="button">
                        {words::PICK}
                        <input class="hidden" type="file" name="folder" multiple=true prop:webkitdirectory=true on:change=pick/>
                    </label>
                </p>
                <p role="status">{move || self.folder.get().map(|folder| summary(&folder))}</p>
            </div>
        }
    }

    fn choose(self, found: Result<Vec<Found>, JsValue>) {
        if self.action.is_busy() {
            return;
        }
        self.folder.set(None);
        match found.map_err(|_| words::UNREADABLE.to_owned()).and_then(Chosen::of) {
            Ok(folder) => self.folder.set(Some(Rc::new(folder))),
            Err(problem) => self.action.refuse(problem),
        }
    }

    fn is_ready(self) -> bool {
        self.folder.with(Option::is_some) && !self.action.is_busy()
    }

    fn start(self, preview: bool, navigate: impl Fn(&str, NavigateOptions) + 'static) {
        let Some(folder) = self.folder.get_untracked() else { return };
        let name = match self.name.get_untracked().trim().parse::<Name>() {
            Ok(name) => name,
            Err(problem) => return self.action.refuse(problem),
        };
        let page = place::one(Section::Sites, &untrack(|| self.here.name()), name.as_str());
        let workspace = untrack(|| self.here.workspace());
        let not_found =
            if self.not_found.get_untracked() == APP { NotFound::SinglePage } else { NotFound::Page };
        let doing = async move {
            let (workspace, publish) = (workspace?, split::publish().await?);
            let config = (publish.config)(folder.clone(), not_found).await?;
            let site = find(&workspace, name, self.is_new).await?;
            (publish.deploy)(self.upload, Target { workspace, site, preview }, folder, config).await
        };
        self.action.run(doing, move |version| {
            let is_live = version.live;
            self.notice.say(if is_live {
                words::is_live(version.number)
            } else {
                words::is_preview(version.number)
            });
            let _ = self.folder.try_set(None);
            navigate(&page, NavigateOptions::default());
        });
    }

    fn command(self) -> String {
        let folder = self.folder.get_untracked().and_then(|folder| folder.name.clone());
        let (folder, name) = (folder.unwrap_or_else(|| "public".to_owned()), self.name.get_untracked());
        let mut line = vec!["site", "deploy", &folder, "--name", name.trim()];
        if self.not_found.get_untracked() == APP {
            line.extend(["--not-found", APP]);
        }
        patr_in(&untrack(|| self.here.name()), &line)
    }
}

fn summary(folder: &Chosen<File>) -> String {
    let size = folder.files.iter().map(|(_, file)| file.size() as u64).sum();
    words::chosen(&format::counted(folder.files.len() as u64, "file"), &format::bytes(size))
}

/// The site of this name, made where it may be.
async fn find(workspace: &Ref<WorkspaceId>, name: Name, may_make: bool) -> Result<Site, Problem> {
    let path = get::Path { workspace: workspace.clone(), site: Ref::Name(name.clone()) };
    match api::get::<GetSite, _>(path).await {
        Err(problem) if problem.is_absent && may_make => {
            let path = create::Path { workspace: workspace.clone() };
            let Created(site) = api::create::<CreateSite, _>(path, create::Body { name }).await?;
            Ok(site)
        }
        found => found,
    }
}

fn progress(stage: Stage) -> Option<AnyView> {
    let (done, all, said) = match stage {
        Stage::Idle => return None,
        Stage::Reading { done, all } => (done as u64, all as u64, words::reading(done, all)),
        Stage::Sending { done, all, path } => {
            (done, all, words::sending(&format::bytes(done), &format::bytes(all), &path))
        }
        Stage::Publishing => (1, 1, words::PUBLISHING.to_owned()),
    };
    // An empty bar has a length all the same.
    let (done, all) = (done.to_string(), all.max(1).to_string());
    Some(
        view! {
            <div class="progress">
                <progress aria-label=words::PROGRESS value=done max=all></progress>
                <p class="soft">{said}</p>
            </div>
        }
        .into_any(),
    )
}
