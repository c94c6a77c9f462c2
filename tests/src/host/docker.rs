//! An agent beside a Docker Engine.

use serde_json::Value;

use super::Host;
use crate::{Agent, Caller, Docker, Edge, example_image};

/// An agent on the machine's Engine.
pub struct OnDocker {
    agent: Agent,
    image: String,
}

impl Host for OnDocker {
    async fn start(edge: &Edge, owner: &Caller) -> Option<Self> {
        let image = example_image()?;
        let agent = Agent::start(edge, &owner.add_runner("box").await);
        Some(Self { agent, image })
    }

    fn image(&self) -> String {
        self.image.clone()
    }

    async fn kill_agent(&mut self) {
        self.agent.kill_and_restart().await;
    }

    async fn upgrade_agent(&mut self) {
        self.agent.upgrade().await;
    }

    fn replicas(&self, deployment: &str) -> Vec<String> {
        Docker::of_the_machine().containers(deployment)
    }

    fn restarts(&self, deployment: &str) -> u64 {
        let docker = Docker::of_the_machine();
        let counts = docker.containers(deployment).into_iter();
        counts.filter_map(|id| docker.inspect(&id)["RestartCount"].as_u64()).sum()
    }

    fn volumes(&self) -> usize {
        let known = std::fs::read(self.agent.state().join("desired.json")).unwrap();
        let known: Value = serde_json::from_slice(&known).unwrap();
        let filter = format!("label=cloud.patr.runner={}", known["runner"].as_str().unwrap());
        Docker::of_the_machine().run(&["volume", "ls", "--quiet", "--filter", &filter], "").lines().count()
    }
}
