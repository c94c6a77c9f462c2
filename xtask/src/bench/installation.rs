//! A whole installation to measure: an edge, a person, a release build of the agent, and the examples deployed.

use anyhow::bail;

use super::Options;
use crate::agent::Agent;
use crate::edge::{self, Edge};
use crate::person::Person;
use crate::{dev, images, sh, target_dir};

/// What runs until it is dropped.
pub(super) struct Installation {
    pub(super) person: Person,
    pub(super) agent: Agent,
    pub(super) edge: Edge,
    pub(super) state: std::path::PathBuf,
}

impl Installation {
    pub(super) fn start(options: &Options) -> anyhow::Result<Self> {
        if !images::docker_answers() {
            bail!("no Docker Engine answers: the tunnel cannot be measured");
        }
        images::build()?;
        sh::run(sh::cargo().args(["build", "--quiet", "-p", "patr-cli", "--bins"]))?;
        sh::run(sh::cargo().args(["build", "--quiet", "--release", "-p", "patr-runner", "--bins"]))?;
        let state = options.state();
        let edge = Edge::start(&edge::Options { port: 0, state: Some(state.join("edge")), no_build: false })?;
        let state = state.canonicalize()?;
        let person = Person::enter(&edge, &state)?;
        let agent = dev::join(&person, &state, &target_dir().join("release/patr-runner"))?;
        dev::deploy(&person, true)?;
        Ok(Self { person, agent, edge, state })
    }
}
