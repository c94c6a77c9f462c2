//! A folder of files that becomes a version of a site, as any client of the API could make it.

use bytes::Bytes;
use patr_models::{
    endpoint::{Call, body::Json, body::Octets, headers::NoHeaders},
    limits::{CHUNK, PACK_TARGET},
    site::{
        PackHash, SiteVersion,
        config::ServeConfig,
        create, create_version,
        manifest::{Coding, NewEntry, NewRepresentation, write},
        put_pack,
    },
};

use crate::Caller;

/// A file to be uploaded.
#[derive(Clone)]
pub struct File {
    path: String,
    content_type: &'static str,
    immutable: bool,
    representations: Vec<(Coding, Bytes)>,
}

impl File {
    /// A page.
    pub fn new(path: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let representations = vec![(Coding::Identity, bytes.into())];
        Self {
            path: path.into(),
            content_type: "text/html; charset=utf-8",
            immutable: false,
            representations,
        }
    }

    /// Of another type.
    pub fn typed(self, content_type: &'static str) -> Self {
        Self { content_type, ..self }
    }

    /// With a name that changes with its content.
    pub fn immutable(self) -> Self {
        Self { immutable: true, ..self }
    }

    /// With these bytes for a coding. Nothing looks whether they are so coded.
    pub fn coded(mut self, coding: Coding, bytes: impl Into<Bytes>) -> Self {
        self.representations.push((coding, bytes.into()));
        self
    }
}

/// Files with how they are served.
#[derive(Clone, Default)]
pub struct Folder {
    pub files: Vec<File>,
    pub config: ServeConfig,
}

impl Folder {
    /// These files, served as by default.
    pub fn of(files: Vec<File>) -> Self {
        Self { files, config: ServeConfig::default() }
    }

    /// With a configuration.
    pub fn with(self, config: ServeConfig) -> Self {
        Self { config, ..self }
    }

    /// Makes a site of this name, and this its first version.
    pub async fn become_site(&self, owner: &Caller, name: &str) -> SiteVersion {
        let body = Json(create::Body { name: name.parse().unwrap() });
        let path = create::Path { workspace: owner.workspace() };
        owner.call_once::<create::CreateSite>(path, body).await.unwrap();
        self.upload(owner, name).await
    }

    /// Makes this the live version of a site.
    pub async fn upload(&self, owner: &Caller, site: &str) -> SiteVersion {
        let mut upload = Upload { owner, site, packs: Vec::new(), open: None };
        let mut entries = Vec::new();
        for file in &self.files {
            let mut representations = Vec::new();
            for (coding, bytes) in &file.representations {
                representations.push(upload.add(*coding, bytes).await);
            }
            entries.push(NewEntry {
                path: file.path.clone(),
                content_type: file.content_type.to_owned(),
                immutable: file.immutable,
                until_day: 0,
                representations,
            });
        }
        upload.close().await;
        let manifest = write(&upload.packs, entries, &self.config.write()).unwrap();
        let path = create_version::Path { workspace: owner.workspace(), site: site.parse().unwrap() };
        let (query, body) = (create_version::Query::default(), Octets(manifest.into()));
        let call = Call::<create_version::CreateVersion> { path, query, headers: NoHeaders, body };
        owner.send(call).await.map(|Json(version)| version).unwrap()
    }
}

/// Small files share packs of about [`PACK_TARGET`]; each large one has packs of its own.
struct Upload<'a> {
    owner: &'a Caller,
    site: &'a str,
    packs: Vec<PackHash>,
    /// The pack that the next small file goes into, and its number.
    open: Option<(u32, Vec<u8>)>,
}

impl Upload<'_> {
    async fn add(&mut self, coding: Coding, bytes: &Bytes) -> NewRepresentation {
        let hash = PackHash::of(bytes).to_bytes();
        let size = bytes.len() as u64;
        if bytes.len() > CHUNK {
            let pack = u32::try_from(self.packs.len()).unwrap();
            let packs = u16::try_from(bytes.len().div_ceil(CHUNK)).unwrap();
            for chunk in bytes.chunks(CHUNK) {
                self.next();
                *self.packs.last_mut().unwrap() = self.put(bytes.slice_ref(chunk)).await;
            }
            return NewRepresentation { coding, pack, packs, offset: 0, size, hash };
        }
        if self.open.as_ref().is_some_and(|(_, open)| open.len() + bytes.len() > PACK_TARGET) {
            self.close().await;
        }
        if self.open.is_none() {
            self.open = Some((self.next(), Vec::new()));
        }
        let (pack, open) = self.open.as_mut().unwrap();
        let offset = open.len() as u64;
        open.extend_from_slice(bytes);
        NewRepresentation { coding, pack: *pack, packs: u16::from(size > 0), offset, size, hash }
    }

    /// The number of a new pack, whose hash is not known yet.
    fn next(&mut self) -> u32 {
        self.packs.push(PackHash::of(b""));
        u32::try_from(self.packs.len() - 1).unwrap()
    }

    async fn close(&mut self) {
        if let Some((number, bytes)) = self.open.take() {
            self.packs[number as usize] = self.put(bytes.into()).await;
        }
    }

    async fn put(&self, bytes: Bytes) -> PackHash {
        let pack = PackHash::of(&bytes);
        let path = put_pack::Path {
            workspace: self.owner.workspace(),
            site: self.site.parse().unwrap(),
            pack: pack.clone(),
        };
        self.owner.call::<put_pack::PutPack>(path, Octets(bytes)).await.unwrap();
        pack
    }
}
