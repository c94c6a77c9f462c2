//! Mail to people. A handler says what is to be sent ([`Ctx::mails`](crate::ctx::Ctx)); it is sent once the answer is on its
//! way, so that nobody learns from the time that an answer takes whether there was somebody to write to.

pub(crate) mod provider;
pub(crate) mod texts;

use patr_models::name::Email;
use worker::{Env, Fetch, Fetcher};

use crate::{answer::Fault, env, platform};
pub(crate) use provider::Provider;

/// A mail, in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: Email,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// How this installation sends mail.
#[derive(Clone)]
pub(crate) struct Mailer {
    /// As in `Patr <patr@example.com>`.
    pub(crate) from: String,
    pub(crate) provider: Provider,
}

/// Sends mails. There is nobody left who could be told about one that cannot be sent: the log says so, and its receiver asks
/// again.
pub(crate) async fn send(env: &Env, mailer: Option<&Mailer>, mails: Vec<Mail>) {
    let Some(mailer) = mailer else { return };
    for mail in &mails {
        if let Err(fault) = send_one(env, mailer, mail).await {
            platform::log(format_args!("a mail is not sent: {fault}"));
        }
    }
}

async fn send_one(env: &Env, mailer: &Mailer, mail: &Mail) -> Result<(), Fault> {
    let name = env::new_id::<patr_models::ids::RequestId>(env::now())?.to_string();
    let request = platform::request(mailer.provider.request(&mailer.from, mail, &name)?)?;
    let response = match outbox(env, &mailer.provider)? {
        Some(outbox) => outbox.fetch_request(request).await?,
        None => Fetch::Request(request).send().await?,
    };
    match response.status_code() {
        200..=299 => Ok(()),
        // What a provider says may quote the mail, and with it a link.
        status => Err(Fault::new(format_args!("the provider answers {status}"))),
    }
}

/// The folder of the local edge, which is reached as a service and not by its address.
fn outbox(env: &Env, provider: &Provider) -> Result<Option<Fetcher>, Fault> {
    Ok(match provider {
        Provider::Outbox => Some(env::outbox(env)?),
        Provider::Resend { .. } | Provider::Postmark { .. } | Provider::Mailgun { .. } => None,
    })
}
