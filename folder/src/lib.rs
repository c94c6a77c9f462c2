//! From the files of a folder to packs and a manifest, whoever reads them: the command line from a disk, the dashboard from
//! what somebody dropped on it. Nothing here reads, sends or draws anything.
//!
//! - [`mod@file`]: how each is served: its type ([`content_type`]) and whether its name says what it holds
//!   ([`hashed_name`]).
//! - [`plan`]: what the live version has already, and what has to be made. [`place`] says where content is.
//! - [`coding`]: what is worth coding. [`pack`]: content and its codings, in packs.
//! - [`manifest`]: where everything is. [`rules`]: what `_redirects` and `_headers` of the folder add to it.
//!
//! Content is known by its SHA-256. What the live version has already stays where it is; only the rest is packed. The
//! same folder over the same live version makes the same packs and the same manifest: so an upload that was cut off
//! goes on where it ended, and an unchanged folder is known by the hash of its manifest.

pub mod coding;
pub mod content_type;
pub mod file;
pub mod hashed_name;
pub mod manifest;
pub mod pack;
pub mod place;
pub mod plan;
pub mod rules;

/// SHA-256 of content.
pub type Hash = [u8; 32];
