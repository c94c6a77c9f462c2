//! Sites in tests: one named `docs`, and uploads of a few files.

use std::time::Duration;

use bytes::Bytes;
use futures_executor::block_on;
use patr_models::{
    endpoint::{
        Call,
        body::{Json, NoBody, Octets},
        client::ResponseError,
        headers::NoHeaders,
    },
    ids::{Ref, SiteId},
    managed_url::{RouteTable, RouteTarget},
    page::ListQuery,
    site::{
        ManifestHash, PackHash, Site, SiteVersion, VersionNumber, create,
        create_version::{self, CreateVersion},
        delete, get,
        manifest::{Coding, Manifest, NewEntry, NewRepresentation, write},
        missing_packs::{self, MissingPacks, Packs},
        put_pack::{self, PutPack},
        rollback::{self, RollBackSite},
        versions::{self, ListVersions},
    },
};

use super::{App, Caller};
use crate::db::Statement;

type Outcome<T> = Result<T, Box<ResponseError>>;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// One pack with these files, and a manifest over it. A name with two dots, as in `app.1.js`, is of its content.
pub(crate) fn upload(files: &[(&str, &str)]) -> (Bytes, Bytes) {
    with_config(files, b"")
}

pub(crate) fn with_config(files: &[(&str, &str)], config: &[u8]) -> (Bytes, Bytes) {
    let pack: Bytes = files.iter().flat_map(|(_, text)| text.bytes()).collect();
    let mut offset = 0;
    let entry = |&(path, text): &(&str, &str)| {
        let size = text.len() as u64;
        offset += size;
        NewEntry {
            path: path.to_owned(),
            content_type: "text/html".to_owned(),
            immutable: path.matches('.').count() > 1,
            until_day: 0,
            representations: vec![NewRepresentation {
                coding: Coding::Identity,
                pack: 0,
                packs: 1,
                offset: offset - size,
                size,
                hash: PackHash::of(text.as_bytes()).to_bytes(),
            }],
        }
    };
    let manifest = write(&[PackHash::of(&pack)], files.iter().map(entry).collect(), config).unwrap();
    (pack, manifest.into())
}

fn docs() -> Ref<SiteId> {
    "docs".parse().unwrap()
}

impl Caller<'_> {
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// Makes the site.
    pub(crate) fn site(&self) -> Site {
        let body = Json(create::Body { name: "docs".parse().unwrap() });
        self.create::<create::CreateSite>(create::Path { workspace: self.workspace() }, body).unwrap().0
    }

    pub(crate) fn show_site(&self) -> Site {
        self.get::<get::GetSite>(get::Path { workspace: self.workspace(), site: docs() }).unwrap().0
    }

    pub(crate) fn delete_site(&self) {
        let path = delete::Path { workspace: self.workspace(), site: docs() };
        self.call::<delete::DeleteSite>(path, NoBody).unwrap();
    }

    pub(crate) fn put_pack(&self, pack: &Bytes) -> Outcome<PackHash> {
        let hash = PackHash::of(pack);
        let path = put_pack::Path { workspace: self.workspace(), site: docs(), pack: hash.clone() };
        self.call::<PutPack>(path, Octets(pack.clone())).map(|_| hash)
    }

    /// Which of these the server wants.
    pub(crate) fn missing(&self, packs: &[PackHash]) -> Vec<PackHash> {
        let path = missing_packs::Path { workspace: self.workspace(), site: docs() };
        self.call::<MissingPacks>(path, Json(Packs { packs: packs.to_vec() })).unwrap().0.packs
    }

    /// Makes a version of a manifest whose packs are there.
    pub(crate) fn version(&self, manifest: Bytes, query: create_version::Query) -> Outcome<SiteVersion> {
        let path = create_version::Path { workspace: self.workspace(), site: docs() };
        let call = Call::<CreateVersion> { path, query, headers: NoHeaders, body: Octets(manifest) };
        self.send(call).map(|reply| reply.body.0)
    }

    /// Uploads files and makes them live.
    pub(crate) fn deploy_files(&self, files: &[(&str, &str)]) -> SiteVersion {
        let (pack, manifest) = upload(files);
        self.put_pack(&pack).unwrap();
        self.version(manifest, create_version::Query::default()).unwrap()
    }

    /// Uploads files to be looked at.
    pub(crate) fn preview_files(&self, files: &[(&str, &str)], days: Option<u16>) -> SiteVersion {
        let (pack, manifest) = upload(files);
        self.put_pack(&pack).unwrap();
        self.version(manifest, create_version::Query { preview: true, preview_days: days }).unwrap()
    }

    pub(crate) fn roll_back(&self, version: Option<VersionNumber>) -> Outcome<Site> {
        let path = rollback::Path { workspace: self.workspace(), site: docs() };
        self.call::<RollBackSite>(path, Json(rollback::Body { version })).map(|site| site.0)
    }

    /// The numbers of its versions, newest first.
    pub(crate) fn version_numbers(&self) -> Vec<VersionNumber> {
        let path = versions::Path { workspace: self.workspace(), site: docs() };
        let query = ListQuery { limit: Some(100), ..ListQuery::default() };
        let call = Call::<ListVersions> { path, query, headers: NoHeaders, body: NoBody };
        let page = self.send(call).unwrap().body.0;
        page.items.into_iter().map(|version| version.number).collect()
    }
}

impl App {
    /// Time goes by, with a sweep now and then and one at its end.
    pub(crate) fn pass_with_sweeps(&self, time: Duration) {
        let end = self.now.get() + time;
        while self.now.get() < end {
            self.now.set((self.now.get() + HOUR).min(end));
            self.sweep();
        }
    }

    /// Logins last for ever.
    pub(crate) fn stay_logged_in(&self) {
        self.sqlite.run("UPDATE sessions SET expires_at = 253402300799999");
    }

    /// What is done now and not by a request.
    pub(crate) fn batch(&self, statements: Vec<Statement>) -> Result<(), crate::db::DbError> {
        block_on(self.ctx().db.batch(statements))
    }

    /// How many keys of KV begin with this.
    pub(crate) fn keys(&self, prefix: &str) -> usize {
        self.kv.values().keys().filter(|key| key.starts_with(prefix)).count()
    }

    /// How many rows a table has.
    pub(crate) fn rows(&self, table: &str) -> usize {
        self.sqlite.rows(&format!("SELECT 1 FROM {table}")).len()
    }

    /// The routing table of a host (without the apps domain), as it is in KV.
    pub(crate) fn table(&self, label: &str) -> Option<RouteTable> {
        let kv = self.kv.values();
        let bytes = kv.get(&format!("host/{label}.apps.example"))?;
        Some(serde_json::from_slice(bytes).unwrap())
    }

    /// The manifest that is served at a host, and that of what is carried.
    pub(crate) fn served(&self, label: &str) -> (Option<ManifestHash>, Option<ManifestHash>) {
        match self.table(label).unwrap().routes.remove(0).to {
            RouteTarget::Site { manifest, carried, .. } => (manifest, carried),
            other => panic!("{other:?} is no site"),
        }
    }

    /// The paths of what is carried beside the live version, each with its text.
    pub(crate) fn carried(&self, label: &str) -> Vec<(String, String)> {
        let (table, Some(carried)) = (self.table(label).unwrap(), self.served(label).1) else {
            return Vec::new();
        };
        let kv = self.kv.values();
        let bytes = kv[&format!("manifest/{}/{carried}", table.workspace)].clone();
        let manifest = Manifest::check(bytes, |_| None).unwrap();
        let text = |entry: patr_models::site::manifest::Entry<'_>| {
            let pack =
                &kv[&format!("pack/{}/{}", table.workspace, manifest.pack(entry.identity.pack).unwrap())];
            let offset = entry.identity.offset as usize;
            let bytes = &pack[offset..offset + entry.identity.size as usize];
            (entry.path.to_owned(), String::from_utf8(bytes.to_vec()).unwrap())
        };
        manifest.iter().map(text).collect()
    }
}
