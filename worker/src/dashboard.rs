//! The dashboard: files that are built from `site/` and uploaded with this script as its static assets. Which of them answers
//! is decided here and not by the platform's asset server, which knows nothing of hosts: managed hosts never get one.

use http::{Method, header, request::Parts};
use worker::{EncodeBody, Env, Fetcher, Headers, RequestInit, Response, Result};

use crate::{env, ingress::takes_brotli};

/// The page that every view of the dashboard is.
const INDEX: &str = "/index.html";
/// Where everything else is, under names that change with the content.
const HASHED: &str = "/assets/";
/// Views of no workspace.
const VIEWS: [&str; 3] = ["/", "/workspaces", "/tokens"];
/// What the paths of a workspace's views begin with.
const OF_WORKSPACE: &str = "/w/";

/// Only our own files, and no script in the page itself; WebAssembly is a script, too.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=()";

/// A name that changes with the content never means anything else.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The page names the files of one build: it is asked for anew each time, and answered 304 while it is the same.
const ASK_AGAIN: &str = "no-cache";

/// Files that the build has coded (`xtask/src/site.rs`), better than who codes them for each answer could, and their types: the
/// asset server goes by the end of the name.
const CODED: [(&str, &str); 3] = [
    (".wasm", "application/wasm"),
    (".js", "text/javascript; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
];
/// What stands behind the name of a file that is coded.
const BROTLI: &str = ".br";

/// A file of the dashboard, and for how long a browser may keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct File<'a> {
    path: &'a str,
    kept: &'static str,
}

/// What of the dashboard is at a path of the control host.
pub(crate) fn find(path: &str) -> Option<File<'_>> {
    if path.starts_with(HASHED) {
        return Some(File { path, kept: FOR_EVER });
    }
    let is_view =
        VIEWS.contains(&path) || path.strip_prefix(OF_WORKSPACE).is_some_and(|rest| !rest.is_empty());
    is_view.then_some(File { path: INDEX, kept: ASK_AGAIN })
}

impl File<'_> {
    /// The type of a file of which there is also one in brotli, for those who take it.
    fn coded(&self, accept: Option<&str>) -> Option<&'static str> {
        let (_, media) = CODED.into_iter().find(|(end, _)| self.path.ends_with(end))?;
        takes_brotli(accept).then_some(media)
    }
}

/// Answers with a file, in what of `accept` (`Accept-Encoding`) is smallest.
pub(crate) async fn serve(
    env: &Env,
    parts: &Parts,
    accept: Option<&str>,
    file: File<'_>,
) -> Result<Response> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        let headers = Headers::new();
        headers.set("allow", "GET, HEAD")?;
        return Ok(Response::empty()?.with_status(405).with_headers(headers));
    }
    let coded = file.coded(accept);
    let end = if coded.is_some() { BROTLI } else { "" };
    let found = fetch(&env::assets(env)?, parts, &format!("{}{end}", file.path)).await?;
    let headers = Headers::new();
    for name in ["content-type", "etag"] {
        if let Some(value) = found.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    headers.set("vary", "accept-encoding")?;
    // A file of an earlier build is gone, which is true for this moment only.
    let is_there = found.status_code() < 400;
    headers.set("cache-control", if is_there { file.kept } else { "no-store" })?;
    headers.set("content-security-policy", POLICY)?;
    headers.set("permissions-policy", PERMISSIONS)?;
    if let Some(media) = coded.filter(|_| found.status_code() == 200) {
        headers.set("content-type", media)?;
        headers.set("content-encoding", "br")?;
        return Ok(found.with_headers(headers).with_encode_body(EncodeBody::Manual));
    }
    Ok(found.with_headers(headers))
}

/// Asks the asset server, which answers 304 to who has the file.
async fn fetch(assets: &Fetcher, parts: &Parts, path: &str) -> Result<Response> {
    let headers = Headers::new();
    if let Some(known) = parts.headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) {
        headers.set("if-none-match", known)?;
    }
    let mut init = RequestInit::new();
    init.with_method(parts.method.as_str().to_owned().into()).with_headers(headers);
    // Only the path counts there.
    assets.fetch(format!("http://assets{path}"), Some(init)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_view_is_the_page_and_is_asked_for_anew() {
        for view in ["/", "/workspaces", "/tokens", "/w/acme", "/w/acme/deployments/web/logs"] {
            assert_eq!(find(view), Some(File { path: "/index.html", kept: ASK_AGAIN }), "{view}");
        }
    }

    #[test]
    fn a_file_whose_name_changes_with_its_content_is_kept() {
        let path = "/assets/patr-0123456789abcdef.wasm";
        assert_eq!(find(path), Some(File { path, kept: FOR_EVER }));
    }

    #[test]
    fn who_takes_brotli_gets_what_the_build_has_coded_under_the_type_of_the_file() {
        let coded = |path: &str, accept| find(path).unwrap().coded(accept);
        assert_eq!(coded("/assets/patr-01.wasm", Some("gzip, br")), Some("application/wasm"));
        assert_eq!(coded("/assets/patr-01.js", Some("gzip, br;q=0")), None);
        assert_eq!(coded("/assets/patr-01.css", None), None);
        // The page is shorter than what would be said of its coding, and a sign is no text.
        assert_eq!((coded("/", Some("br")), coded("/assets/icon-01.svg", Some("br"))), (None, None));
    }

    #[test]
    fn what_is_no_view_is_left_to_others() {
        for other in
            ["/w", "/w/", "/w2/acme", "/index.html", "/api/v1/info", "/api/", "/v2/", "/login", "/robots.txt"]
        {
            assert_eq!(find(other), None, "{other}");
        }
    }
}
