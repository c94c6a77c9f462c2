//! What a session asks of the rest of Patr, through the service binding back to `worker`.

use patr_models::{
    endpoint::{
        ApiEndpoint, Call, NoQuery,
        body::Json,
        body::NoBody,
        client::{self, ResponseError},
        headers::NoHeaders,
    },
    ids::RunnerId,
    internal::{
        Facts, SECRET_HEADER,
        desired::{self, Passed},
        record,
    },
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

    /// The outer error is that nobody answered.
    async fn call<E: ApiEndpoint>(
        &self,
        call: Call<E>,
    ) -> Result<std::result::Result<E::Response, ResponseError>> {
        let request = client::into_http(&call, BASE, None).map_err(|error| error.to_string())?;
        let mut request = to_platform(request)?;
        request.headers_mut()?.set(SECRET_HEADER, &self.secret)?;
        let response = from_platform(self.fetcher.fetch_request(request).await?).await?;
        Ok(client::from_http::<E>(response).map(|reply| reply.body))
    }
}
