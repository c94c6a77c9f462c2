//! What a client has to know about an installation before it logs in.

pub mod get;
