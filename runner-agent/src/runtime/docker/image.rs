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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_shortens_its_own_names() {
        assert!(same_repository("nginx", "docker.io/library/nginx"));
        assert!(!same_repository("other/nginx", "nginx"));
    }
}
