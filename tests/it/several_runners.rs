//! A deployment on two machines: whoever uses it notices neither the loss of one nor a move.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use http::Method;
use patr_models::{
    deployment::{Deployment, FailureKind, Status, delete, update},
    endpoint::body::{Json, NoBody},
};
use patr_stories::{
    Agent, Caller, Edge, Program,
    caller::{live, placements, reference, web},
    eventually, example_image,
    load::{Load, Shape},
    pass,
    runner::{CleanUp, containers},
};
use tokio::{sync::watch, task::JoinHandle};

/// Only questions, and quick ones: what a machine that is gone held cannot be saved.
const SHAPE: Shape =
    Shape { requests_per_second: 60, slow_every: u32::MAX, sockets: 0, drain: Duration::ZERO };

/// Two machines, and `web` on them with these weights.
struct Pair {
    edge: Edge,
    owner: Caller,
    home: Agent,
    _vps: Agent,
    clean_up: CleanUp,
}

impl Pair {
    async fn with(image: &str, runners: &[(&str, u8)]) -> Self {
        let edge = Edge::start().await;
        let owner = edge.owner("owner", "acme").await;
        let home = Agent::start(&edge, &owner.add_runner("home").await);
        let vps = Agent::start(&edge, &owner.add_runner("vps").await);
        let made = owner.deploy_on("web", runners, web(image)).await.unwrap();
        let clean_up = CleanUp(made.id.to_string());
        owner.sees("web", live(runners.len() as u32)).await;
        let pair = Self { edge, owner, home, _vps: vps, clean_up };
        let all: Vec<&str> =
            runners.iter().filter(|(_, weight)| *weight > 0).map(|(name, _)| *name).collect();
        eventually("answers of all that have a weight", async || {
            let asked = pair.asked(20).await;
            if all.iter().all(|&name| asked.contains_key(name)) { Ok(()) } else { Err(asked) }
        })
        .await;
        pair
    }

    async fn load(&self) -> Load {
        Load::start(&self.edge, "web-acme", SHAPE).await
    }

    /// Which runner answers how many of so many requests.
    async fn asked(&self, requests: usize) -> BTreeMap<String, usize> {
        let deployment = self.owner.deployment("web").await;
        let mut counts = BTreeMap::new();
        for _ in 0..requests {
            let (_, body) = self.edge.get("web-acme", "/").await;
            let answered = deployment
                .runners
                .iter()
                .find(|placed| placed.seen.iter().any(|replica| body.contains(&replica.id)));
            *counts.entry(answered.map_or(body.clone(), |placed| placed.name.to_string())).or_default() += 1;
        }
        counts
    }

    /// Waits until one runner answers all requests.
    async fn only(&self, name: &str) {
        eventually(&format!("that `{name}` answers everything"), async || {
            let asked = self.asked(10).await;
            if asked.get(name) == Some(&10) { Ok(()) } else { Err(asked) }
        })
        .await;
    }

    async fn show(&self) -> String {
        Program::of(&self.edge, &self.owner).run(&["deployment", "show", "web"]).await
    }
}

/// Posts until it is told to stop; when each was begun that was not answered with success.
fn posting(edge: &Edge, mut stopped: watch::Receiver<bool>) -> JoinHandle<Vec<Instant>> {
    let request = edge.request(Method::POST, "web-acme", "/upload").body("a few bytes");
    tokio::spawn(async move {
        let mut failed = Vec::new();
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stopped.changed() => return failed,
            }
            let (begun, request) = (Instant::now(), request.try_clone().unwrap());
            if !request.send().await.is_ok_and(|answer| answer.status().is_success()) {
                failed.push(begun);
            }
        }
    })
}

fn is_without(runner: &'static str) -> impl Fn(&Status) -> bool {
    move |status| {
        matches!(status, Status::Degraded { reason: Some(reason), .. }
            if reason.kind == FailureKind::RunnerAway && reason.message.contains(runner))
    }
}

fn only_on(deployment: &Deployment, runner: &str) -> bool {
    matches!(&deployment.runners[..], [only] if only.name.as_str() == runner)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_shared_by_weight_and_the_loss_of_a_machine_loses_none_that_may_be_repeated() {
    let Some(image) = example_image() else { return };
    let mut pair = Pair::with(&image, &[("home", 3), ("vps", 1)]).await;
    let shared = pair.asked(200).await;
    assert!((115..185).contains(&shared["home"]), "three of four: {shared:?}");

    let load = pair.load().await;
    let (stop, stopped) = watch::channel(false);
    let posts = posting(&pair.edge, stopped);
    pass(Duration::from_millis(500)).await;
    pair.home.kill().await;
    let killed = Instant::now();
    pair.owner.sees("web", is_without("home")).await;
    assert!(pair.show().await.contains("degraded: 1 of 2 ready, the runner `home` is away"));
    // Long enough that it is tried again, and found away, a few times.
    pass(Duration::from_secs(4)).await;
    pair.only("vps").await;

    pair.home.restart();
    pair.owner.sees("web", live(2)).await;
    eventually("answers of both again", async || {
        let asked = pair.asked(20).await;
        if asked.len() == 2 { Ok(()) } else { Err(asked) }
    })
    .await;
    stop.send(true).unwrap();
    let late = Duration::from_secs(3);
    let failed: Vec<_> = posts.await.unwrap().into_iter().filter(|at| *at > killed + late).collect();
    assert_eq!(failed.len(), 0, "posts that failed later than {late:?} after the loss");
    let tally = load.end().await;
    assert_eq!(tally.failures, Vec::<String>::new(), "of {}", tally.requests);

    let path = delete::Path { workspace: pair.owner.workspace(), deployment: reference("web") };
    pair.owner.change::<delete::DeleteDeployment>(path, NoBody).await.unwrap();
    eventually("that both have removed it", async || {
        let left = containers(&pair.clean_up.0);
        if left.is_empty() { Ok(()) } else { Err(left) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_and_gives_back() {
    let Some(image) = example_image() else { return };
    let mut pair = Pair::with(&image, &[("home", 1), ("vps", 0)]).await;
    pair.only("home").await;
    let load = pair.load().await;
    pair.home.kill().await;
    pair.owner.sees("web", is_without("home")).await;
    pair.only("vps").await;
    pair.home.restart();
    pair.owner.sees("web", live(2)).await;
    pair.only("home").await;
    let tally = load.end().await;
    assert_eq!(tally.failures, Vec::<String>::new(), "of {}", tally.requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_moves_to_another_machine_and_no_request_is_lost() {
    let Some(image) = example_image() else { return };
    let pair = Pair::with(&image, &[("home", 1)]).await;
    let before = containers(&pair.clean_up.0);
    let load = pair.load().await;
    let path = update::Path { workspace: pair.owner.workspace(), deployment: reference("web") };
    let runners = Some(placements(&[("vps", 1)]));
    let body = update::Body { spec: web(&image), runners, replicas: None, autoscale: None };
    let moved = pair.owner.change::<update::UpdateDeployment>(path, Json(body)).await.unwrap().0;
    assert_eq!(moved.release, 1, "a move is no release");
    assert!(moved.runners.iter().any(|placed| placed.leaving && placed.name.as_str() == "home"), "{moved:?}");
    eventually("that it is on `vps` only", async || {
        let now = pair.owner.deployment("web").await;
        if only_on(&now, "vps") && live(1)(&now.status) { Ok(()) } else { Err(now) }
    })
    .await;
    pair.only("vps").await;
    eventually("that `home` has removed it", async || {
        let left = containers(&pair.clean_up.0);
        if left.len() == 1 && !left.contains(&before[0]) { Ok(()) } else { Err(left) }
    })
    .await;
    let tally = load.end().await;
    assert_eq!(tally.failures, Vec::<String>::new(), "of {}", tally.requests);
}
