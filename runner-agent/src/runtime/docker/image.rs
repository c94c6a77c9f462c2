//! Names of images as the Engine knows them.

use patr_models::deployment::{Digest, ImageRef};

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
