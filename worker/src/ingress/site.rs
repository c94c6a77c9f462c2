//! A static target: table → manifest → pack → bytes. Nothing is ever probed for.

use std::{borrow::Cow, rc::Rc};

use futures_util::stream;
use patr_models::{
    ids::WorkspaceId,
    site::{
        ManifestHash,
        manifest::{Entry, Manifest, Representation},
    },
};
use percent_encoding::percent_decode_str;
use worker::{EncodeBody, Headers, Method, Request, Response, ResponseBuilder};

use super::{cache, redirect};
use crate::{
    answer::Fault,
    ctx::Ctx,
    handlers::versions::{manifest_key, pack_key},
};

/// Where a path of a site leads.
#[derive(Debug, PartialEq)]
enum Found<'a> {
    File(Entry<'a>),
    /// To this, in place of the last segment.
    Canonical(String),
    Nothing,
}

type Site = Manifest<Rc<[u8]>>;

/// Answers from a version of a site. `whole` is the path as it was asked for, `rest` the part below the prefix.
pub(crate) async fn serve(
    ctx: &Ctx,
    request: &Request,
    workspace: WorkspaceId,
    manifest: &ManifestHash,
    whole: &str,
    rest: &str,
) -> Result<Response, Fault> {
    let method = request.method();
    if !matches!(method, Method::Get | Method::Head) {
        let headers = Headers::new();
        headers.set("allow", "GET, HEAD")?;
        return Ok(Response::empty()?.with_status(405).with_headers(headers));
    }
    let bytes = load(ctx, manifest_key(workspace, manifest)).await?;
    let site = Manifest::open(bytes).map_err(|error| Fault::new(format!("manifest {manifest} {error}")))?;
    let path = percent_decode_str(rest.trim_start_matches('/')).decode_utf8_lossy();
    match find(&site, &path) {
        Found::File(entry) => respond(ctx, request, workspace, &site, &entry, 200).await,
        Found::Canonical(name) => {
            let parent = whole.rfind('/').map_or("", |at| &whole[..=at]);
            redirect(&format!("{parent}{name}"), request.url()?.query(), 307)
        }
        Found::Nothing => match nearest_404(&site, &path) {
            Some(entry) => respond(ctx, request, workspace, &site, &entry, 404).await,
            None => Ok(Response::ok("Not found")?.with_status(404)),
        },
    }
}

/// The conventions of Workers static assets, `auto-trailing-slash`: each page has one address, and others lead there.
fn find<'a>(site: &'a Site, path: &str) -> Found<'a> {
    if path.is_empty() || path.ends_with('/') {
        let directory = path.trim_end_matches('/');
        return match site.find(&format!("{path}index.html")) {
            Some(entry) => Found::File(entry),
            // `/foo/` for `foo.html`: the page is at `/foo`.
            None if !directory.is_empty() && site.find(&format!("{directory}.html")).is_some() => {
                Found::Canonical(format!("../{}", last_segment(directory)))
            }
            None => Found::Nothing,
        };
    }
    let name = last_segment(path);
    if name == "index.html" && site.find(path).is_some() {
        return Found::Canonical(String::new());
    }
    let page = name.strip_suffix(".html").filter(|name| !name.is_empty());
    match (site.find(path), page) {
        (Some(_), Some(page)) if name != "404.html" => Found::Canonical(encode(page).into_owned()),
        (Some(entry), _) => Found::File(entry),
        (None, _) => match site.find(&format!("{path}.html")) {
            Some(entry) => Found::File(entry),
            None if site.find(&format!("{path}/index.html")).is_some() => {
                Found::Canonical(format!("{}/", encode(name)))
            }
            None => Found::Nothing,
        },
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn encode(segment: &str) -> Cow<'_, str> {
    percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).into()
}

/// `404.html` of the nearest directory upwards.
fn nearest_404<'a>(site: &'a Site, path: &str) -> Option<Entry<'a>> {
    let mut directory = path;
    while let Some((parent, _)) = directory.rsplit_once('/') {
        if let Some(entry) = site.find(&format!("{parent}/404.html")) {
            return Some(entry);
        }
        directory = parent;
    }
    site.find("404.html")
}

async fn respond(
    ctx: &Ctx,
    request: &Request,
    workspace: WorkspaceId,
    site: &Site,
    entry: &Entry<'_>,
    status: u16,
) -> Result<Response, Fault> {
    let headers = Headers::new();
    let etag = etag(entry);
    headers.set("etag", &etag)?;
    headers.set("cache-control", "public, max-age=0, must-revalidate")?;
    if status == 200 && request.headers().get("if-none-match")?.is_some_and(|tags| matches(&tags, &etag)) {
        return Ok(Response::empty()?.with_status(304).with_headers(headers));
    }
    headers.set("content-type", entry.content_type)?;
    headers.set("x-content-type-options", "nosniff")?;
    let builder = ResponseBuilder::new().with_status(status);
    if request.method() == Method::Head {
        headers.set("content-length", &entry.identity.size.to_string())?;
        return Ok(builder.with_headers(headers).empty());
    }
    let entry = entry.identity;
    ctx.tally.sends(entry.size);
    let first = site.pack(entry.pack).filter(|_| entry.size > 0);
    let Some(first) = first else { return Ok(builder.with_headers(headers).empty()) };
    let pack = load(ctx, pack_key(workspace, &first)).await?;
    let (offset, size) = (index(entry.offset), index(entry.size));
    if let Some(bytes) = offset.checked_add(size).and_then(|end| pack.get(offset..end)) {
        return Ok(builder.with_headers(headers).fixed(bytes.to_vec()));
    }
    // The file goes on in the packs that follow: one at a time, as fast as it is read.
    headers.set("content-length", &entry.size.to_string())?;
    let keys = chunk_keys(workspace, site, &entry);
    let kv = ctx.kv.clone();
    let chunks = stream::unfold((keys, entry.size, offset), move |(mut keys, left, from)| {
        let kv = kv.clone();
        async move {
            let key = keys.next().filter(|_| left > 0)?;
            let read = async {
                let pack =
                    kv.get_immutable(&key).await?.ok_or_else(|| Fault::new(format!("{key} is not in KV")))?;
                let end = pack.len().min(from + index(left));
                Ok::<_, Fault>(pack.get(from..end).unwrap_or_default().to_vec())
            };
            let chunk = read.await.map_err(worker::Error::from);
            let taken = chunk.as_ref().map_or(left, |chunk| chunk.len() as u64);
            Some((chunk, (keys, left.saturating_sub(taken), 0)))
        }
    });
    let builder = builder.with_headers(headers).with_encode_body(EncodeBody::Automatic);
    let sized =
        worker::worker_sys::FixedLengthStream::from(worker::FixedLengthStream::wrap(chunks, entry.size));
    Ok(builder.stream(sized.readable()))
}

fn chunk_keys(workspace: WorkspaceId, site: &Site, entry: &Representation<'_>) -> std::vec::IntoIter<String> {
    let run = entry.pack..entry.pack.saturating_add(entry.packs.into());
    let keys = run.filter_map(|at| site.pack(at)).map(|pack| pack_key(workspace, &pack));
    keys.collect::<Vec<_>>().into_iter()
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn etag(entry: &Entry<'_>) -> String {
    let hex: String = entry.identity.hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// `If-None-Match` by weak comparison (RFC 9110, 13.1.2).
fn matches(tags: &str, etag: &str) -> bool {
    tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

/// Immutable bytes from the isolate's memory, or from KV.
async fn load(ctx: &Ctx, key: String) -> Result<Rc<[u8]>, Fault> {
    if let Some(bytes) = cache::get(&key) {
        return Ok(bytes);
    }
    ctx.tally.misses();
    let bytes = ctx.kv.get_immutable(&key).await?;
    let bytes: Rc<[u8]> = bytes.ok_or_else(|| Fault::new(format!("{key} is not in KV")))?.into();
    cache::put(key, Rc::clone(&bytes));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use patr_models::site::manifest::{Coding, NewEntry, NewRepresentation, write};

    use super::*;

    fn site(paths: &[&str]) -> Site {
        let entry = |path: &&str| NewEntry {
            path: (*path).to_owned(),
            content_type: "text/html".to_owned(),
            immutable: false,
            until_day: 0,
            representations: vec![NewRepresentation {
                coding: Coding::Identity,
                pack: 0,
                packs: 0,
                offset: 0,
                size: 0,
                hash: [0; 32],
            }],
        };
        Manifest::open(write(&[], paths.iter().map(entry).collect(), b"").unwrap().into()).unwrap()
    }

    fn found(site: &Site, path: &str) -> String {
        match find(site, path) {
            Found::File(entry) => entry.path.to_owned(),
            Found::Canonical(name) => format!("-> {name}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn each_page_has_one_address() {
        let site = site(&["index.html", "about.html", "docs/index.html", "docs/a b.html", "style.css"]);
        assert_eq!(found(&site, ""), "index.html");
        assert_eq!(found(&site, "index.html"), "-> ");
        assert_eq!(found(&site, "about"), "about.html");
        assert_eq!(found(&site, "about.html"), "-> about");
        assert_eq!(found(&site, "about/"), "-> ../about");
        assert_eq!(found(&site, "docs"), "-> docs/");
        assert_eq!(found(&site, "docs/"), "docs/index.html");
        assert_eq!(found(&site, "docs/a b.html"), "-> a%20b");
        assert_eq!(found(&site, "style.css"), "style.css");
        assert_eq!(found(&site, "style.css/"), "nothing");
        assert_eq!(found(&site, "docs/other"), "nothing");
    }

    #[test]
    fn the_nearest_404_page_answers() {
        let site = site(&["404.html", "docs/404.html"]);
        assert_eq!(nearest_404(&site, "docs/x/y").unwrap().path, "docs/404.html");
        assert_eq!(nearest_404(&site, "other/x").unwrap().path, "404.html");
    }

    #[test]
    fn a_list_of_tags_matches_any_and_a_star_everything() {
        assert!(matches("\"a\", W/\"b\"", "\"b\""));
        assert!(matches("*", "\"b\""));
        assert!(!matches("\"a\"", "\"b\""));
    }
}
