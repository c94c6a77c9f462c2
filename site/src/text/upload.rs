//! Uploading a folder from the browser.

pub const NEW: &str = "New site";
pub const UPLOAD: &str = "Upload a version";
pub const DROP: &str = "Drop a folder here, or";
pub const PICK: &str = "choose a folder";
pub const SAYS: &str = "Only files that the live version has not are sent. Nothing is served before all of it is there: whatever ends this before leaves the site as it is.";
pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "It becomes part of its address. Letters a-z, digits and hyphens.";
pub const NOT_FOUND: &str = "Where there is no file";
pub const NOT_FOUND_PAGE: &str = "404.html answers, with status 404";
pub const NOT_FOUND_APP: &str = "index.html answers: a single-page application";
pub const LIVE: &str = "Make it live";
pub const PREVIEW: &str = "Make a preview";
pub const CANCEL: &str = "Cancel";
pub const CANCELLED: &str =
    "Cancelled: the site is as it was. What was sent is kept for a while and not sent again.";
pub const PROGRESS: &str = "Upload";
pub const PUBLISHING: &str = "Making the version…";

pub const NO_FILES: &str = "There are no files to publish in it. Is it the folder that your build writes to?";
pub const SITE_FILE: &str =
    "It has a patr.site.toml, which only the command line reads: deploy it with `patr site deploy`.";
pub const DEPLOYMENTS: &str = "Its _redirects name deployments, which only the command line looks up: deploy it with `patr site deploy`.";
pub const UNREADABLE: &str = "The browser cannot read what was chosen: choose it again.";

pub fn chosen(files: &str, size: &str) -> String {
    format!("{files}, {size}")
}

pub fn not_published(path: &str, why: &str) -> String {
    format!("{path} cannot be published: {why}")
}

pub fn changed(path: &str) -> String {
    format!("{path} changed while it was uploaded: try again when nothing writes into the folder.")
}

pub fn reading(done: usize, all: usize) -> String {
    format!("Reading: {done} of {all} files")
}

pub fn sending(done: &str, all: &str, path: &str) -> String {
    format!("Sending: {done} of {all}: {path}")
}

pub fn is_live(version: u32) -> String {
    format!("Version {version} is live.")
}

pub fn is_preview(version: u32) -> String {
    format!("Version {version} is a preview: its address is below.")
}
