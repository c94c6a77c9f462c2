//! Who is compared: each leads to the same container.

use super::super::{edge, installation::Installation};
use super::rathole::Rathole;
use crate::edge::Edge;

/// A way to the application.
pub(super) struct Contender {
    pub(super) name: String,
    /// On 127.0.0.1.
    pub(super) url: String,
    pub(super) host: String,
    /// What works for it.
    pub(super) processes: Vec<u32>,
}

/// Them, and what runs while they are measured.
pub(super) struct Contenders {
    /// Ours first.
    pub(super) list: Vec<Contender>,
    _plain: Edge,
    _rathole: Rathole,
}

pub(super) fn all(here: &Installation) -> anyhow::Result<Contenders> {
    let app = here.agent.address()?;
    let plain = Edge::plain(&here.state.join("plain"), &edge::plain_worker(&app))?;
    let rathole = Rathole::start(&here.state.join("rathole"), &app)?;
    let local = |url: &str| url.replace("localhost", "127.0.0.1");
    let bare = |url: &str| url.replace("http://", "");
    let ours = Contender {
        name: "Patr".to_owned(),
        url: local(&here.edge.url),
        host: bare(&here.edge.host(crate::dev::DEPLOYMENT, here.person.workspace())),
        processes: vec![here.edge.workerd()?, here.agent.pid()],
    };
    let worker = Contender {
        name: "plain Worker, fetch".to_owned(),
        url: local(&plain.url),
        host: bare(&plain.url),
        processes: vec![plain.workerd()?],
    };
    let tunnel = Contender {
        name: "nginx and rathole".to_owned(),
        url: rathole.url(),
        host: bare(&rathole.url()),
        processes: rathole.processes(),
    };
    Ok(Contenders { list: vec![ours, worker, tunnel], _plain: plain, _rathole: rathole })
}
