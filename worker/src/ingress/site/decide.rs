//! What a site answers, as a function of its files, its rules and the request.
//!
//! In this order, which is that of Workers static assets: redirects and rewrites; a file; where there is none,
//! carried files and then the page for it; the method; the canonical address; conditions and ranges. Header rules
//! are applied to whatever came of it.

use patr_models::site::{
    config::NotFound,
    manifest::{Entry, Manifest},
};

use super::{
    asked::{Asked, Method},
    path::{decode, encode},
    reply::{File, Reply},
    resolve::{Found, file_at, nearest_404, resolve, serves},
    rules::{Ruled, Rules},
};

/// A version, ready to be served.
pub(super) struct Site {
    pub(super) manifest: Manifest<Vec<u8>>,
    pub(super) rules: Rules,
}

pub(super) enum Decision<'s> {
    Reply(Reply<'s>),
    /// What is at this address answers.
    Elsewhere(String),
    /// The live version has no file. Ask [`Site::missing`] once the carried ones are at hand.
    Missing(Missing),
}

/// A path without a file.
pub(super) struct Missing {
    path: String,
    /// The status of the rewrite that led there.
    rewritten: Option<u16>,
}

/// Extensions of what pages load. A page in the place of such a file would be taken for it.
const ASSETS: &[&str] = &[
    "avif",
    "bmp",
    "css",
    "csv",
    "eot",
    "gif",
    "gz",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "json",
    "jsx",
    "m4a",
    "m4v",
    "map",
    "mjs",
    "mov",
    "mp3",
    "mp4",
    "ogg",
    "otf",
    "pdf",
    "png",
    "rss",
    "svg",
    "tar",
    "tgz",
    "ts",
    "tsx",
    "ttf",
    "txt",
    "wasm",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "woff",
    "woff2",
    "xml",
    "zip",
];

impl Site {
    /// What is answered without the carried files, if they are not needed.
    pub(super) fn decide(&self, asked: &Asked<'_>) -> Decision<'_> {
        let (raw, rewritten) = match self.rules.redirect(asked) {
            Some(Ruled::Elsewhere(url)) => return Decision::Elsewhere(url),
            Some(Ruled::Lead { status, location, personal: true }) => {
                return Decision::Reply(Reply::personal_redirect(status, location));
            }
            Some(Ruled::Lead { status, location, personal: false }) => {
                return Decision::Reply(Reply::redirect(status, location));
            }
            Some(Ruled::Rewrite { status, path }) => (path, Some(status)),
            None => (asked.path.to_owned(), None),
        };
        let path = decode(&raw);
        let mode = self.rules.config.html_handling;
        let reply = match resolve(&self.manifest, mode, &path) {
            Found::Nothing => return Decision::Missing(Missing { path: path.into_owned(), rewritten }),
            Found::File(entry) => at_its_path(asked, &self.manifest, entry, &path, rewritten),
            // The browser's address stays in a rewrite, so the file is served from where it would be led to.
            Found::Elsewhere(to) => match serves(&self.manifest, mode, &to).filter(|_| rewritten.is_some()) {
                Some(entry) => at_its_path(asked, &self.manifest, entry, &path, rewritten),
                None => reading(asked, || canonical(asked, &to)),
            },
        };
        Decision::Reply(reply)
    }

    /// What is answered where the live version has no file.
    pub(super) fn missing<'s>(
        &'s self,
        carried: Option<&'s Manifest<Vec<u8>>>,
        today: u16,
        asked: &Asked<'_>,
        missing: &Missing,
    ) -> Reply<'s> {
        let Missing { path, rewritten } = missing;
        let kept = carried.and_then(|carried| {
            let entry = file_at(carried, path).filter(|entry| entry.until_day >= today)?;
            Some(at_its_path(asked, carried, entry, path, *rewritten))
        });
        kept.or_else(|| self.in_its_place(asked, path, *rewritten)).unwrap_or_else(|| Reply::not_found(asked))
    }

    fn in_its_place(&self, asked: &Asked<'_>, path: &str, rewritten: Option<u16>) -> Option<Reply<'_>> {
        let file = |entry, status| File { manifest: &self.manifest, entry, status, own: false };
        match self.rules.config.not_found {
            NotFound::SinglePage if !is_asset(path) && asked.is_navigation() => {
                let file = file(self.manifest.find("index.html")?, rewritten.unwrap_or(200));
                Some(reading(asked, || Reply::file(asked, &file)))
            }
            NotFound::Page => Some(Reply::file(asked, &file(nearest_404(&self.manifest, path)?, 404))),
            NotFound::SinglePage | NotFound::None => None,
        }
    }
}

/// A file where it was asked for; the browser is led to the one way to write its path.
fn at_its_path<'s>(
    asked: &Asked<'_>,
    manifest: &'s Manifest<Vec<u8>>,
    entry: Entry<'s>,
    path: &str,
    rewritten: Option<u16>,
) -> Reply<'s> {
    reading(asked, || {
        if rewritten.is_none() && encode(path) != asked.path {
            return canonical(asked, path);
        }
        let file = File { manifest, entry, status: rewritten.unwrap_or(200), own: rewritten.is_none() };
        Reply::file(asked, &file)
    })
}

/// The answer, if the method is one that a file knows.
fn reading<'s>(asked: &Asked<'_>, answer: impl FnOnce() -> Reply<'s>) -> Reply<'s> {
    if asked.method == Method::Other { Reply::method_not_allowed() } else { answer() }
}

/// To the address of a page, with the query.
fn canonical<'s>(asked: &Asked<'_>, path: &str) -> Reply<'s> {
    let query = asked.query.filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Reply::redirect(307, format!("{}{}{query}", asked.prefix, encode(path)))
}

fn is_asset(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| ASSETS.contains(&extension.as_str()))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
