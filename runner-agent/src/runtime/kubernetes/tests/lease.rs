//! Several agents of one runner.

use futures_util::FutureExt;
use k8s_openapi::api::{coordination::v1, core::v1::Secret};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::*;
use crate::runtime::kubernetes::saved::Saved;

fn server() -> Server {
    let server = Server::default();
    server.puts("leases", json!({ "metadata": { "name": "patr-runner" } }));
    server.puts("secrets", json!({ "metadata": { "name": "patr-runner-state" } }));
    server
}

fn agent(server: &Server, name: &str) -> Lease {
    in_term(server, name, Term::default())
}

fn in_term(server: &Server, name: &str, term: Term) -> Lease {
    Lease::new(Api::<v1::Lease>::namespaced(server.client(), AGENTS), name.to_owned(), term)
}

/// How long an agent waits until it is its turn.
async fn waits(agent: &Lease) -> Duration {
    let begun = Instant::now();
    agent.acquire().await;
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_next_one_begins_as_soon_as_the_first_lets_go() {
    let server = server();
    let (first, second) = (agent(&server, "a"), agent(&server, "b"));
    assert_eq!(waits(&first).await, Duration::ZERO);
    let mut waiting = std::pin::pin!(waits(&second));
    assert!((&mut waiting).now_or_never().is_none());
    first.release().await;
    assert!(waiting.await <= Duration::from_secs(1));
    second.release().await;
    assert_eq!(waits(&first).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_killed_is_waited_for_and_one_that_lives_for_ever() {
    let server = server();
    let (first, second) = (agent(&server, "a"), agent(&server, "b"));
    first.acquire().await;
    let alive = tokio::select! {
        () = first.lost() => false,
        _ = waits(&second) => false,
        () = sleep(Duration::from_secs(120)) => true, // On the paused clock.
    };
    assert!(alive);
    let waited = waits(&second).await;
    assert!((15..=16).contains(&waited.as_secs()), "{waited:?}");
    // It was only cut off, and hears of it.
    first.lost().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_takes_the_lease_from_nobody() {
    let server = server();
    let (first, second) = (agent(&server, "a"), agent(&server, "b"));
    first.acquire().await;
    server.is_away();
    let kept = tokio::select! {
        () = first.lost() => false,
        _ = waits(&second) => false,
        () = sleep(Duration::from_secs(120)) => true, // On the paused clock.
    };
    assert!(kept);
}

#[tokio::test(start_paused = true)]
async fn one_whose_lease_may_be_another_s_only_reads_until_it_has_asked() {
    let (server, term) = (server(), Term::default());
    let lease = in_term(&server, "a", term.clone());
    let secrets = Api::<Secret>::namespaced(server.client_of(&term), AGENTS);
    let change = async || {
        let nothing = Patch::Merge(json!({ "data": {} }));
        secrets.patch("patr-runner-state", &PatchParams::default(), &nothing).await
    };
    assert!(change().await.is_err(), "it has none yet");
    lease.acquire().await;
    sleep(Duration::from_millis(14_900)).await; // On the paused clock.
    assert!(change().await.is_ok());
    sleep(Duration::from_millis(100)).await; // On the paused clock.
    let why = chain(&change().await.unwrap_err());
    assert!(why.contains("the lease of this agent has run out"), "{why}");
    assert!(secrets.get("patr-runner-state").await.is_ok());
    // What was held back has it renewed at once.
    let soon = timeout(Duration::from_millis(10), lease.lost());
    assert!(soon.await.is_err(), "nobody else has it");
    assert!(change().await.is_ok());
    lease.release().await;
    assert!(change().await.is_err(), "another may have it from now on");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_cut_off_changes_nothing_when_another_has_its_lease() {
    let (server, term) = (server(), Term::default());
    let (first, second) = (in_term(&server, "a", term.clone()), agent(&server, "b"));
    let secrets = Api::<Secret>::namespaced(server.client_of(&term), AGENTS);
    first.acquire().await;
    second.acquire().await;
    let deleted = async || secrets.delete("patr-runner-state", &DeleteParams::default()).await;
    assert!(deleted().await.is_err());
    first.lost().await;
    assert!(deleted().await.is_err());
    assert_eq!(server.all("secrets").len(), 1);
}

#[tokio::test]
async fn an_agent_on_another_node_begins_with_what_the_last_one_kept() {
    let (server, here, there) = (server(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let on = |directory: &TempDir| {
        Saved::new(Api::<Secret>::namespaced(server.client(), AGENTS), directory.path())
    };
    std::fs::write(here.path().join("desired.json"), "{}").unwrap();
    std::fs::write(here.path().join("lock"), "").unwrap();
    let (_, unchanged) = watch::channel(());
    on(&here).keep(unchanged).await;
    on(&there).restore().await.unwrap();
    assert_eq!(std::fs::read_to_string(there.path().join("desired.json")).unwrap(), "{}");
    assert_eq!(std::fs::read_dir(there.path()).unwrap().count(), 1);
}
