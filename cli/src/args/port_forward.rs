//! `patr port-forward`.

use std::{net::IpAddr, str::FromStr};

use patr_models::ids::{DeploymentId, Ref, RunnerId};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr port-forward db 5432              psql -h 127.0.0.1 reaches it
  patr port-forward db 5432:15432        the same on port 15432 here
  patr port-forward db 5432:0            on any port that is free here; the first line on stdout says which
  patr port-forward web 8080 9090        several at once

Any TCP port works that something in the replica listens on, declared or not. Only this machine can connect, unless \
`--address` says otherwise. Each connection is authorised and in the audit log; Ctrl-C ends them.")]
pub(crate) struct PortForward {
    /// The deployment, by name or id
    pub(crate) name: Ref<DeploymentId>,
    /// A port of the replica, and the one here that leads to it [default: the same]
    #[arg(required = true, value_name = "PORT[:LOCAL]")]
    pub(crate) ports: Vec<Forward>,
    /// On which of its runners [default: the first that can be reached, or where the replica is]
    #[arg(long, value_name = "NAME")]
    pub(crate) runner: Option<Ref<RunnerId>>,
    /// The replica, by the beginning of its id [default: any one that serves]
    #[arg(long, value_name = "ID")]
    pub(crate) replica: Option<String>,
    /// The address here to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) address: IpAddr,
}

/// `PORT[:LOCAL]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forward {
    pub(crate) port: u16,
    /// 0 for any that is free.
    pub(crate) local: u16,
}

/// `PORT[:LOCAL]` cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    #[error("`{0}` is not a port: use 1 to 65535")]
    Port(String),
    #[error("`{0}` is not a port here: use 1 to 65535, or 0 for any that is free")]
    Local(String),
}

impl FromStr for Forward {
    type Err = ForwardError;

    fn from_str(text: &str) -> Result<Self, ForwardError> {
        let (port, local) = text.split_once(':').unwrap_or((text, text));
        let number = port.parse().ok().filter(|&port| port != 0);
        let port = number.ok_or_else(|| ForwardError::Port(port.to_owned()))?;
        let local = local.parse().map_err(|_| ForwardError::Local(local.to_owned()))?;
        Ok(Self { port, local })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_leads_to_the_same_one_unless_another_is_said() {
        let forward = |text: &str| text.parse::<Forward>().map(|it| (it.port, it.local)).ok();
        assert_eq!(forward("5432"), Some((5432, 5432)));
        assert_eq!(forward("5432:0"), Some((5432, 0)));
        assert_eq!(forward("80:8080"), Some((80, 8080)));
        for wrong in ["0", "0:80", "x", "80:", "80:70000", ""] {
            assert_eq!(forward(wrong), None, "{wrong}");
        }
    }
}
