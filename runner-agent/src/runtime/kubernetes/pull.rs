//! Finding out what an image is. No registry is asked from here: a node gets the image, with its own mirrors and credentials,
//! and says which it got. The pod that makes it do so runs nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use patr_models::deployment::{Digest, Failure, FailureKind, ImageRef, WorkloadSpec};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{
    Fault, Kubernetes, chain, failure,
    manifest::pulling,
    mark, refused, state,
    words::{self, Waiting},
};

const DOING: &str = "pulling its image";
/// How often the pod is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long no node may take the pod.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a node has got.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    digest: Digest,
    /// Whether a registry knows it by this digest.
    published: bool,
}

pub(super) async fn pull(
    cluster: &Kubernetes,
    spec: &WorkloadSpec,
    known: Option<&Digest>,
) -> Result<Digest, Fault> {
    match known.cloned().or_else(|| spec.image.digest()) {
        Some(digest) => by_digest(cluster, spec, digest).await,
        None => by_tag(cluster, spec).await,
    }
}

async fn by_digest(cluster: &Kubernetes, spec: &WorkloadSpec, digest: Digest) -> Result<Digest, Fault> {
    let pinned = pinned(&spec.image, &digest);
    let why = match get(cluster, spec, &pinned, "IfNotPresent").await {
        Ok(_) => {
            remember(cluster, &spec.image, &digest, pinned).await;
            return Ok(digest);
        }
        Err(Fault::Failed(why)) => why,
        Err(away) => return Err(away),
    };
    // An image that was put onto the node by hand is known by its tag there.
    match get(cluster, spec, &tagged(&spec.image), "Never").await {
        Ok(got) if got.digest == digest && !got.published => {
            remember(cluster, &spec.image, &digest, tagged(&spec.image)).await;
            Ok(digest)
        }
        _ => Err(why.into()),
    }
}

/// A tag means what the registry says now. One that no registry knows may be on the node.
async fn by_tag(cluster: &Kubernetes, spec: &WorkloadSpec) -> Result<Digest, Fault> {
    let tagged = tagged(&spec.image);
    let (got, asked) = match get(cluster, spec, &tagged, "Always").await {
        Ok(got) => (got, true),
        Err(Fault::Failed(why)) => match get(cluster, spec, &tagged, "Never").await {
            Ok(got) if !got.published => (got, false),
            _ => return Err(why.into()),
        },
        Err(away) => return Err(away),
    };
    let reference = if got.published && asked { pinned(&spec.image, &got.digest) } else { tagged };
    remember(cluster, &spec.image, &got.digest, reference).await;
    Ok(got.digest)
}

fn pinned(image: &ImageRef, digest: &Digest) -> String {
    format!("{}@{digest}", image.repository())
}

fn tagged(image: &ImageRef) -> String {
    format!("{}:{}", image.repository(), image.tag().unwrap_or("latest"))
}

async fn remember(cluster: &Kubernetes, image: &ImageRef, digest: &Digest, reference: String) {
    cluster.0.images.lock().await.insert((image.to_string(), digest.clone()), reference);
}

/// What to call an image that was pulled.
pub(super) async fn reference(cluster: &Kubernetes, image: &ImageRef, digest: &Digest) -> String {
    let images = cluster.0.images.lock().await;
    let known = images.get(&(image.to_string(), digest.clone())).cloned();
    known.unwrap_or_else(|| pinned(image, digest))
}

/// Removes pods that an agent before this one has left.
pub(super) async fn sweep(cluster: &Kubernetes) {
    let sweeping = async {
        for pod in cluster.list::<Pod>(mark::PULL).await? {
            cluster.delete::<Pod>(pod.metadata.name.as_deref().unwrap_or_default()).await?;
        }
        Ok(())
    };
    if let Err(error) = sweeping.await {
        warn!("looking for what an agent before this one has left: {}", chain(&error));
    }
}

/// Has a node get an image. The pod for it goes again, whatever comes of it.
async fn get(cluster: &Kubernetes, spec: &WorkloadSpec, image: &str, policy: &str) -> Result<Got, Fault> {
    let name = format!("patr-pull-{:012x}", rand::random::<u64>() >> 16);
    let pod = pulling(name.clone(), (image, policy), spec, cluster.0.options.security)?;
    let made = cluster.api::<Pod>().create(&Default::default(), &pod).await;
    made.map_err(|error| refused(DOING, &error))?;
    let got = wait(cluster, &name, image).await;
    // What an agent leaves here that ends now is found by the next one.
    let _ = cluster.delete::<Pod>(&name).await;
    got
}

async fn wait(cluster: &Kubernetes, name: &str, image: &str) -> Result<Got, Fault> {
    let begun = Instant::now();
    loop {
        let pod = cluster.api::<Pod>().get(name).await.map_err(|error| refused(DOING, &error))?;
        if let Some(outcome) = outcome(&pod, image) {
            return Ok(outcome?);
        }
        if let Some(why) = state::not_placed(&pod).filter(|_| begun.elapsed() > PATIENCE) {
            return Err(why.into());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What has come of it, once something has.
fn outcome(pod: &Pod, image: &str) -> Option<Result<Got, Failure>> {
    let container = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    let state = container.state.as_ref()?;
    let waiting =
        state.waiting.as_ref().map(|waiting| (words::waiting(image, waiting), waiting.reason.as_deref()));
    match waiting {
        // Nothing waits for this one, so the first word is believed.
        Some((Waiting::For(why) | Waiting::Stuck(why), Some(reason))) if reason.contains("Image") => {
            Some(Err(why))
        }
        // Got, and it could not be run: as intended.
        _ if !container.image_id.is_empty() => Some(got(container)),
        Some((Waiting::Stuck(why), _)) => Some(Err(why)),
        _ => None,
    }
}

fn got(container: &ContainerStatus) -> Result<Got, Failure> {
    let id = container.image_id.as_str();
    let (published, digest) = match id.rsplit_once('@') {
        Some((_, digest)) => (true, digest),
        None => (false, id),
    };
    let digest = digest.parse().map_err(|_| {
        failure(FailureKind::PullFailed, format!("{DOING}: its node calls it `{id}`, which is no digest"))
    })?;
    Ok(Got { digest, published })
}
