//! From a folder to packs and a manifest.
//!
//! - [`folder`]: what people write into the folder for us: [`site_file`] (`patr.site.toml`) and [`rules`]
//!   (`_redirects`, `_headers`).
//! - [`walk`]: which files there are. [`fingerprint`]: what each holds, by its SHA-256.
//! - [`mod@file`]: how each is served: its type ([`content_type`]) and whether its name says what it holds
//!   ([`hashed_name`]).
//! - [`plan`]: what the live version has already, and what has to be made. [`place`] says where content is.
//! - [`produce`]: makes it, in parallel, with its codings ([`compress`]), in packs ([`pack`]).
//! - [`manifest`]: where everything is.
//! - [`cache`]: what is known from the last time.
//!
//! Content is known by its SHA-256. What the live version has already stays where it is; only the rest is packed. The
//! same folder over the same live version makes the same packs and the same manifest: so an upload that was cut off
//! goes on where it ended, and an unchanged folder is known by the hash of its manifest.

pub(crate) mod cache;
mod compress;
mod content_type;
pub(crate) mod file;
pub(crate) mod fingerprint;
pub(crate) mod folder;
mod hashed_name;
pub(crate) mod manifest;
pub(crate) mod pack;
pub(crate) mod place;
pub(crate) mod plan;
pub(crate) mod produce;
pub(crate) mod rules;
pub(crate) mod site_file;
pub(crate) mod walk;

#[cfg(test)]
mod tests;

/// SHA-256 of content.
pub(crate) type Hash = [u8; 32];
