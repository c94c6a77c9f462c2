//! How much is in the volumes. Measuring reads every file's size, so it is done seldom and beside everything else.

use std::{collections::HashMap, time::Duration};

use bollard::ClientVersion;
use futures_util::TryStreamExt;
use http::uri::PathAndQuery;
use tokio::{sync::Mutex, time::Instant};
use tracing::debug;

use super::super::{Docker, request::redirect, words::chain};

/// How long a measurement is good.
const GOOD: Duration = Duration::from_secs(5 * 60);
/// Before this version the Engine measures images and containers as well, whatever it is asked for.
const ONLY_VOLUMES: usize = 42;
const GOOD_ENOUGH: Duration = Duration::from_secs(15 * 60);
/// From the next version on the Engine answers in another form.
const LAST_MINOR: usize = 51;

/// Bytes by name, and when they were last asked for.
#[derive(Default)]
pub(in super::super) struct Sizes(Mutex<(Option<Instant>, HashMap<String, u64>)>);

impl Sizes {
    pub(super) async fn of(&self, volume: &str) -> Option<u64> {
        self.0.lock().await.1.get(volume).copied()
    }
}

pub(super) async fn measure_when_due(docker: &Docker) {
    let mut sizes = docker.shared.sizes.0.lock().await;
    let good = if docker.version.minor_version < ONLY_VOLUMES { GOOD_ENOUGH } else { GOOD };
    if sizes.0.is_some_and(|asked| asked.elapsed() < good) {
        return;
    }
    sizes.0 = Some(Instant::now());
    drop(sizes);
    let docker = docker.clone();
    tokio::spawn(async move {
        match measure(&docker).await {
            Ok(measured) => docker.shared.sizes.0.lock().await.1 = measured,
            Err(error) => debug!("measuring volumes: {}", chain(&error)),
        }
    });
}

/// The client reads only the newest form of this answer, in which older Engines do not speak.
async fn measure(docker: &Docker) -> Result<HashMap<String, u64>, bollard::errors::Error> {
    let api = docker.api.clone().with_timeout(GOOD).with_request_modifier(redirect(path(docker.version)));
    let bytes: Vec<u8> = api.export_container("").map_ok(Vec::from).try_concat().await?;
    Ok(serde_json::from_slice(&bytes).map(sizes)?)
}

fn path(version: ClientVersion) -> PathAndQuery {
    let minor = version.minor_version.min(LAST_MINOR);
    let path = format!("/v{}.{minor}/system/df?type=volume", version.major_version);
    path.parse().unwrap_or_else(|_| PathAndQuery::from_static("/system/df"))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Usage {
    volumes: Option<Vec<Measured>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Measured {
    name: String,
    usage_data: Option<UsageData>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UsageData {
    /// -1 when the Engine cannot tell.
    size: i64,
}

fn sizes(usage: Usage) -> HashMap<String, u64> {
    let sizes = usage
        .volumes
        .into_iter()
        .flatten()
        .filter_map(|volume| Some((volume.name, u64::try_from(volume.usage_data?.size).ok()?)));
    sizes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_that_the_engine_cannot_measure_has_no_size() {
        let answer = r#"{"LayersSize":1,"Volumes":[
            {"Name":"a","UsageData":{"Size":7,"RefCount":0}},
            {"Name":"b","UsageData":{"Size":-1,"RefCount":-1}},
            {"Name":"c"}]}"#;
        assert_eq!(sizes(serde_json::from_str(answer).unwrap()), [("a".to_owned(), 7)].into());
    }

    #[test]
    fn a_newer_engine_is_asked_in_the_last_version_with_this_answer() {
        let of = |minor_version| path(ClientVersion { major_version: 1, minor_version }).to_string();
        assert_eq!(of(41), "/v1.41/system/df?type=volume");
        assert_eq!(of(53), "/v1.51/system/df?type=volume");
    }
}
