//! A command in a replica, over a WebSocket that goes through the tunnel.

use patr_models::{
    deployment::exec::{self, ExecInDeployment, Size},
    endpoint::Call,
    internal::TunnelTrouble,
    wire::OpenRequest,
};
use worker::Response;

use super::deployments;
use crate::{
    answer::Failure,
    auth::Member,
    ctx::{Ctx, audited},
    ingress::tunnel::{Opened, upgrade},
    platform::log,
};

/// What is answered when a WebSocket begins (RFC 6455, 4.2.2).
pub(super) const SWITCHING_PROTOCOLS: u16 = 101;

pub(crate) async fn run(
    ctx: &Ctx,
    caller: Member,
    call: Call<ExecInDeployment>,
    upgrades: bool,
) -> Result<Response, Failure<ExecInDeployment>> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    let exec::Query { command, replica, columns, rows } = call.query;
    if command.is_empty() {
        return Err(Failure::Api(exec::Error::NoCommand));
    }
    if !upgrades {
        return Err(Failure::Api(exec::Error::NotUpgraded));
    }
    let tty = columns.zip(rows).map(|(columns, rows)| Size { columns, rows });
    let request = OpenRequest::Exec { deployment: row.id, replica, command, tty };
    match upgrade(ctx, row.runner_id, 0, &request).await? {
        Opened::Answer(response) if response.status_code() == SWITCHING_PROTOCOLS => {
            ctx.write(&caller, audited::<ExecInDeployment>(row.id, row.name.as_str()), Vec::new()).await?;
            Ok(response)
        }
        Opened::Answer(response) => {
            log(format_args!("{}: no command in {}: {}", ctx.request, row.id, response.status_code()));
            Err(Failure::Api(exec::Error::NoReplica))
        }
        Opened::Trouble(TunnelTrouble::NoReplica | TunnelTrouble::Unreachable) => {
            Err(Failure::Api(exec::Error::NoReplica))
        }
        Opened::Trouble(_) => {
            Err(Failure::Api(exec::Error::RunnerAway { runner: row.runner_name.to_string() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use crate::testing::App;

    #[test]
    fn what_is_no_command_or_no_websocket_is_told_so_before_a_runner_is_asked() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        owner.deploy("web", "box");
        let path = "/api/v1/workspaces/acme/deployments/web/exec";
        let exec = |query: &str| owner.raw(Method::GET, &format!("{path}{query}"), "").code();
        assert_eq!(exec(""), "no_command");
        assert_eq!(exec("?command=sh&command=-c&command=true"), "not_upgraded");
        let other = app.owner("other").in_workspace("acme");
        assert_eq!(other.raw(Method::GET, &format!("{path}?command=id"), "").code(), "not_found");
    }
}
