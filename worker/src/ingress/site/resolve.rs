//! Which file a path of a site is answered with: the conventions of Workers static assets.
//!
//! Each mode of [`HtmlHandling`] is a list of [`Step`]s for a path, and the first that can be taken is. `tests` below
//! has a table for each mode.

use patr_models::site::{
    config::HtmlHandling,
    manifest::{Entry, Manifest},
};

/// Where a path leads.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'m> {
    File(Entry<'m>),
    /// The page has another address, which is this. It is not encoded.
    Elsewhere(String),
    Nothing,
}

/// What may be done about a path.
enum Step {
    /// Answer with this file, if there is one.
    Serve(String),
    /// Lead to `to`, if that address answers with this file.
    Lead { file: String, to: String },
}

/// Finds what answers at a decoded path, which begins with `/`.
pub(super) fn resolve<'m, B: AsRef<[u8]>>(
    manifest: &'m Manifest<B>,
    mode: HtmlHandling,
    path: &str,
) -> Found<'m> {
    for step in steps(mode, path) {
        match step {
            Step::Serve(file) => {
                if let Some(entry) = file_at(manifest, &file) {
                    return Found::File(entry);
                }
            }
            Step::Lead { file, to } => {
                if leads(manifest, mode, &file, &to) {
                    return Found::Elsewhere(to);
                }
            }
        }
    }
    Found::Nothing
}

/// The file that an address itself answers with, without leading anywhere.
pub(super) fn serves<'m, B: AsRef<[u8]>>(
    manifest: &'m Manifest<B>,
    mode: HtmlHandling,
    path: &str,
) -> Option<Entry<'m>> {
    steps(mode, path).into_iter().find_map(|step| match step {
        Step::Serve(file) => file_at(manifest, &file),
        Step::Lead { .. } => None,
    })
}

/// `404.html` of the nearest directory upwards.
pub(super) fn nearest_404<'m, B: AsRef<[u8]>>(manifest: &'m Manifest<B>, path: &str) -> Option<Entry<'m>> {
    let mut directory = path;
    while let Some((parent, _)) = directory.rsplit_once('/') {
        if let Some(entry) = file_at(manifest, &format!("{parent}/404.html")) {
            return Some(entry);
        }
        directory = parent;
    }
    None
}

/// The file of a path that begins with `/`.
pub(super) fn file_at<'m, B: AsRef<[u8]>>(manifest: &'m Manifest<B>, path: &str) -> Option<Entry<'m>> {
    manifest.find(path.strip_prefix('/')?)
}

/// Whether to lead to `to` for the sake of `file`: no other file has that name, and that very file answers there. So
/// no redirect leads to a page that is not the one asked for, or round in a circle.
fn leads<B: AsRef<[u8]>>(manifest: &Manifest<B>, mode: HtmlHandling, file: &str, to: &str) -> bool {
    let Some(wanted) = file_at(manifest, file) else { return false };
    file_at(manifest, to).is_none()
        && serves(manifest, mode, to).is_some_and(|served| served.path == wanted.path)
}

fn steps(mode: HtmlHandling, path: &str) -> Vec<Step> {
    match mode {
        HtmlHandling::AutoTrailingSlash => auto(path),
        HtmlHandling::ForceTrailingSlash => force(path),
        HtmlHandling::DropTrailingSlash => drop_slash(path),
        HtmlHandling::None => vec![serve(path)],
    }
}

fn serve(file: impl Into<String>) -> Step {
    Step::Serve(file.into())
}

fn lead(file: impl Into<String>, to: impl Into<String>) -> Step {
    Step::Lead { file: file.into(), to: to.into() }
}

/// `foo.html` is at `/foo`, `foo/index.html` at `/foo/`.
fn auto(path: &str) -> Vec<Step> {
    let mut steps = Vec::with_capacity(5);
    if let Some(parent) = path.strip_suffix("/index") {
        steps.extend([
            serve(path),
            lead(format!("{path}.html"), format!("{parent}/")),
            lead(format!("{parent}.html"), parent),
        ]);
    } else if let Some(parent) = path.strip_suffix("/index.html") {
        steps.extend([lead(path, format!("{parent}/")), lead(format!("{parent}.html"), parent)]);
    } else if let Some(page) = path.strip_suffix('/') {
        steps.extend([serve(format!("{path}index.html")), lead(format!("{page}.html"), page)]);
    } else if let Some(page) = path.strip_suffix(".html") {
        steps.extend([lead(path, page), lead(format!("{page}/index.html"), format!("{page}/"))]);
    }
    steps.extend([
        serve(path),
        serve(format!("{path}.html")),
        lead(format!("{path}/index.html"), format!("{path}/")),
    ]);
    steps
}

/// Both are at `/foo/`.
fn force(path: &str) -> Vec<Step> {
    let mut steps = Vec::with_capacity(6);
    if let Some(parent) = path.strip_suffix("/index") {
        steps.extend([
            serve(path),
            lead(format!("{path}.html"), format!("{parent}/")),
            lead(format!("{parent}.html"), format!("{parent}/")),
        ]);
    } else if let Some(parent) = path.strip_suffix("/index.html") {
        steps
            .extend([lead(path, format!("{parent}/")), lead(format!("{parent}.html"), format!("{parent}/"))]);
    } else if let Some(page) = path.strip_suffix('/') {
        steps.extend([serve(format!("{path}index.html")), serve(format!("{page}.html"))]);
    } else if let Some(page) = path.strip_suffix(".html") {
        steps.extend([
            lead(path, format!("{page}/")),
            serve(path),
            lead(format!("{page}/index.html"), format!("{page}/")),
        ]);
    }
    steps.extend([
        serve(path),
        lead(format!("{path}.html"), format!("{path}/")),
        lead(format!("{path}/index.html"), format!("{path}/")),
    ]);
    steps
}

/// Both are at `/foo`; the site itself stays at `/`.
fn drop_slash(path: &str) -> Vec<Step> {
    let mut steps = Vec::with_capacity(6);
    match path {
        "/" => steps.push(serve("/index.html")),
        "/index" => steps.extend([serve(path), lead("/index.html", "/")]),
        "/index.html" => steps.push(lead(path, "/")),
        _ => drop_slash_below(path, &mut steps),
    }
    steps.extend([serve(path), serve(format!("{path}.html")), serve(format!("{path}/index.html"))]);
    steps
}

fn drop_slash_below(path: &str, steps: &mut Vec<Step>) {
    if let Some(parent) = path.strip_suffix("/index") {
        steps.extend([
            serve(path),
            lead(format!("{parent}.html"), parent),
            lead(format!("{path}.html"), parent),
        ]);
    } else if let Some(parent) = path.strip_suffix("/index.html") {
        steps.extend([lead(path, parent), serve(path), lead(format!("{parent}.html"), parent)]);
    } else if let Some(page) = path.strip_suffix('/') {
        steps.extend([lead(format!("{page}.html"), page), lead(format!("{page}/index.html"), page)]);
    } else if let Some(page) = path.strip_suffix(".html") {
        steps.extend([lead(path, page), lead(format!("{page}/index.html"), page)]);
    }
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
