//! A connection to a port of a replica, over a WebSocket that goes through the tunnel.

use patr_models::{
    deployment::connect::{self, ConnectToDeployment},
    endpoint::Call,
    internal::TunnelTrouble,
    wire::OpenRequest,
};
use worker::Response;

use super::{
    deployments,
    exec::{NO_REPLICA, SWITCHING_PROTOCOLS},
};
use crate::{
    answer::Failure,
    auth::Member,
    ctx::{Ctx, audited},
    db::placements::{Row as Placed, meant},
    ingress::tunnel::{Opened, upgrade},
};

pub(crate) async fn open(
    ctx: &Ctx,
    caller: Member,
    call: Call<ConnectToDeployment>,
    upgrades: bool,
) -> Result<Response, Failure<ConnectToDeployment>> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    if !upgrades {
        return Err(Failure::Api(connect::Error::NotUpgraded));
    }
    let connect::Query { port, runner, replica } = call.query;
    let not_placed = |runner| Failure::Api(connect::Error::NotPlaced { runner });
    let runners = meant(&row.placed, runner.as_ref()).map_err(not_placed)?;
    let request = OpenRequest::Tcp { deployment: row.id, port, replica };
    let mut refused = Failure::Api(connect::Error::NoReplica);
    for on in runners {
        match connect(ctx, on, &request, port).await? {
            Ok(response) => {
                let what = audited::<ConnectToDeployment>(row.id, row.name.as_str());
                ctx.write(&caller, what, Vec::new()).await?;
                return Ok(response);
            }
            Err(error) => refused = Failure::Api(error),
        }
    }
    Err(refused)
}

/// Connects to a replica on one runner.
async fn connect(
    ctx: &Ctx,
    on: &Placed,
    request: &OpenRequest,
    port: u16,
) -> Result<Result<Response, connect::Error>, Failure<ConnectToDeployment>> {
    Ok(match upgrade(ctx, on.runner, 0, request).await? {
        Opened::Answer(response) if response.status_code() == SWITCHING_PROTOCOLS => Ok(response),
        Opened::Answer(response) if response.status_code() == NO_REPLICA => Err(connect::Error::NoReplica),
        Opened::Answer(mut response) => Err(connect::Error::Refused { port, reason: response.text().await? }),
        Opened::Trouble(TunnelTrouble::NoReplica | TunnelTrouble::Unreachable) => {
            Err(connect::Error::NoReplica)
        }
        Opened::Trouble(TunnelTrouble::Busy) => {
            let reason = "its runner has too many streams, or an agent that is too old for this".to_owned();
            Err(connect::Error::Refused { port, reason })
        }
        Opened::Trouble(_) => Err(connect::Error::RunnerAway { runner: on.name.to_string() }),
    })
}

#[cfg(test)]
mod tests {
    use http::Method;

    use crate::testing::App;

    #[test]
    fn what_is_no_websocket_or_no_port_is_told_so_before_a_runner_is_asked() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        owner.deploy("db", "box");
        let path = "/api/v1/workspaces/acme/deployments/db/connect";
        let connect = |query: &str| owner.raw(Method::GET, &format!("{path}{query}"), "").code();
        assert_eq!(connect("?port=5432"), "not_upgraded");
        assert_eq!(connect("?port=65536"), "invalid_request");
        let other = app.owner("other").in_workspace("acme");
        assert_eq!(other.raw(Method::GET, &format!("{path}?port=5432"), "").code(), "not_found");
    }
}
