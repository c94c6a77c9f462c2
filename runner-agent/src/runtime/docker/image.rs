//! Names of images as the Engine knows them, and what `docker login` has left for their registries.

use std::collections::HashMap;

use bollard::{auth::DockerCredentials, errors::Error};
use patr_models::deployment::{Digest, Failure, FailureKind, ImageRef};

use super::{failure, words};

pub(super) fn pinned(image: &ImageRef, digest: &Digest) -> String {
    format!("{}@{digest}", image.repository())
}

/// Docker shortens names of its own hub.
pub(super) fn same_repository(listed: &str, wanted: &str) -> bool {
    let short = |name: &str| name.trim_start_matches("docker.io/").trim_start_matches("library/").to_owned();
    short(listed) == short(wanted)
}

/// The Engine says what went wrong only in words.
pub(super) fn pull_failure(image: &ImageRef, error: &Error) -> Failure {
    let words = words(error);
    let lower = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|text| lower.contains(text));
    let kind = if says(&["unauthorized", "denied", "authentication required", "no basic auth"]) {
        FailureKind::PullDenied
    } else if says(&["manifest unknown", "not found", "name unknown", "no such image"]) {
        FailureKind::ImageNotFound
    } else {
        FailureKind::PullFailed
    };
    failure(kind, format!("pulling `{image}`: {words}"))
}

/// What `docker login` has left for a registry. Credential helpers are not asked.
pub(super) fn credentials(registry: Option<&str>) -> Option<DockerCredentials> {
    #[derive(serde::Deserialize)]
    struct Auth {
        auth: Option<String>,
    }
    #[derive(serde::Deserialize)]
    struct Config {
        #[serde(default)]
        auths: HashMap<String, Auth>,
    }
    use base64::{Engine, engine::general_purpose::STANDARD};
    let folder = std::env::var_os("DOCKER_CONFIG").map(Into::into);
    let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".docker")))?;
    let config: Config = serde_json::from_slice(&std::fs::read(folder.join("config.json")).ok()?).ok()?;
    let server = registry.unwrap_or("https://index.docker.io/v1/");
    let decoded = String::from_utf8(STANDARD.decode(config.auths.get(server)?.auth.as_ref()?).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(DockerCredentials {
        username: Some(username.to_owned()),
        password: Some(password.to_owned()),
        serveraddress: Some(server.to_owned()),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(words: &str) -> FailureKind {
        let error = Error::DockerStreamError { error: words.to_owned() };
        pull_failure(&"web:1".parse().unwrap(), &error).kind
    }

    #[test]
    fn what_the_engine_says_becomes_a_kind() {
        assert_eq!(kind("manifest for web:1 not found: manifest unknown"), FailureKind::ImageNotFound);
        assert_eq!(kind("pull access denied for web, repository does not exist"), FailureKind::PullDenied);
        assert_eq!(kind("Head https://…: unauthorized: authentication required"), FailureKind::PullDenied);
        assert_eq!(kind("dial tcp 127.0.0.1:9: connect: connection refused"), FailureKind::PullFailed);
    }

    #[test]
    fn the_hub_shortens_its_own_names() {
        assert!(same_repository("nginx", "docker.io/library/nginx"));
        assert!(!same_repository("other/nginx", "nginx"));
    }
}
