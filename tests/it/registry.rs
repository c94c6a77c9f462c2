//! Images from a real registry, and what is said when it does not give them.

use std::os::unix::fs::PermissionsExt;

use patr_models::{
    deployment::{Deployment, FailureKind, Status, restart},
    endpoint::body::NoBody,
};
use patr_stories::{
    Agent, Caller, Edge,
    caller::{live, reference, web},
    example_image,
    registry::{PASSWORD, Registry, USER, Variant},
    runner::{CleanUp, containers},
};

async fn deploy(owner: &Caller, name: &str, runner: &str, image: &str) -> (Deployment, CleanUp) {
    let made = owner.deploy(name, runner, web(image)).await.unwrap();
    let clean_up = CleanUp(made.id.to_string());
    (made, clean_up)
}

async fn failed(owner: &Caller, name: &str) -> (FailureKind, String) {
    let seen = owner.sees(name, |status| matches!(status, Status::Failed { .. })).await;
    let Status::Failed { failure, .. } = seen.status else { unreachable!() };
    (failure.kind, failure.message)
}

#[tokio::test]
async fn a_tag_is_pinned_and_only_a_redeploy_takes_what_it_means_by_now() {
    let (Some(image), Some(registry)) = (example_image(), Registry::start().await) else { return };
    let (one, two) = (Variant::of(&image, "one"), Variant::of(&image, "two"));
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    let tag = registry.push(one.name(), "team/web:1", None);
    let (_, clean_up) = deploy(&owner, "web", "box", &tag).await;
    let first = owner.sees("web", live(1)).await;
    assert!(edge.get("web-acme", "/").await.1.contains("release one"));

    registry.push(two.name(), "team/web:1", None);
    let before = containers(&clean_up.0);
    let path = restart::Path { workspace: owner.workspace(), deployment: reference("web") };
    let asked = owner.change::<restart::RestartDeployment>(path, NoBody).await.unwrap().0;
    let restarted = seen_live(&owner, asked.generation).await;
    assert_eq!(restarted.digest, first.digest);
    assert_ne!(containers(&clean_up.0), before);
    assert!(edge.get("web-acme", "/").await.1.contains("release one"), "a restart runs what ran");

    owner.update("web", web(&tag)).await;
    let updated = seen_live(&owner, asked.generation + 1).await;
    assert_ne!(updated.digest, first.digest);
    assert!(edge.get("web-acme", "/").await.1.contains("release two"));
}

/// Waits until a generation is live.
async fn seen_live(owner: &Caller, generation: u64) -> Deployment {
    patr_stories::eventually("the generation's success", async || {
        let seen = owner.deployment("web").await;
        let there = seen.generation == generation && live(1)(&seen.status);
        if there { Ok(seen) } else { Err((seen.generation, seen.status)) }
    })
    .await
}

#[tokio::test]
async fn what_a_registry_does_not_have_is_said_at_once_and_the_old_release_goes_on() {
    let (Some(image), Some(registry)) = (example_image(), Registry::start().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    let tag = registry.push(&image, "web:1", None);
    let (_, clean_up) = deploy(&owner, "web", "box", &tag).await;
    owner.sees("web", live(1)).await;
    let before = containers(&clean_up.0);

    let begun = std::time::Instant::now();
    owner.update("web", web(&registry.image("web:none"))).await;
    let (kind, message) = failed(&owner, "web").await;
    assert_eq!(kind, FailureKind::ImageNotFound);
    assert!(message.contains("image not found"), "{message}");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());

    let gone = registry.image("web:2");
    registry.ends().await;
    owner.update("web", web(&gone)).await;
    let refused = owner
        .sees("web", |status| {
            matches!(status, Status::Failed { failure, .. } if failure.kind == FailureKind::PullFailed)
        })
        .await;
    let Status::Failed { failure, serving } = refused.status else { unreachable!() };
    assert!(failure.message.contains("refused"), "{}", failure.message);
    assert_eq!((serving, edge.get("web-acme", "/").await.0), (Some(1), 200));
    assert_eq!(containers(&clean_up.0), before);
}

#[tokio::test]
async fn a_private_registry_is_asked_with_what_docker_login_has_left() {
    let (Some(image), Some(registry)) = (example_image(), Registry::private().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let login = registry.logged_in();
    let tag = registry.push(&image, "secret/web:1", Some(login.path()));
    let (helped, path) = helped(&registry);
    let nobody = tempfile::tempdir().unwrap();
    let wrong = wrong(&registry);
    let cases = [
        ("written", login.path(), true),
        ("helped", helped.path(), true),
        ("wrong", wrong.path(), false),
        ("nobody", nobody.path(), false),
    ];
    for (name, config, may) in cases {
        let environment = [("DOCKER_CONFIG", config.to_string_lossy()), ("PATH", path.as_str().into())];
        let token = owner.add_runner(name).await;
        let _agent = Agent::start_with(&edge, &token, &environment.map(|(k, v)| (k, v.into_owned())));
        let (_, _clean_up) = deploy(&owner, name, name, &tag).await;
        if may {
            owner.sees(name, live(1)).await;
        } else {
            let (kind, message) = failed(&owner, name).await;
            assert_eq!(kind, FailureKind::PullDenied, "{name}: {message}");
            assert!(message.contains("pull denied") && !message.contains(PASSWORD), "{name}: {message}");
        }
    }
}

/// A configuration whose registry has a credential helper, and a search path on which it is found.
fn helped(registry: &Registry) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(r#"{{"credHelpers":{{"{}":"story"}}}}"#, registry.server());
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let program = folder.path().join("docker-credential-story");
    let script = format!("#!/bin/sh\necho '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    (folder, path)
}

/// A configuration with credentials that are not good.
fn wrong(registry: &Registry) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    // eve:guess
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"ZXZlOmd1ZXNz"}}}}}}"#, registry.server());
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    folder
}
