//! What a session asks of the rest of Patr: of `worker`, through the service binding back to it, and of feeds.

use std::collections::BTreeSet;

use patr_models::{
    endpoint::{
        ApiEndpoint, Call, NoQuery,
        body::Json,
        body::NoBody,
        client::{self, ResponseError},
        headers::NoHeaders,
    },
    ids::{RunnerId, WorkspaceId},
    internal::{
        Facts, SECRET_HEADER,
        announce::{self, Announce, Announcement},
        desired::{self, Passed},
        record,
    },
    live::Changed,
};
use worker::{Env, Fetcher, Request, Response, Result};

use crate::platform::{from_platform, internal_secret, to_platform};

/// The base of requests over the binding; no name is looked up.
const BASE: &str = "http://control";

/// Where feeds are.
const FEEDS: &str = "WORKSPACE_FEED";

/// The outer error is that nobody answered.
type Answered<E> = Result<std::result::Result<<E as ApiEndpoint>::Response, ResponseError>>;

/// Says to the feed of a workspace what has changed.
pub(crate) async fn announce(env: &Env, workspace: WorkspaceId, changed: BTreeSet<Changed>) -> Result<()> {
    let feed = env.durable_object(FEEDS)?.get_by_name(&workspace.to_string())?;
    let path = announce::Path {};
    let call = Call::<Announce> {
        path,
        query: NoQuery {},
        headers: NoHeaders,
        body: Json(Announcement { changed, parted: None }),
    };
    let response = feed.fetch_with_request(request(&call, &internal_secret(env)?)?).await?;
    read::<Announce>(response).await?.map(drop).map_err(|error| error.to_string().into())
}

/// `worker`, as the objects see it.
pub(crate) struct Control {
    fetcher: Fetcher,
    secret: String,
}

impl Control {
    pub(crate) fn new(env: &Env) -> Result<Self> {
        Ok(Self { fetcher: env.service("CONTROL")?, secret: internal_secret(env)? })
    }

    /// What should run on a runner; `None` when there is no such runner any more.
    pub(crate) async fn desired(&self, runner: RunnerId) -> Result<Option<Passed>> {
        let path = desired::Path { runner };
        let call = Call::<desired::GetDesired> { path, query: NoQuery {}, headers: NoHeaders, body: NoBody };
        match self.call(call).await? {
            Ok(Json(snapshot)) => Ok(Some(snapshot)),
            Err(error) if error.is("not_found") => Ok(None),
            Err(error) => Err(error.to_string().into()),
        }
    }

    /// Keep what a runner reported.
    pub(crate) async fn record(&self, runner: RunnerId, facts: Facts) -> Result<()> {
        let path = record::Path { runner };
        let call =
            Call::<record::RecordFacts> { path, query: NoQuery {}, headers: NoHeaders, body: Json(facts) };
        self.call(call).await?.map(drop).map_err(|error| error.to_string().into())
    }

    async fn call<E: ApiEndpoint>(&self, call: Call<E>) -> Answered<E> {
        read::<E>(self.fetcher.fetch_request(request(&call, &self.secret)?).await?).await
    }
}

fn request<E: ApiEndpoint>(call: &Call<E>, secret: &str) -> Result<Request> {
    let request = client::into_http(call, BASE, None).map_err(|error| error.to_string())?;
    let mut request = to_platform(request)?;
    request.headers_mut()?.set(SECRET_HEADER, secret)?;
    Ok(request)
}

async fn read<E: ApiEndpoint>(response: Response) -> Answered<E> {
    Ok(client::from_http::<E>(from_platform(response).await?).map(|reply| reply.body))
}
