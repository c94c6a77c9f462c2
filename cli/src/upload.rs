//! From a folder to packs and a manifest.
//!
//! - [`folder`]: what people write into the folder for us: [`site_file`] (`patr.site.toml`), `_redirects` and `_headers`.
//! - [`walk`]: which files there are. [`fingerprint`]: what each holds, by its SHA-256.
//! - [`mod@files`]: how each is served.
//! - [`produce`]: makes what the live version has not, in parallel, with its codings ([`compress`]).
//! - [`cache`]: what is known from the last time.
//!
//! What is there already, what is packed with what, and where everything is then: `patr_folder`, which the dashboard has in
//! common with this.

pub(crate) mod cache;
mod compress;
pub(crate) mod files;
pub(crate) mod fingerprint;
pub(crate) mod folder;
pub(crate) mod produce;
pub(crate) mod site_file;
pub(crate) mod walk;

#[cfg(test)]
mod tests;

/// A file to publish, on a disk.
pub(crate) type File = patr_folder::file::File<std::path::PathBuf>;
