//! What outlives replicas, and what nobody may see.

use patr_models::deployment::{Status, spec::Mount};
use patr_stories::{Host, caller::live, eventually};

use super::{Desk, on_each_runtime};

on_each_runtime! {
    that keeps:
    what_is_in_a_volume_outlives_its_replicas_and_its_deployment
    what_is_in_a_volume_is_kept_put_back_downloaded_and_copied
    secrets_are_variables_and_files_and_are_shown_nowhere
}

async fn what_is_in_a_volume_outlives_its_replicas_and_its_deployment<H: Host>(desk: Desk<H>) {
    desk.patr.run(&["volume", "create", "data", "--runner", "box"]).await;
    let data = Mount { volume: "data".parse().unwrap(), read_only: false, id: None, shared: false };
    let with_volume = |number| {
        let mut spec = desk.release(number);
        spec.volumes.insert("/data".parse().unwrap(), data.clone());
        spec
    };
    desk.owner.deploy("web", "box", with_volume(0)).await.unwrap();
    desk.owner.sees("web", live(1)).await;
    let program = desk.host.program();
    desk.patr.run(&["exec", "web", "--", &program, "write", "/data/bird", "wren"]).await;
    let bird = async || desk.patr.run(&["exec", "web", "--", &program, "read", "/data/bird"]).await;

    desk.owner.update("web", with_volume(1)).await;
    desk.owner.sees("web", live(1)).await;
    assert_eq!(bird().await, "wren");

    desk.owner.delete("web").await;
    desk.owner.deploy("web", "box", with_volume(2)).await.unwrap();
    desk.owner.sees("web", live(1)).await;
    assert_eq!(bird().await, "wren");
    assert_eq!(desk.host.volumes(), 1);

    desk.owner.delete("web").await;
    eventually("the end of the volume, which nothing uses any more", async || {
        let ended = desk.patr.try_run(&["volume", "delete", "data", "--yes"]).await;
        if ended.code == Some(0) { Ok(()) } else { Err(ended) }
    })
    .await;
    eventually("its removal", async || match desk.host.volumes() {
        0 => Ok(()),
        left => Err(left),
    })
    .await;
}

async fn what_is_in_a_volume_is_kept_put_back_downloaded_and_copied<H: Host>(desk: Desk<H>) {
    desk.patr.run(&["volume", "create", "data", "--runner", "box"]).await;
    let with_volume = |name: &str| {
        let mut spec = desk.release(0);
        let volume = Mount { volume: name.parse().unwrap(), read_only: false, id: None, shared: false };
        spec.volumes.insert("/data".parse().unwrap(), volume);
        spec
    };
    desk.owner.deploy("web", "box", with_volume("data")).await.unwrap();
    desk.owner.sees("web", live(1)).await;
    let program = desk.host.program();
    let write = async |bird| {
        desk.patr.run(&["exec", "web", "--", &program, "write", "/data/bird", bird]).await;
    };
    let stop = async || {
        desk.patr.run(&["deployment", "stop", "web"]).await;
        desk.owner.sees("web", |status| matches!(status, Status::Stopped)).await;
    };
    let start = async || {
        desk.patr.run(&["deployment", "start", "web"]).await;
        desk.owner.sees("web", live(1)).await;
    };
    let read = async |name: &str| desk.patr.run(&["exec", name, "--", &program, "read", "/data/bird"]).await;
    write("wren").await;
    stop().await;
    let snapshot = desk.patr.run(&["volume", "snapshot", "data"]).await;
    start().await;
    write("robin").await;
    stop().await;
    desk.patr.run(&["volume", "restore", "data", snapshot.trim(), "--yes"]).await;
    start().await;
    assert_eq!(read("web").await, "wren");

    // While it is used, and the snapshot: the same is in both.
    for of in [&[][..], &["--snapshot", snapshot.trim()]] {
        let archive = desk.patr.run(&[&["volume", "download", "data"][..], of].concat()).await;
        assert!(archive.contains("wren") && archive.contains("bird"), "{archive:?}");
    }
    desk.patr.run(&["volume", "copy", "data", "more"]).await;
    desk.owner.deploy("other", "box", with_volume("more")).await.unwrap();
    desk.owner.sees("other", live(1)).await;
    assert_eq!(read("other").await, "wren");
    desk.patr.run(&["volume", "delete-snapshot", "data", snapshot.trim(), "--yes"]).await;
    assert_eq!(desk.host.volumes(), 2);
}

async fn secrets_are_variables_and_files_and_are_shown_nowhere<H: Host>(desk: Desk<H>) {
    const CANARY: &str = "canary-2b7e151628ae";
    let set = desk.patr.with_input(&["secret", "set", "key"], CANARY.as_bytes()).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let image = desk.host.image();
    let user = desk.host.user().map_or(vec![], |user| vec!["--user", user]);
    let deploy = ["deploy", &image, "--name", "web", "--port", "8080", "--env", "RELEASE=1"];
    let secrets = ["--secret", "KEY=key", "--secret-file", "/run/key=key"];
    desk.patr.run(&[&deploy[..], &user, &secrets].concat()).await;
    let program = desk.host.program();
    let reversed: String = CANARY.chars().rev().collect();
    for word in ["$KEY", "/run/key"] {
        let said = desk.patr.run(&["exec", "web", "--", &program, "reverse", word]).await;
        assert_eq!(said, reversed, "{word}");
    }
    // The replica itself writes it down.
    desk.edge.request(http::Method::POST, "web-acme", "/say?name=KEY").send().await.unwrap();
    let logs = eventually("the line in its log", async || {
        let said = desk.patr.run(&["logs", "web"]).await;
        if said.contains("[secret]") { Ok(said) } else { Err(said) }
    })
    .await;
    let shown = desk.patr.run(&["-o", "json", "deployment", "show", "web"]).await;
    assert!(!logs.contains(CANARY) && !shown.contains(CANARY), "{logs}{shown}");
}
