//! Names of images as the Engine knows them.

use patr_models::deployment::{Digest, ImageRef};

pub(super) fn pinned(image: &ImageRef, digest: &Digest) -> String {
    format!("{}@{digest}", image.repository())
}

/// Docker shortens names of its own hub.
pub(super) fn same_repository(listed: &str, wanted: &str) -> bool {
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
    fn the_hub_shortens_its_own_names() {
        assert!(same_repository("nginx", "docker.io/library/nginx"));
        assert!(!same_repository("other/nginx", "nginx"));
    }
}
