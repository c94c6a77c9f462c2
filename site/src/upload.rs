//! A folder from this browser into a version of a site, with the packs and the manifest that `patr site deploy` makes of it.
//! Nothing of it is served before the last call, so whatever ends this before leaves the site as it is.

mod send;

use std::collections::HashMap;

use bytes::Bytes;
use leptos::prelude::*;
use patr_folder::{
    Hash,
    content_type::content_type,
    file::File,
    hashed_name::hashed_names,
    manifest::manifest,
    plan::{Plan, plan},
    rules::RuleFiles,
};
use patr_models::{
    endpoint::{
        Call,
        body::{NoBody, Octets},
        headers::NoHeaders,
    },
    ids::{Ref, WorkspaceId},
    limits::CHUNK,
    site::{
        Site, SiteVersion,
        config::{HtmlHandling, NotFound, ServeConfig},
        create_version::{self, CreateVersion},
        manifest::Manifest,
        manifest_get::{self, GetManifest},
    },
};
use sha2::{Digest, Sha256};
use wasm_bindgen::JsValue;

use crate::{
    api::{self, Problem},
    browser::files,
    chosen::Chosen,
    text::upload as words,
};
use send::{Sending, patiently};

/// See the module. It ends with the view that has begun it.
#[derive(Clone, Copy)]
pub(crate) struct Upload {
    pub(crate) stage: RwSignal<Stage>,
    is_cancelled: StoredValue<bool>,
}

/// How far it is.
#[derive(Clone, PartialEq)]
pub(crate) enum Stage {
    Idle,
    /// Files.
    Reading {
        done: usize,
        all: usize,
    },
    /// Bytes, and the file that is in work.
    Sending {
        done: u64,
        all: u64,
        path: String,
    },
    Publishing,
}

/// Where it goes.
pub(crate) struct Target {
    pub(crate) workspace: Ref<WorkspaceId>,
    pub(crate) site: Site,
    /// Whether it gets an address of its own, and what is live stays so.
    pub(crate) preview: bool,
}

impl Upload {
    pub(crate) fn new() -> Self {
        Self { stage: RwSignal::new(Stage::Idle), is_cancelled: StoredValue::new(false) }
    }

    /// Ends it at its next step.
    pub(crate) fn cancel(self) {
        self.is_cancelled.set_value(true);
    }

    /// Does all of it.
    pub(crate) async fn deploy(
        self,
        to: &Target,
        chosen: &Chosen<web_sys::File>,
        config: &ServeConfig,
    ) -> Result<SiteVersion, Problem> {
        self.is_cancelled.set_value(false);
        let done = self.steps(to, chosen, config).await;
        let _ = self.stage.try_set(Stage::Idle);
        done
    }

    async fn steps(
        self,
        to: &Target,
        chosen: &Chosen<web_sys::File>,
        config: &ServeConfig,
    ) -> Result<SiteVersion, Problem> {
        let files = self.read(chosen).await?;
        let live = live_manifest(to).await?;
        let Plan { mut packs, mut contents, todo, .. } = plan(&files, live.as_ref());
        Sending::new(self, to, &todo).all(&todo, &mut packs, &mut contents).await?;
        self.reach(Stage::Publishing)?;
        let manifest = manifest(&files, &packs, &contents, &config.write()).map_err(Problem::saying)?;
        publish(to, manifest.into()).await
    }

    /// What each file holds.
    async fn read(self, chosen: &Chosen<web_sys::File>) -> Result<Vec<File<web_sys::File>>, Problem> {
        let immutable = hashed_names(chosen.files.iter().map(|(path, _)| path.as_str()));
        let mut files = Vec::new();
        for ((path, source), immutable) in chosen.files.iter().zip(immutable) {
            self.reach(Stage::Reading { done: files.len(), all: chosen.files.len() })?;
            let held = (size(source), hash(source).await.map_err(unreadable)?);
            let content_type = content_type(path, Some(&source.type_()));
            files.push(File::new(path.clone(), source.clone(), held, content_type, immutable));
        }
        Ok(files)
    }

    /// Goes on with this, unless somebody has cancelled it or gone elsewhere.
    fn reach(self, stage: Stage) -> Result<(), Problem> {
        if self.is_cancelled.try_get_value().unwrap_or(true) {
            return Err(Problem::saying(words::CANCELLED));
        }
        let _ = self.stage.try_set(stage);
        Ok(())
    }
}

fn size(file: &web_sys::File) -> u64 {
    file.size() as u64
}

fn unreadable(_: JsValue) -> Problem {
    Problem::saying(words::UNREADABLE)
}

async fn hash(file: &web_sys::File) -> Result<Hash, JsValue> {
    let mut hasher = Sha256::new();
    let all = size(file);
    // In parts: the page stays alive between two, and a large file is never in memory.
    for from in (0..all).step_by(CHUNK) {
        hasher.update(files::read(file, from, all.min(from + CHUNK as u64)).await?);
    }
    Ok(hasher.finalize().into())
}

/// How the version is served, with the rules of the folder.
pub(crate) async fn config(
    chosen: &Chosen<web_sys::File>,
    not_found: NotFound,
) -> Result<ServeConfig, Problem> {
    let redirects = text(chosen.redirects.as_ref()).await?;
    let headers = text(chosen.headers.as_ref()).await?;
    let files = RuleFiles { redirects, headers };
    if !files.upstreams().is_empty() {
        return Err(Problem::saying(words::DEPLOYMENTS));
    }
    let html_handling = HtmlHandling::default();
    let rules = files.rules(html_handling, &HashMap::new());
    let (redirects, headers) = rules.map_err(|troubles| {
        Problem::saying(troubles.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    Ok(ServeConfig { html_handling, not_found, redirects, headers })
}

async fn text(file: Option<&web_sys::File>) -> Result<Option<String>, Problem> {
    let Some(file) = file else { return Ok(None) };
    let bytes = files::read(file, 0, size(file)).await.map_err(unreadable)?;
    String::from_utf8(bytes).map(Some).map_err(Problem::saying)
}

/// What is live, to leave it where it is.
async fn live_manifest(to: &Target) -> Result<Option<Manifest<Vec<u8>>>, Problem> {
    let Some(version) = to.site.live else { return Ok(None) };
    let path = manifest_get::Path { workspace: to.workspace.clone(), site: to.site.id.into(), version };
    let Octets(bytes) = api::call::<GetManifest>(path, NoBody).await?;
    // One of another version of the program: everything is sent again.
    Ok(Manifest::open(bytes.to_vec()).ok())
}

async fn publish(to: &Target, manifest: Bytes) -> Result<SiteVersion, Problem> {
    // The same manifest makes no second version, so this can be repeated.
    patiently(async || {
        let call = Call::<CreateVersion> {
            path: create_version::Path { workspace: to.workspace.clone(), site: to.site.id.into() },
            query: create_version::Query { preview: to.preview, preview_days: None },
            headers: NoHeaders,
            body: Octets(manifest.clone()),
        };
        Ok(api::send(call).await?.body.0)
    })
    .await
}
