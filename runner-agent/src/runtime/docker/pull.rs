//! Getting an image here.

use std::{collections::HashMap, time::Duration};

use bollard::{models::CreateImageInfo, query_parameters::CreateImageOptions};
use futures_util::StreamExt;
use patr_models::deployment::{Digest, Failure, FailureKind, ImageRef, WorkloadSpec, spec::Platform};
use tokio::time::timeout;

use super::{
    Docker, Fault, credentials,
    disk::{Space, in_words},
    failure,
    image::{Local, is_of_this_machine, of_repository, pinned},
    words::{is_missing, pull_fault, refused},
};

/// How long a registry may send nothing at all.
const PULL_STALLS: Duration = Duration::from_secs(120);

pub(super) async fn pull(
    docker: &Docker,
    spec: &WorkloadSpec,
    known: Option<&Digest>,
) -> Result<Digest, Fault> {
    let (image, platform) = (&spec.image, spec.platform.as_ref());
    if let Some(digest) = known.cloned().or_else(|| image.digest()) {
        by_digest(docker, image, &digest, platform).await?;
        return Ok(digest);
    }
    by_tag(docker, image, platform).await
}

async fn by_digest(
    docker: &Docker,
    image: &ImageRef,
    digest: &Digest,
    platform: Option<&Platform>,
) -> Result<(), Fault> {
    let name = pinned(image, digest);
    let before = docker.local(&name).await?;
    if before.as_ref().is_some_and(|local| local.suits(image, platform).is_ok()) {
        return Ok(());
    }
    // An image that was made here is known by its id.
    if let Some(local) = docker.local(digest.as_str()).await? {
        return Ok(local.suits(image, platform)?);
    }
    fetch(docker, image, digest.as_str(), platform).await?;
    let local = docker.local(&name).await?.ok_or_else(|| vanished(image))?;
    if before.is_none() {
        docker.shared.pulled.remember(&name, None).await;
    }
    Ok(local.suits(image, platform)?)
}

async fn by_tag(docker: &Docker, image: &ImageRef, platform: Option<&Platform>) -> Result<Digest, Fault> {
    let tag = image.tag().unwrap_or("latest");
    let name = format!("{}:{tag}", image.repository());
    let before = docker.local(&name).await?;
    // Made on this machine: there is no registry to ask, and the image's own id is its digest. That it was pushed
    // under another name does not make this name one of a registry.
    if let Some(local) = &before
        && (of_repository(&local.digests, image).next().is_none() || is_of_this_machine(image))
    {
        local.suits(image, platform)?;
        return Ok(local.id.clone());
    }
    fetch(docker, image, tag, platform).await?;
    let local = docker.local(&name).await?.ok_or_else(|| vanished(image))?;
    local.suits(image, platform)?;
    let digest = of_repository(&local.digests, image).find_map(|digest| digest.parse().ok());
    let digest = digest.unwrap_or_else(|| local.id.clone());
    // What was here already was brought by somebody else, who may need it.
    if before.is_none_or(|before| before.id != local.id) {
        docker.shared.pulled.remember(&pinned(image, &digest), Some(&name)).await;
    }
    Ok(digest)
}

fn vanished(image: &ImageRef) -> Failure {
    failure(FailureKind::PullFailed, format!("`{image}` was pulled and is not there"))
}

async fn fetch(
    docker: &Docker,
    image: &ImageRef,
    tag: &str,
    platform: Option<&Platform>,
) -> Result<(), Fault> {
    let space = docker.shared.disk.space();
    if let Some(space) = space.filter(Space::is_low) {
        return Err(failure(FailureKind::DiskFull, format!("`{image}` is not pulled: {space}")).into());
    }
    let options = CreateImageOptions {
        from_image: Some(image.repository().to_owned()),
        tag: Some(tag.to_owned()),
        platform: platform.map(ToString::to_string).unwrap_or_default(),
        ..Default::default()
    };
    let login = credentials::find(image.registry()).await?;
    let mut pulling = docker.api.create_image(Some(options), None, login);
    let mut layers = Layers::default();
    loop {
        match timeout(PULL_STALLS, pulling.next()).await {
            // Leaving ends the pull.
            Ok(Some(Ok(progress))) => layers.hear(&progress).fit(image, space)?,
            Ok(Some(Err(error))) => return Err(pull_fault(image, &error)),
            Ok(None) => return Ok(()),
            Err(_) => {
                let message = format!("pulling `{image}`: nothing came for {} s", PULL_STALLS.as_secs());
                return Err(failure(FailureKind::PullFailed, message).into());
            }
        }
    }
}

/// The layers that are on their way, and how many bytes each is; compressed, as the registry has them.
#[derive(Default)]
struct Layers(HashMap<String, u64>);

impl Layers {
    fn hear(&mut self, progress: &CreateImageInfo) -> &Self {
        let total = progress.progress_detail.as_ref().and_then(|detail| u64::try_from(detail.total?).ok());
        if let (Some(layer), Some(total)) = (&progress.id, total) {
            let known = self.0.entry(layer.clone()).or_default();
            *known = total.max(*known);
        }
        self
    }

    /// Whether there is room for all that is known of by now: the archives, and what is unpacked from them, which is
    /// one and a half times as much in images as they are.
    fn fit(&self, image: &ImageRef, space: Option<Space>) -> Result<(), Failure> {
        let Some(space) = space else { return Ok(()) };
        let needs = self.0.values().sum::<u64>().saturating_mul(5) / 2;
        if needs <= space.free {
            return Ok(());
        }
        let (needs, free) = (in_words(needs), in_words(space.free));
        let message = format!("`{image}` needs about {needs} of disk, and only {free} are free");
        Err(failure(FailureKind::DiskFull, message))
    }
}

impl Docker {
    /// The image as it is here.
    pub(super) async fn local(&self, name: &str) -> Result<Option<Local>, Fault> {
        match self.api.inspect_image(name).await {
            Ok(image) => Ok(Local::of(image)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused("looking for its image", &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(layer: &str, total: i64) -> CreateImageInfo {
        let progress = serde_json::json!({
            "id": layer, "status": "Downloading", "progressDetail": { "current": 1, "total": total },
        });
        serde_json::from_value(progress).unwrap()
    }

    #[test]
    fn a_pull_is_given_up_when_its_layers_cannot_fit_unpacked() {
        const MB: u64 = 1_000_000;
        let image = "web:1".parse().unwrap();
        let mut layers = Layers::default();
        let fits = |layers: &Layers, free| layers.fit(&image, Some(Space { total: 100 * MB, free }));
        layers.hear(&progress("a", 8_000_000));
        assert_eq!(fits(&layers, 20 * MB), Ok(()));
        layers.hear(&progress("a", 8_000_000));
        assert_eq!(fits(&layers, 20 * MB), Ok(()), "a layer is counted once");
        layers.hear(&progress("b", 2_000_000));
        let failed = fits(&layers, 20 * MB).unwrap_err();
        assert_eq!(failed.kind, FailureKind::DiskFull);
        assert_eq!(failed.message, "`web:1` needs about 25 MB of disk, and only 20 MB are free");
        assert_eq!(layers.fit(&image, None), Ok(()), "where nobody knows, it is tried");
    }
}
