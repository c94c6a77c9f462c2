//! Logging in from a browser, here or elsewhere (RFC 8628).

use std::{io::IsTerminal, time::Duration};

use patr_models::{
    device::{
        authorize::{self, AuthorizeDevice, DeviceAuthorization},
        exchange::{self, ExchangeDeviceCode},
    },
    user::Session,
};
use tokio::time::{Instant, sleep};

use crate::{
    client::{CallError, with_body},
    context::Context,
    failure::Failure,
};

/// How much longer to wait between two questions after one that came too soon (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// Shows a code, opens the page that asks for it, and waits until somebody has decided there.
pub(super) async fn log_in(no_browser: bool, ctx: &Context) -> Result<Session, Failure> {
    let device = gethostname::gethostname().into_string().ok();
    let call = with_body::<AuthorizeDevice, _>(authorize::Path {}, authorize::Body { device });
    let authorization = ctx.client.call(call).await?.body.0;
    let opened = !no_browser
        && std::io::stderr().is_terminal()
        && open::that_detached(&authorization.verification_uri_complete).is_ok();
    ctx.printer.announce(&if opened {
        format!(
            "the browser asks whether to let this device in: {}\nlet it in if the code is {}",
            authorization.verification_uri_complete, authorization.user_code
        )
    } else {
        format!(
            "open {}\nand let this device in if the code is {}",
            authorization.verification_uri_complete, authorization.user_code
        )
    });
    wait(&authorization, ctx).await
}

async fn wait(authorization: &DeviceAuthorization, ctx: &Context) -> Result<Session, Failure> {
    let until = Instant::now() + Duration::from_secs(authorization.expires_in.into());
    let mut interval = Duration::from_secs(authorization.interval.into());
    loop {
        sleep(interval).await;
        let body = exchange::Body { device_code: authorization.device_code.clone() };
        match next(ctx.client.call(with_body::<ExchangeDeviceCode, _>(exchange::Path {}, body)).await) {
            Next::LoggedIn(reply) => return Ok(reply),
            Next::Wait => {}
            Next::Slower => interval += SLOWER,
            Next::Failed(error) => return Err(error.into()),
        }
        if Instant::now() >= until {
            return Err(Failure::failed("nobody has let this device in").hint("run `patr login` again"));
        }
    }
}

/// What comes of a question.
enum Next {
    LoggedIn(Session),
    Wait,
    Slower,
    Failed(CallError),
}

fn next(answer: Result<patr_models::endpoint::Reply<ExchangeDeviceCode>, CallError>) -> Next {
    match answer {
        Ok(reply) => Next::LoggedIn(reply.body.0),
        Err(error) if error.is("authorization_pending") => Next::Wait,
        Err(error) if error.is("slow_down") => Next::Slower,
        // The network is away for a moment, or the installation restarts.
        Err(error) if error.is_passing() => Next::Wait,
        Err(error) => Next::Failed(error),
    }
}
