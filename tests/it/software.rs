//! Software that others wrote, deployed as a person would: with `patr`.

use std::time::Duration;

use patr_models::deployment::{FailureKind, Status};
use patr_stories::{
    Agent, Caller, Edge, Program, debian_image, eventually, example_image,
    runner::{CleanUp, containers, inspect},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Somebody with a runner.
pub(crate) struct Desk {
    pub(crate) edge: Edge,
    pub(crate) owner: Caller,
    patr: Program,
    _agent: Agent,
    deployed: Vec<CleanUp>,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let edge = Edge::start().await;
        let owner = edge.owner("owner", "acme").await;
        let agent = Agent::start(&edge, &owner.add_runner("box").await);
        let patr = Program::of(&edge, &owner);
        Self { edge, owner, patr, _agent: agent, deployed: Vec::new() }
    }

    /// Deploys, and waits until it is live.
    pub(crate) async fn deploy(&mut self, name: &str, image: &str, arguments: &[&str]) {
        let all = [&["deploy", image, "--name", name], arguments].concat();
        let ended = self.patr.try_run(&all).await;
        self.deployed.push(CleanUp(self.owner.deployment(name).await.id.to_string()));
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    }

    /// Asks through a forwarded port whether it may be TLS: the first thing that every client of PostgreSQL says.
    async fn greets_postgresql(&self) -> u8 {
        let mut forwarding = self.patr.start(&["port-forward", "db", "5432:0"]);
        let mut socket = TcpStream::connect(forwarding.line().await).await.unwrap();
        socket.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
        socket.read_u8().await.unwrap()
    }

    async fn psql(&self, sql: &str) -> String {
        let command = ["exec", "db", "--", "psql", "--no-align", "--tuples-only", "--command", sql];
        self.patr.run(&command).await.trim().to_owned()
    }
}

/// As the image of PostgreSQL does it: a cluster is made when there is none.
const POSTGRES: &str = "sh -c 'cd /usr/lib/postgresql/*/bin && { [ -s /var/lib/postgresql/data/PG_VERSION ] || \
    ./initdb --pgdata /var/lib/postgresql/data --auth-host scram-sha-256 --pwfile /run/password && \
    echo host all all all scram-sha-256 >> /var/lib/postgresql/data/pg_hba.conf; } && \
    exec ./postgres -D /var/lib/postgresql/data -c listen_addresses=* -c fsync=off -c unix_socket_directories=/tmp'";

#[tokio::test]
async fn postgresql_keeps_its_data_over_releases_and_is_found_by_name_in_its_workspace_only() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    desk.patr.with_input(&["secret", "set", "pg-password"], b"a canary that sings\n").await;
    let common = [
        "--user",
        "postgres",
        "--port",
        "5432/tcp",
        "--volume",
        "data:/var/lib/postgresql",
        "--secret-file",
        "/run/password=pg-password",
        "--env",
        "PGHOST=/tmp",
        "--readiness-probe",
        "exec:sh -c 'psql -c \"select 1\"'",
        "--command",
        POSTGRES,
    ];
    desk.deploy("db", &image, &common).await;
    desk.psql("create table birds as select 'wren' as name").await;
    assert_eq!(desk.greets_postgresql().await, b'N', "no TLS, says the server itself");
    // A new release of something with a volume that one may write: the old one stops first.
    desk.deploy("db", &image, &[&common[..], &["--env", "RELEASE=2"]].concat()).await;
    assert_eq!(desk.psql("select name from birds").await, "wren");
    // Another deployment of the workspace reaches it by name, with the secret as its environment.
    let client = [
        "--secret",
        "PGPASSWORD=pg-password",
        "--command",
        "sh -c 'until psql -h db -U postgres -c \"insert into birds values (version())\"; do sleep 0.2; done; exec sleep infinity'",
    ];
    desk.deploy("client", &image, &client).await;
    eventually("the row that the client inserts", async || {
        let rows = desk.psql("select count(*) from birds").await;
        if rows == "2" { Ok(()) } else { Err(rows) }
    })
    .await;
}

#[tokio::test]
async fn redis_keeps_its_data_when_its_container_is_killed_and_when_it_is_restored() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let arguments = [
        "--port",
        "6379/tcp",
        "--volume",
        "cache:/data",
        "--workdir",
        "/data",
        "--command",
        "redis-server --bind 0.0.0.0 --protected-mode no --appendonly yes --appendfsync always",
    ];
    desk.deploy("cache", &image, &arguments).await;
    let redis = async |words: &[&str]| {
        let command = [&["exec", "cache", "--", "redis-cli"], words].concat();
        desk.patr.run(&command).await.trim().to_owned()
    };
    assert_eq!(redis(&["set", "bird", "wren"]).await, "OK");
    let [container] = &containers(&desk.deployed[0].0)[..] else { panic!("one replica") };
    patr_stories::registry::docker(&["kill", container], "");
    eventually("redis after it was killed", async || {
        let command = ["exec", "cache", "--", "redis-cli", "get", "bird"];
        let ended = desk.patr.try_run(&command).await;
        if ended.stdout.trim() == "wren" { Ok(()) } else { Err(ended) }
    })
    .await;
    let made = desk.patr.run(&["-o", "json", "volume", "snapshot", "cache"]).await;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(redis(&["set", "bird", "crow"]).await, "OK");
    desk.patr.run(&["deployment", "stop", "cache"]).await;
    desk.owner.sees("cache", |status| matches!(status, Status::Stopped)).await;
    let snapshot = made["id"].as_str().unwrap();
    desk.patr.run(&["volume", "restore", "cache", snapshot, "--yes"]).await;
    desk.patr.run(&["deployment", "start", "cache"]).await;
    assert_eq!(desk.patr.run(&["exec", "cache", "--", "redis-cli", "get", "bird"]).await.trim(), "wren");
}

#[tokio::test]
async fn a_volume_is_copied_to_another_runner_with_all_that_is_in_it() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let token = desk.owner.add_runner("office").await;
    let _other = Agent::start(&desk.edge, &token);
    let write = "sh -c 'cd /data && mkdir -p nest && echo wren > nest/bird && chown 33:44 nest/bird && \
        chmod 640 nest/bird && ln -s nest/bird link && exec sleep infinity'";
    let arguments = ["--runner", "box", "--volume", "data:/data", "--command", write];
    desk.deploy("writer", &image, &arguments).await;
    eventually("the copy, once both runners have their tunnels", async || {
        let ended = desk.patr.try_run(&["volume", "copy", "data", "there", "--runner", "office"]).await;
        if ended.code == Some(0) { Ok(()) } else { Err(ended) }
    })
    .await;
    let arguments = ["--runner", "office", "--volume", "there:/data", "--command", "sleep infinity"];
    desk.deploy("reader", &image, &arguments).await;
    let [reader] = &containers(&desk.deployed[1].0)[..] else { panic!("one replica") };
    let [writer] = &containers(&desk.deployed[0].0)[..] else { panic!("one replica") };
    let runner = |id: &String| inspect(id)["Config"]["Labels"]["cloud.patr.runner"].clone();
    assert_ne!(runner(reader), runner(writer), "they are on two runners");
    let look = "cat /data/link && stat --format '%u:%g %a' /data/nest/bird";
    let read = desk.patr.run(&["exec", "reader", "--", "sh", "-c", look]).await;
    assert_eq!(read.trim(), "wren\n33:44 640");
}

#[tokio::test]
async fn slow_python_and_node_servers_are_waited_for_and_their_releases_lose_nothing() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let python = "sh -c 'sleep 2; cd /usr/share/doc; exec python3 -m http.server 8000'";
    let node = "sh -c 'sleep 2; exec node -e \"require(\\\"http\\\").createServer((q, r) => r.end(\\\"node \\\" + process.env.RELEASE)).listen(8000)\"'";
    for (name, command) in [("python", python), ("node", node)] {
        let arguments =
            ["--port", "8000", "--command", command, "--env", "RELEASE=1", "--stop-signal", "SIGINT"];
        desk.deploy(name, &image, &arguments).await;
        let host = format!("{name}-acme");
        assert_eq!(desk.edge.get(&host, "/").await.0, 200);
        let edge = &desk.edge;
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let asking = async {
            let mut answers = 0;
            loop {
                tokio::select! {
                    (status, body) = edge.get(&host, "/") => {
                        assert_eq!(status, 200, "{name}: {body}");
                        answers += 1;
                    }
                    _ = stopped.changed() => return answers,
                }
            }
        };
        let deploying = async {
            let command = ["deploy", &image, "--name", name, "--env", "RELEASE=2"];
            desk.patr.run(&command).await;
            stop.send(true).unwrap();
        };
        let (answers, ()) = tokio::join!(asking, deploying);
        assert!(answers > 10, "{name} was asked {answers} times");
    }
    assert_eq!(desk.edge.get("node-acme", "/").await.1, "node 2");
}

#[tokio::test]
async fn one_that_will_not_stop_is_killed_after_its_grace() {
    let Some(image) = example_image() else { return };
    let mut desk = Desk::new().await;
    let arguments = ["--port", "8080", "--env", "STUBBORN=1", "--stop-grace", "1s"];
    desk.deploy("mule", &image, &arguments).await;
    let begun = std::time::Instant::now();
    desk.patr.run(&["deployment", "stop", "mule"]).await;
    desk.owner.sees("mule", |status| matches!(status, Status::Stopped)).await;
    assert!(begun.elapsed() > Duration::from_secs(1), "it was given its grace");
    assert_eq!(containers(&desk.deployed[0].0), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_takes_too_much_memory_is_named_and_comes_back() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    // It leaks when it is told to: the first release is well, the second is not.
    let leak = "sh -c 'exec python3 -c \"import os,threading\nhog=[]\nwhile os.environ.get(\\\"LEAK\\\"): hog.append(bytearray(1<<20))\nthreading.Event().wait()\"'";
    let arguments = ["--memory", "32Mi", "--command", leak];
    desk.deploy("leak", &image, &arguments).await;
    let command = ["deploy", &image, "--name", "leak", "--env", "LEAK=1"];
    let ended = desk.patr.try_run(&command).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let seen = desk.owner.deployment("leak").await;
    let Status::Failed { failure, serving } = seen.status else { panic!("{:?}", seen.status) };
    assert_eq!((failure.kind, serving), (FailureKind::OutOfMemory, Some(1)), "{failure:?}");
}

#[tokio::test]
async fn one_that_writes_without_end_fills_no_disk_and_its_last_lines_are_read() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    // Several times what is kept. Lines as long as real ones: the Engine spends its time on lines, not on bytes.
    let arguments =
        ["--command", "sh -c 'yes \"$(seq -s, 60)\" | head -c 150000000; echo done; exec sleep infinity'"];
    desk.deploy("chatter", &image, &arguments).await;
    eventually("the end of what it writes", async || {
        let ended = desk.patr.try_run(&["logs", "chatter", "--tail", "1"]).await;
        if ended.stdout.trim().ends_with("done") { Ok(()) } else { Err(ended.stdout) }
    })
    .await;
    let [container] = &containers(&desk.deployed[0].0)[..] else { panic!("one replica") };
    let log = inspect(container)["LogPath"].as_str().unwrap().to_owned();
    let folder = std::path::Path::new(&log).parent().unwrap();
    // The Engine's folder can be read only as root.
    if let Ok(files) = std::fs::read_dir(folder) {
        let logs = files.flatten().filter(|file| file.file_name().to_string_lossy().contains("json.log"));
        let bytes: u64 = logs.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum();
        assert!(bytes < 40_000_000, "{bytes} bytes of logs are kept");
    }
}

#[tokio::test]
async fn the_value_of_a_secret_is_found_nowhere() {
    const CANARY: &str = "canary-7f3a91c2d4e5";
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let ended = desk.patr.with_input(&["secret", "set", "key"], CANARY.as_bytes()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let arguments = [
        "--secret",
        "KEY=key",
        "--secret-file",
        "/run/key=key",
        "--command",
        "sh -c 'echo the key is $KEY; cat /run/key; exec sleep infinity'",
    ];
    desk.deploy("web", &image, &arguments).await;
    let seen = desk.patr.run(&["exec", "web", "--", "sh", "-c", "echo $KEY | rev; rev /run/key"]).await;
    let reversed: String = CANARY.chars().rev().collect();
    assert_eq!(seen.matches(&reversed).count(), 2, "the replica has it: {seen}");
    let mut said = String::new();
    for command in [
        &["logs", "web"][..],
        &["secret", "list"],
        &["-o", "json", "secret", "show", "key"],
        &["-o", "json", "deployment", "show", "web"],
        &["-o", "json", "deployment", "releases", "web"],
        &["-o", "json", "audit", "list"],
    ] {
        said += &desk.patr.run(command).await;
    }
    assert!(said.contains("the key is [secret]"), "{said}");
    assert!(!said.contains(CANARY), "an answer shows it");
    for folder in [desk.edge.state(), desk._agent.state()] {
        let found = std::process::Command::new("grep")
            .args(["--recursive", "--text", "--files-with-matches", CANARY])
            .arg(folder)
            .output()
            .unwrap();
        assert!(found.stdout.is_empty(), "it is in {}", String::from_utf8_lossy(&found.stdout));
    }
}
