//! Finding out what an image is. No registry is asked from here: a node gets the image, with its own mirrors and credentials,
//! and says which it got. The pod that makes it do so runs nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use patr_models::deployment::{Digest, Failure, FailureKind, ImageRef, WorkloadSpec};
use tokio::time::{Instant, sleep};

use super::{
    Fault, Kubernetes, failure,
    manifest::{ASKED, HERE, pulling},
    refused, state,
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

/// What a node says: of the image that it was asked for, and if it has not got that, of the one that it has by its tag.
#[derive(Debug, PartialEq)]
struct Answer {
    asked: Result<Got, Failure>,
    here: Option<Result<Got, Failure>>,
}

pub(super) async fn pull(
    cluster: &Kubernetes,
    spec: &WorkloadSpec,
    known: Option<&Digest>,
) -> Result<Digest, Fault> {
    let tagged = tagged(&spec.image);
    let known = known.cloned().or_else(|| spec.image.digest());
    let (asked, policy) = match &known {
        Some(digest) => (pinned(&spec.image, digest), "IfNotPresent"),
        // A tag means what the registry says now.
        None => (tagged.clone(), "Always"),
    };
    let (digest, reference) = match get(cluster, spec, (&asked, policy), &tagged).await? {
        Answer { asked: Ok(got), .. } => {
            let reference = if got.published { pinned(&spec.image, &got.digest) } else { tagged };
            known.map_or((got.digest, reference), |known| (known, asked))
        }
        // One that was put onto the node by hand is known by its tag there, and by no registry.
        Answer { here: Some(Ok(got)), .. }
            if !got.published && known.as_ref().is_none_or(|known| *known == got.digest) =>
        {
            (got.digest, tagged)
        }
        Answer { asked: Err(why), .. } => return Err(why.into()),
    };
    let key = (spec.image.to_string(), digest.clone());
    cluster.0.images.lock().await.insert(key, reference);
    Ok(digest)
}

fn pinned(image: &ImageRef, digest: &Digest) -> String {
    format!("{}@{digest}", image.repository())
}

fn tagged(image: &ImageRef) -> String {
    format!("{}:{}", image.repository(), image.tag().unwrap_or("latest"))
}

/// What to call an image that was pulled.
pub(super) async fn reference(cluster: &Kubernetes, image: &ImageRef, digest: &Digest) -> String {
    let images = cluster.0.images.lock().await;
    let known = images.get(&(image.to_string(), digest.clone())).cloned();
    known.unwrap_or_else(|| pinned(image, digest))
}

/// Has a node get an image. The pod for it goes again, whatever comes of it.
async fn get(
    cluster: &Kubernetes,
    spec: &WorkloadSpec,
    asked: (&str, &str),
    tagged: &str,
) -> Result<Answer, Fault> {
    let name = format!("patr-pull-{:012x}", rand::random::<u64>() >> 16);
    let pod = pulling(name.clone(), asked, tagged, spec, cluster.0.options.security)?;
    let made = cluster.api::<Pod>().create(&Default::default(), &pod).await;
    made.map_err(|error| refused(DOING, &error))?;
    let answer = wait(cluster, &name).await;
    // What an agent leaves here that ends now is found by the next one.
    let _ = cluster.delete::<Pod>(&name).await;
    answer
}

async fn wait(cluster: &Kubernetes, name: &str) -> Result<Answer, Fault> {
    let begun = Instant::now();
    loop {
        let pod = cluster.api::<Pod>().get(name).await.map_err(|error| refused(DOING, &error))?;
        if let Some(answer) = answer(&pod) {
            return Ok(answer);
        }
        if let Some(why) = state::not_placed(&pod).filter(|_| begun.elapsed() > PATIENCE) {
            return Err(why.into());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What has come of it, once something has.
fn answer(pod: &Pod) -> Option<Answer> {
    let outcome = |name: &str| {
        let mut containers = pod.status.as_ref()?.container_statuses.iter().flatten();
        outcome(containers.find(|container| container.name == name)?)
    };
    match outcome(ASKED)? {
        Ok(got) => Some(Answer { asked: Ok(got), here: None }),
        Err(why) => Some(Answer { asked: Err(why), here: Some(outcome(HERE)?) }),
    }
}

fn outcome(container: &ContainerStatus) -> Option<Result<Got, Failure>> {
    let waiting = container.state.as_ref()?.waiting.as_ref();
    let waiting =
        waiting.map(|waiting| (words::waiting(&container.image, waiting), waiting.reason.as_deref()));
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
