//! How a machine joins, ready to paste.

use patr_models::{
    deployment::ImageRef,
    runner::{RunnerWithToken, RuntimeKind},
};

use crate::{args::runner::Agent, failure::Outcome, printer::Printer};

/// The token to stdout and the instructions to people; for a cluster, a manifest with the token to stdout.
pub(super) fn print(made: &RunnerWithToken, agent: &Agent, url: &str, printer: &Printer) -> Outcome<()> {
    match made.runner.runtime {
        RuntimeKind::Docker => {
            printer.answer(made, Some(&made.token))?;
            printer.note(&instructions(made, &agent.image, url));
        }
        RuntimeKind::Kubernetes if printer.is_json() => printer.answer(made, None)?,
        RuntimeKind::Kubernetes => {
            printer.raw(&manifest(made, &agent.image, url))?;
            printer.note(
                "apply it as somebody who may make namespaces and roles: `kubectl apply --filename FILE`",
            );
        }
    }
    Ok(())
}

/// What to apply to a cluster. Neither a name, an image, the address nor a token holds anything that YAML would read.
fn manifest(made: &RunnerWithToken, image: &ImageRef, url: &str) -> String {
    // Two workspaces may have runners of one name in one cluster.
    let id = made.runner.id.to_string();
    let (_, unique) = id.split_at(id.len().saturating_sub(6));
    let namespace = format!("patr-{}-{unique}", made.runner.name);
    include_str!("cluster.yaml")
        .replace("{namespace}", &namespace)
        .replace("{image}", &image.to_string())
        .replace("{url}", url)
        .replace("{token}", &made.token)
}

/// What to type on the machine. Neither the address, an image nor a token holds anything that a shell, systemd or YAML would read.
///
/// The token goes into a file that only root can read, not into a unit or onto a command line, where others see it. The
/// agent shares the machine's network: it reaches replicas at their addresses, and an edge at `localhost` as well.
fn instructions(made: &RunnerWithToken, image: &ImageRef, url: &str) -> String {
    let (runtime, token) = (made.runner.runtime.as_str(), &made.token);
    format!(
        "
On the machine, to try it:

  PATR_URL={url} PATR_RUNNER_TOKEN={token} patr-runner {runtime}

To keep it running, keep the token (one paste), then choose one of three.

sudo sh -c 'umask 077; mkdir -p /etc/patr-runner; cat > /etc/patr-runner/token' <<'EOF'
{token}
EOF

1. With systemd, with `patr-runner` in /usr/local/bin (one paste):

sudo tee /etc/systemd/system/patr-runner.service >/dev/null <<'EOF'
[Unit]
Description=Patr runner
Wants=network-online.target
After=network-online.target docker.service

[Service]
ExecStart=/usr/local/bin/patr-runner {runtime} --url {url} --token-file /etc/patr-runner/token --state-dir /var/lib/patr-runner
StateDirectory=patr-runner
Restart=on-failure
RestartPreventExitStatus=2 3 4 5
RestartSec=5

[Install]
WantedBy=multi-user.target
EOF
sudo systemctl daemon-reload
sudo systemctl enable --now patr-runner

2. With Docker:

sudo docker run --detach --name patr-runner --restart unless-stopped --network host \\
    --volume /var/run/docker.sock:/var/run/docker.sock \\
    --volume patr-runner:/var/lib/patr-runner \\
    --volume /etc/patr-runner/token:/etc/patr-runner/token:ro \\
    {image} {runtime} --url {url} --token-file /etc/patr-runner/token

3. With Docker Compose, in compose.yaml, then `sudo docker compose up --detach`:

services:
  patr-runner:
    image: {image}
    command: [\"{runtime}\", \"--url\", \"{url}\", \"--token-file\", \"/etc/patr-runner/token\"]
    network_mode: host
    restart: unless-stopped
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
      - patr-runner:/var/lib/patr-runner
      - /etc/patr-runner/token:/etc/patr-runner/token:ro
volumes:
  patr-runner:
    name: patr-runner
"
    )
}
