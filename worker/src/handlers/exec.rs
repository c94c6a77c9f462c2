//! A command in a replica, over a WebSocket that goes through the tunnel.

use patr_models::{
    deployment::exec::{self, ExecInDeployment, FromCommand, Size},
    endpoint::Call,
    error::ApiError,
    internal::TunnelTrouble,
    wire::OpenRequest,
};
use worker::{Response, WebSocketPair};

use super::deployments;
use crate::{
    answer::{Failure, Fault},
    auth::Member,
    ctx::{Ctx, audited},
    db::placements::{Row as Placed, meant},
    ingress::tunnel::{Opened, upgrade},
};

/// What is answered when a WebSocket begins (RFC 6455, 4.2.2).
pub(super) const SWITCHING_PROTOCOLS: u16 = 101;
/// What an agent answers when no replica runs. Anything else is about what was asked of it, in a sentence.
pub(super) const NO_REPLICA: u16 = 409;

pub(crate) async fn run(
    ctx: &Ctx,
    caller: Member,
    call: Call<ExecInDeployment>,
    upgrades: bool,
) -> Result<Response, Failure<ExecInDeployment>> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    let exec::Query { command, runner, replica, columns, rows, says_why } = call.query;
    if command.is_empty() {
        return Err(Failure::Api(exec::Error::NoCommand));
    }
    if !upgrades {
        return Err(Failure::Api(exec::Error::NotUpgraded));
    }
    let refuse = |error: exec::Error| {
        if says_why { say(&error).map_err(Failure::Fault) } else { Err(Failure::Api(error)) }
    };
    let runners = match meant(&row.placed, runner.as_ref()) {
        Ok(runners) => runners,
        Err(runner) => return refuse(exec::Error::NotPlaced { runner }),
    };
    let tty = columns.zip(rows).map(|(columns, rows)| Size { columns, rows });
    let request = OpenRequest::Exec { deployment: row.id, replica, command, tty };
    let mut refused = exec::Error::NoReplica;
    for on in runners {
        match begin(ctx, on, &request).await? {
            Ok(response) => {
                let what = audited::<ExecInDeployment>(row.id, row.name.as_str());
                ctx.write(&caller, what, Vec::new()).await?;
                return Ok(response);
            }
            Err(error) => refused = error,
        }
    }
    refuse(refused)
}

/// Refuses on a WebSocket of its own.
fn say(error: &exec::Error) -> Result<Response, Fault> {
    let said = FromCommand::Refused { message: error.message(), hint: error.hint() };
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    server.send(&said)?;
    server.close(Some(1000), Some(""))?;
    Ok(Response::from_websocket(client)?)
}

/// Begins a command on one runner.
async fn begin(
    ctx: &Ctx,
    on: &Placed,
    request: &OpenRequest,
) -> Result<Result<Response, exec::Error>, Failure<ExecInDeployment>> {
    Ok(match upgrade(ctx, on.runner, 0, request).await? {
        Opened::Answer(response) if response.status_code() == SWITCHING_PROTOCOLS => Ok(response),
        Opened::Answer(response) if response.status_code() == NO_REPLICA => Err(exec::Error::NoReplica),
        Opened::Answer(mut response) => Err(exec::Error::Refused { reason: response.text().await? }),
        Opened::Trouble(TunnelTrouble::NoReplica | TunnelTrouble::Unreachable) => Err(exec::Error::NoReplica),
        Opened::Trouble(_) => Err(exec::Error::RunnerAway { runner: on.name.to_string() }),
    })
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

    #[test]
    fn a_page_opens_it_with_the_cookie_of_a_login_and_a_page_of_another_host_does_not() {
        let app = App::new();
        let owner = app.owner("acme");
        owner.runner("box");
        owner.deploy("web", "box");
        let cookie = format!("patr_session={}", owner.token());
        // What is found out after who asks, and only of who asks for a WebSocket.
        let path = "/api/v1/workspaces/acme/deployments/web/exec?command=sh&runner=elsewhere";
        let from = |origin: &str| {
            let headers = [("cookie", &*cookie), ("upgrade", "websocket"), ("origin", origin)];
            app.anonymous().with_headers(Method::GET, path, &headers, "").code()
        };
        assert_eq!(from("https://patr.example"), "not_placed");
        for other in ["https://web-acme.apps.example", "https://evil.example", "http://patr.example", "null"]
        {
            assert_eq!(from(other), "unauthenticated", "{other}");
        }
        let without = [("cookie", &*cookie), ("upgrade", "websocket")];
        assert_eq!(app.anonymous().with_headers(Method::GET, path, &without, "").code(), "unauthenticated");
    }
}
