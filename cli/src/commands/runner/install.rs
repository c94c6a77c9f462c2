//! How a machine joins, ready to paste.

use patr_models::runner::RuntimeKind;

/// What to type on the machine. Neither the address nor a token holds anything that a shell would read.
pub(super) fn instructions(runtime: RuntimeKind, url: &str, token: &str) -> String {
    let runtime = runtime.as_str();
    format!(
        "
On the machine, to try it:

  PATR_URL={url} PATR_RUNNER_TOKEN={token} patr-runner {runtime}

To keep it running with systemd, with `patr-runner` in /usr/local/bin (one paste):

sudo sh -c 'umask 077; mkdir -p /etc/patr-runner; cat > /etc/patr-runner/token' <<'EOF'
{token}
EOF
sudo tee /etc/systemd/system/patr-runner.service >/dev/null <<'EOF'
[Unit]
Description=Patr runner
Wants=network-online.target
After=network-online.target docker.service

[Service]
ExecStart=/usr/local/bin/patr-runner {runtime} --url {url} --token-file /etc/patr-runner/token --state-dir /var/lib/patr-runner
StateDirectory=patr-runner
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
EOF
sudo systemctl daemon-reload
sudo systemctl enable --now patr-runner
"
    )
}
