//! One file per view.

pub(crate) mod audit;
pub(crate) mod deployments;
pub(crate) mod members;
pub(crate) mod overview;
pub(crate) mod roles;
pub(crate) mod runners;
pub(crate) mod secrets;
pub(crate) mod sites;
pub(crate) mod tokens;
pub(crate) mod urls;
pub(crate) mod volumes;
pub(crate) mod workspaces;
