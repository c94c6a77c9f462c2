//! A file to publish.

use crate::Hash;

/// See the module. `S` is where its bytes are read from.
#[derive(Debug, Clone)]
pub struct File<S> {
    /// With slashes, relative to the folder.
    pub path: String,
    pub source: S,
    pub size: u64,
    pub hash: Hash,
    pub content_type: String,
    pub immutable: bool,
}

impl<S> File<S> {
    /// One of which a browser is told this type. `immutable` is whether its name says what it holds.
    pub fn new(
        path: String,
        source: S,
        (size, hash): (u64, Hash),
        content_type: String,
        immutable: bool,
    ) -> Self {
        let immutable = immutable && !is_page(&content_type);
        Self { path, source, size, hash, content_type, immutable }
    }
}

/// Whether browsers take it for a page, which is never kept unasked.
fn is_page(content_type: &str) -> bool {
    content_type.starts_with("text/html") || content_type.starts_with("application/xhtml")
}

/// Whether nobody means to publish what has this name: folders of version control, and what a file manager leaves behind.
pub fn is_never_meant(name: &str) -> bool {
    [".git", ".hg", ".jj", ".svn", ".DS_Store"].contains(&name)
}

/// Why a path that manifests do not take cannot be published.
pub fn why_not(path: &str) -> &'static str {
    if path.contains('\\') {
        "its name has a backslash, which browsers take for a slash"
    } else if path.contains(char::is_control) {
        "its name has a control character"
    } else {
        "its path is over 4096 bytes"
    }
}
