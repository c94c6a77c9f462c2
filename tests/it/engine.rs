//! The Engine goes away and comes back: a rollout ends all the same, and what is shown is what is there.

use patr_models::{
    deployment::{Deployment, Failure, FailureKind, Status},
    runner::Connection,
};
use patr_stories::{
    Agent, Caller, Edge, Engine,
    caller::{live, web},
    eventually, example_image,
    registry::{Registry, Variant},
};

use crate::faults::release;

/// An edge, an Engine of its own with somebody else's container, an agent on it, and two replicas of a deployment.
struct Site {
    edge: Edge,
    owner: Caller,
    _agent: Agent,
    /// Ends after the agent, which would wonder.
    engine: Engine,
    foreign: String,
    deployment: String,
}

/// How an Engine ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Stopped,
    Killed,
}

impl Site {
    async fn new() -> Option<Self> {
        let image = example_image()?;
        let engine = Engine::start().await?;
        engine.load(&image);
        let foreign = ["run", "--detach", "--network", "none", "--restart", "always", &image];
        let foreign = engine.docker().run(&foreign, "");
        let edge = Edge::start().await;
        let owner = edge.owner("owner", "acme").await;
        let agent = Agent::start_with(&edge, &owner.add_runner("box").await, &engine.environment());
        let made = owner.deploy("web", "box", release(&image, 1)).await.unwrap();
        owner.scale("web", 2).await;
        owner.sees("web", live(2)).await;
        Some(Self { edge, owner, _agent: agent, engine, foreign, deployment: made.id.to_string() })
    }

    async fn end_engine(&mut self, how: End) {
        match how {
            End::Stopped => self.engine.stop().await,
            End::Killed => self.engine.kill().await,
        }
    }

    /// While the Engine is away nothing is said as if it were known, and the runner says why.
    async fn is_unknown(&self) {
        self.owner.sees("web", |status| matches!(status, Status::Unknown { .. })).await;
        let runner = self.owner.runner_as_shown("box").await;
        assert!(matches!(runner.connection, Connection::Online { .. }), "{:?}", runner.connection);
        let trouble = runner.health.and_then(|health| health.trouble).unwrap_or_default();
        assert!(trouble.contains("does not answer"), "{trouble}");
    }

    /// What `docker ps` shows is what is shown, and it is one release's.
    async fn is_whole(&self, number: u32) -> Vec<String> {
        self.owner.sees("web", live(2)).await;
        let docker = self.engine.docker();
        let here = eventually("two replicas, as is shown", async || {
            let shown: Deployment = self.owner.deployment("web").await;
            let mut seen: Vec<String> = shown.seen().map(|replica| replica.id.clone()).collect();
            seen.sort();
            let here = docker.containers(&self.deployment);
            let short: Vec<String> = here.iter().map(|id| id.chars().take(12).collect()).collect();
            if seen == short && here.len() == 2 { Ok(here) } else { Err((seen, short)) }
        })
        .await;
        let expected = format!("RELEASE={number}");
        for id in &here {
            let found = docker.inspect(id);
            let variables = found["Config"]["Env"].to_string();
            assert!(variables.contains(&expected), "{variables}");
            assert_eq!(found["State"]["Running"], true);
        }
        eventually("an answer of the release", async || match self.edge.get("web-acme", "/").await {
            (200, body) if body.contains(&format!("release {number}")) => Ok(()),
            other => Err(other),
        })
        .await;
        let mut all = here.clone();
        all.push(self.foreign.clone());
        all.sort();
        let mut found: Vec<String> =
            docker.run(&["ps", "--all", "--quiet", "--no-trunc"], "").lines().map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, all, "nothing is left over, and what is somebody else's is there");
        assert_eq!(docker.inspect(&self.foreign)["State"]["Running"], true);
        here
    }
}

#[tokio::test]
async fn an_engine_that_goes_away_while_nothing_changes_is_said_and_its_replicas_serve_again() {
    let Some(mut site) = Site::new().await else { return };
    let before = site.is_whole(1).await;
    for how in [End::Stopped, End::Killed] {
        site.end_engine(how).await;
        site.is_unknown().await;
        site.engine.start_again().await;
        let after = site.is_whole(1).await;
        // One that was killed ends what ran when it is back, and some versions leave that to be replaced.
        if matches!(how, End::Stopped) {
            assert_eq!(after, before, "the same replicas run again");
        }
    }
}

#[tokio::test]
async fn a_rollout_whose_engine_goes_away_ends_when_it_is_back() {
    let Some(mut site) = Site::new().await else { return };
    let image = example_image().unwrap();
    for (number, how) in (2..).zip([End::Stopped, End::Killed]) {
        site.owner.update("web", release(&image, number)).await;
        eventually("a replica of the new release", async || {
            let here = site.engine.docker().containers(&site.deployment).len();
            if here > 2 { Ok(()) } else { Err(here) }
        })
        .await;
        site.end_engine(how).await;
        site.is_unknown().await;
        site.engine.start_again().await;
        site.is_whole(number).await;
    }
}

const MIB: u64 = 1 << 20;

/// Why the newest release has failed while the first one serves.
async fn failed(owner: &Caller, edge: &Edge, kind: FailureKind) -> Failure {
    let because = |status: &Status| matches!(status, Status::Failed { failure, .. } if failure.kind == kind);
    let seen = owner.sees("web", because).await;
    let Status::Failed { failure, serving } = seen.status else { unreachable!() };
    assert_eq!((serving, edge.get("web-acme", "/").await.0), (Some(1), 200), "{failure:?}");
    failure
}

#[tokio::test]
async fn an_image_that_does_not_fit_leaves_nothing_behind_and_one_that_does_is_run_once_there_is_room() {
    let (Some(image), Some(registry)) = (example_image(), Registry::start().await) else { return };
    let Some(engine) = Engine::on_a_disk_of(900 * MIB).await else { return };
    engine.load(&image);
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let _agent = Agent::start_with(&edge, &owner.add_runner("box").await, &engine.environment());
    owner.deploy("web", "box", web(&image)).await.unwrap();
    owner.sees("web", live(1)).await;

    // Whether it fits is found out only while it is unpacked.
    let swelling = registry.put_swelling("swelling:1", 1024 * MIB).await;
    engine.fill_until(560 * MIB);
    owner.update("web", web(&swelling)).await;
    let failure = failed(&owner, &edge, FailureKind::DiskFull).await;
    assert!(failure.message.contains("no space left"), "{}", failure.message);
    eventually("the removal of what was pulled", async || {
        let free = engine.free();
        if free > 550 * MIB { Ok(()) } else { Err(free) }
    })
    .await;

    // So little room is left for what runs that nothing is pulled any more.
    let two = Variant::of(&image, "two");
    let small = registry.push(two.name(), "small:2", None);
    let filler = engine.fill_until(300 * MIB);
    owner.update("web", web(&small)).await;
    let failure = eventually("the refusal of the small one", async || {
        let failure = failed(&owner, &edge, FailureKind::DiskFull).await;
        if failure.message.contains("is not pulled") { Ok(failure) } else { Err(failure) }
    })
    .await;
    assert!(failure.message.contains("must be left for what runs"), "{}", failure.message);
    let health = owner.runner_as_shown("box").await.health.unwrap();
    assert!(health.trouble.is_some_and(|trouble| trouble.contains("nearly full")));

    std::fs::remove_file(filler).unwrap();
    let mut again = web(&small);
    again.env.insert("TRY".parse().unwrap(), "2".to_owned());
    owner.update("web", again).await;
    owner.sees("web", live(1)).await;
    assert!(edge.get("web-acme", "/").await.1.contains("release two"));
}
