//! Sites and requests to decide about.

use std::collections::HashMap;

use patr_models::site::{
    PackHash,
    manifest::{Coding, Manifest, NewEntry, NewRepresentation, write},
};

use super::{
    asked::{Asked, Fields, Method},
    decide::{Decision, Site},
    reply::{Body, Reply},
    rules::Rules,
};

/// A file of ten bytes.
pub(super) fn file(path: &str) -> NewEntry {
    NewEntry {
        path: path.to_owned(),
        content_type: "text/html; charset=utf-8".to_owned(),
        immutable: false,
        until_day: 0,
        representations: vec![representation(Coding::Identity, 10)],
    }
}

fn representation(coding: Coding, size: u64) -> NewRepresentation {
    NewRepresentation { coding, pack: 0, packs: u16::from(size > 0), offset: 0, size, hash: [0xab; 32] }
}

/// A script with all codings, whose name is of its content.
pub(super) fn script(path: &str) -> NewEntry {
    let mut entry = file(path);
    entry.content_type = "text/javascript; charset=utf-8".to_owned();
    entry.immutable = true;
    entry.representations.push(representation(Coding::Gzip, 5));
    entry.representations.push(representation(Coding::Brotli, 4));
    entry
}

pub(super) fn manifest_of(entries: Vec<NewEntry>) -> Manifest<Vec<u8>> {
    let bytes = write(&[PackHash::of(b"pack")], entries, b"").unwrap();
    Manifest::check(bytes, |_| Some(10)).unwrap()
}

pub(super) fn manifest(paths: &[&str]) -> Manifest<Vec<u8>> {
    manifest_of(paths.iter().map(|path| file(path)).collect())
}

pub(super) fn coded() -> Manifest<Vec<u8>> {
    manifest_of(vec![script("app.js")])
}

/// A site with a configuration in JSON.
pub(super) fn site(entries: Vec<NewEntry>, config: &str) -> Site {
    Site { manifest: manifest_of(entries), rules: Rules::compile(config.as_bytes()).unwrap() }
}

/// A request to be made.
#[derive(Clone)]
pub(super) struct Request {
    method: Method,
    host: &'static str,
    prefix: &'static str,
    url: String,
    fields: HashMap<&'static str, String>,
    country: Option<&'static str>,
}

impl Fields for Request {
    fn get(&self, name: &str) -> Option<String> {
        self.fields.get(name).cloned()
    }
    fn country(&self) -> Option<String> {
        self.country.map(str::to_owned)
    }
    fn accept_encoding(&self) -> Option<String> {
        self.get("accept-encoding")
    }
}

/// `GET` of a path, which may have a query.
pub(super) fn get(url: &str) -> Request {
    Request {
        method: Method::Get,
        host: "site.example",
        prefix: "",
        url: url.to_owned(),
        fields: HashMap::new(),
        country: None,
    }
}

impl Request {
    pub(super) fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }
    pub(super) fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
    }
    pub(super) fn under(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }
    pub(super) fn from(self, country: &'static str) -> Self {
        Self { country: Some(country), ..self }
    }
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.insert(name, value.into());
        self
    }

    pub(super) fn asked<T>(&self, ask: impl FnOnce(&Asked<'_>) -> T) -> T {
        let (path, query) =
            self.url.split_once('?').map_or((self.url.as_str(), None), |(path, query)| (path, Some(query)));
        ask(&Asked { method: self.method, host: self.host, prefix: self.prefix, path, query, fields: self })
    }

    /// What a site with nothing carried answers; `Err` is the address that answers in its place.
    pub(super) fn of<'s>(&self, site: &'s Site) -> Result<Reply<'s>, String> {
        self.with_carried(site, None)
    }

    pub(super) fn with_carried<'s>(
        &self,
        site: &'s Site,
        carried: Option<&'s Manifest<Vec<u8>>>,
    ) -> Result<Reply<'s>, String> {
        self.asked(|asked| {
            let mut reply = match site.decide(asked) {
                Decision::Reply(reply) => reply,
                Decision::Elsewhere(url) => return Err(url),
                Decision::Missing(missing) => site.missing(carried, TODAY, asked, &missing),
            };
            site.rules.headers(asked, &mut reply.headers);
            Ok(reply)
        })
    }
}

pub(super) const TODAY: u16 = 20_000;

/// Status and what is most telling about it.
pub(super) fn told(reply: &Result<Reply<'_>, String>) -> String {
    match reply {
        Err(url) => format!("elsewhere {url}"),
        Ok(Reply { status, headers, body }) => match (headers.get("location"), body) {
            (Some(location), _) => format!("{status} {location}"),
            (_, Body::Bytes { representation, range, .. }) => {
                format!("{status} {} {}..{}", representation.coding.as_str(), range.start, range.end)
            }
            (_, Body::Text(_)) => format!("{status} text"),
            (_, Body::Empty) => status.to_string(),
        },
    }
}
