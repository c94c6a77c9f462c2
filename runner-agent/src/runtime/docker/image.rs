//! Images as the Engine knows them.

use bollard::models::ImageInspect;
use patr_models::deployment::{Digest, Failure, FailureKind, ImageRef, spec::Platform};

use super::{failure, words};

/// An image that is here.
pub(super) struct Local {
    pub(super) id: Digest,
    /// The digests that registries know it by, each after its repository.
    pub(super) digests: Vec<String>,
    /// Operating system, architecture and variant, as far as it says.
    platform: [Option<String>; 3],
}

impl Local {
    pub(super) fn of(image: ImageInspect) -> Option<Self> {
        let said = |word: Option<String>| word.filter(|word| !word.is_empty());
        Some(Self {
            id: words::digest(&image.id?)?,
            digests: image.repo_digests.unwrap_or_default(),
            platform: [said(image.os), said(image.architecture), said(image.variant)],
        })
    }

    /// Whether it is for the platform that was asked for. A part that either does not say is any.
    pub(super) fn suits(&self, image: &ImageRef, wanted: Option<&Platform>) -> Result<(), Failure> {
        let Some(wanted) = wanted else { return Ok(()) };
        let parts = wanted.as_str().split('/').map(usual);
        let differs =
            |(wanted, is): (&str, &Option<String>)| is.as_deref().is_some_and(|is| usual(is) != wanted);
        if !parts.zip(&self.platform).any(differs) {
            return Ok(());
        }
        let is = self.platform.iter().flatten().cloned().collect::<Vec<_>>().join("/");
        let message = format!("`{image}` is an image for {is}, and {wanted} was asked for");
        Err(failure(FailureKind::ImageNotFound, message))
    }
}

/// Machines say the names of architectures differently from images.
fn usual(part: &str) -> &str {
    match part {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

pub(super) fn pinned(image: &ImageRef, digest: &Digest) -> String {
    format!("{}@{digest}", image.repository())
}

/// Of the digests under which an image was pulled or pushed (`repository@digest`), those of a name's own repository.
pub(super) fn of_repository<'d>(digests: &'d [String], image: &ImageRef) -> impl Iterator<Item = &'d str> {
    let entries = digests.iter().filter_map(|entry| entry.split_once('@'));
    entries.filter(|(listed, _)| same_repository(listed, image.repository())).map(|(_, digest)| digest)
}

/// Docker shortens names of its own hub.
fn same_repository(listed: &str, wanted: &str) -> bool {
    fn short(name: &str) -> &str {
        name.strip_prefix("docker.io/").unwrap_or(name).trim_start_matches("library/")
    }
    short(listed) == short(wanted)
}

/// Podman gives every image digests, and those that were made here a registry that is none.
pub(super) fn is_of_this_machine(image: &ImageRef) -> bool {
    image.registry() == Some("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_another_platform_is_refused_in_words() {
        let platform = ["linux", "arm64", "v8"].map(|part| Some(part.to_owned()));
        let id = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        let local = Local { id, digests: Vec::new(), platform };
        let suits = |wanted: &str| local.suits(&"web:1".parse().unwrap(), Some(&wanted.parse().unwrap()));
        assert_eq!(suits("linux/arm64"), Ok(()));
        assert_eq!(suits("linux/aarch64/v8"), Ok(()));
        let failed = suits("linux/amd64").unwrap_err();
        assert_eq!(failed.message, "`web:1` is an image for linux/arm64/v8, and linux/amd64 was asked for");
        assert!(suits("linux/arm64/v7").is_err());
    }

    #[test]
    fn a_registry_on_this_machine_has_a_port_and_podmans_name_for_none_has_not() {
        assert!(is_of_this_machine(&"localhost/web:1".parse().unwrap()));
        assert!(!is_of_this_machine(&"localhost:5000/web:1".parse().unwrap()));
    }

    #[test]
    fn an_image_that_was_pushed_elsewhere_has_no_digest_under_its_local_name() {
        let digests = ["127.0.0.1:5000/web@sha256:a".to_owned(), "web@sha256:b".to_owned()];
        let of = |name: &str| of_repository(&digests, &name.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(of("127.0.0.1:5000/web:1"), ["sha256:a"]);
        assert_eq!(of("web"), ["sha256:b"]);
        assert_eq!(of("local-web:latest"), [""; 0]);
    }

    #[test]
    fn the_hub_shortens_its_own_names() {
        assert!(same_repository("nginx", "docker.io/library/nginx"));
        assert!(!same_repository("other/nginx", "nginx"));
    }
}
