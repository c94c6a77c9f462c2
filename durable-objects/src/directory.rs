//! What a session asks of the rest of Patr, through the service binding back to `worker`.

use patr_models::{
    endpoint::{ApiEndpoint, Call, NoQuery, body::Json, body::NoBody, client, headers::NoHeaders},
    ids::RunnerId,
    internal::{Facts, SECRET_HEADER, desired, record},
    wire::Snapshot,
};
use worker::{Env, Fetcher, Result};

use crate::platform::{from_platform, internal_secret, to_platform};

/// The base of requests over the binding; no name is looked up.
const BASE: &str = "http://control";

/// `worker`, as the objects see it.
pub(crate) struct Control {
    fetcher: Fetcher,
    secret: String,
}

impl Control {
    pub(crate) fn new(env: &Env) -> Result<Self> {
        Ok(Self { fetcher: env.service("CONTROL")?, secret: internal_secret(env)? })
    }

    /// What should run on a runner.
    pub(crate) async fn desired(&self, runner: RunnerId) -> Result<Snapshot> {
        let path = desired::Path { runner };
        let call = Call::<desired::GetDesired> { path, query: NoQuery {}, headers: NoHeaders, body: NoBody };
        self.call(call).await.map(|Json(snapshot)| snapshot)
    }

    /// Keep what a runner reported.
    pub(crate) async fn record(&self, runner: RunnerId, facts: Facts) -> Result<()> {
        let path = record::Path { runner };
        let call =
            Call::<record::RecordFacts> { path, query: NoQuery {}, headers: NoHeaders, body: Json(facts) };
        self.call(call).await.map(drop)
    }

    async fn call<E: ApiEndpoint>(&self, call: Call<E>) -> Result<E::Response> {
        let request = client::into_http(&call, BASE, None).map_err(|error| error.to_string())?;
        let request = to_platform(request)?;
        let mut request = request;
        request.headers_mut()?.set(SECRET_HEADER, &self.secret)?;
        let response = from_platform(self.fetcher.fetch_request(request).await?).await?;
        let reply = client::from_http::<E>(response).map_err(|error| error.to_string())?;
        Ok(reply.body)
    }
}
