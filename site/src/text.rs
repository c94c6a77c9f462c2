//! Every sentence that is shown and does not come from the API, by where it is shown.

pub mod deployments;
pub mod edge;
pub mod people;
pub mod problem;
pub mod runners;
pub mod shell;
pub mod terminal;
pub mod upload;
pub mod volumes;
