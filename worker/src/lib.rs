//! The Worker script `patr`: the API on the control host, the ingress on every other host.
//!
//! | module | does |
//! |---|---|
//! | [`router`], [`auth`], [`answer`] | a request of the API into a handler's call, and its answer out |
//! | [`headers`] | what every answer tells a browser |
//! | [`handlers`] | one function per endpoint: look up, decide, write, tell, answer |
//! | [`audit`] | lines of the audit log, each chained with the one before |
//! | [`limits`], [`quotas`] | how often something may be tried, and how much a workspace may have |
//! | [`mod@feed`] | what is told to feeds after a write |
//! | [`db`] | every SQL statement, as a value |
//! | [`blobs`] | packs and manifests into KV, and out again |
//! | [`routes_kv`] | the routing table of each host: published on write, loaded on request |
//! | [`ingress`] | a request to a managed URL into a site, a deployment, a proxy or a redirect |
//! | [`vault`] | secrets at rest, and sealed for a runner |
//! | [`dashboard`] | the files of the dashboard, of the control host only |
//! | [`pages`] | what a browser shows at the control host: logging in, and the own account |
//! | [`totp`], [`webauthn`], [`signed`] | what people prove themselves with, decided as values |
//! | [`mail`] | mail to people, sent after the answer |
//! | [`oauth`], [`issuers`], [`jwt`] | tokens for jobs of CI, by the identities that they have elsewhere |
//! | [`outside`] | what is asked of servers that are not ours |
//! | [`sweep`] | what is done once a minute |
//! | [`runners`] | what is asked of the objects of `patr-runners` |
//! | [`mod@env`] | the only file that names bindings, variables and secrets, or reads clock and randomness |

mod answer;
mod audit;
mod auth;
mod blobs;
mod ctx;
mod dashboard;
mod db;
mod env;
mod feed;
mod handlers;
mod headers;
mod ingress;
mod internal;
mod issuers;
mod jwt;
mod kv;
mod limits;
mod mail;
mod oauth;
mod outside;
mod pages;
mod platform;
mod quotas;
mod router;
mod routes_kv;
mod runners;
mod signed;
mod sweep;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod totp;
mod vault;
mod webauthn;

use std::rc::Rc;

use worker::{
    Context, Env, Result, ScheduleContext, ScheduledEvent, event,
    web_sys::{Request, Response},
};

use ctx::Ctx;
use ingress::address::Address;

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    let ctx = Ctx::new(&env)?;
    let address = Address::new(request.url());
    if ctx.settings.is_control_host(address.host()) {
        let response = router::serve(&ctx, &env, request.into()).await.map(Into::into);
        let (news, installation) = (ctx.news.take(), Rc::clone(&ctx.installation));
        if !news.is_empty() {
            context.wait_until(async move { feed::tell(&installation, news).await });
        }
        let (mails, installation) = (ctx.mails.take(), Rc::clone(&ctx.installation));
        if !mails.is_empty() {
            context.wait_until(
                async move { mail::send(&env, installation.settings.mail.as_ref(), mails).await },
            );
        }
        response
    } else {
        ingress::serve(&ctx, &context, request, &address).await
    }
}

/// Once a minute: what an earlier request could not finish, and what has become old.
#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    match Ctx::new(&env) {
        Ok(ctx) => {
            for fault in sweep::run(&ctx).await {
                platform::log(format_args!("a part of the sweep failed: {fault}"));
            }
        }
        Err(error) => platform::log(format_args!("the sweep cannot begin: {error}")),
    }
}
