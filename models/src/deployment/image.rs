//! Names of images, and digests.

use crate::name::string_type;

/// A string does not name an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("`{0}` is not an image: expected `[registry/]name[:tag][@sha256:…]`, in lower case")]
    Reference(String),
    #[error("`{0}` is not a digest: expected `sha256:` and 64 hexadecimal digits")]
    Digest(String),
}

fn digest(text: &str) -> Result<String, ImageError> {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() == 64 && hex.bytes().all(lower) {
        Ok(text.to_owned())
    } else {
        Err(ImageError::Digest(text.chars().take(80).collect()))
    }
}

string_type! {
    /// The content address of an image (OCI image specification, descriptor.md), SHA-256 only.
    Digest, ImageError, digest,
    { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" }
}

fn reference(text: &str) -> Result<String, ImageError> {
    let wrong = || ImageError::Reference(text.chars().take(255).collect());
    let (name, pinned) = text.split_once('@').map_or((text, None), |(name, pinned)| (name, Some(pinned)));
    if let Some(pinned) = pinned {
        digest(pinned)?;
    }
    let (path, tag) = split_tag(name);
    if name.is_empty() || name.len() > 255 || !tag.is_none_or(valid_tag) || !valid_path(path) {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// A colon after the last slash begins a tag; one before it is a registry's port.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    }
}

fn valid_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(rest)
}

fn valid_path(path: &str) -> bool {
    let (registry, rest) = split_registry(path);
    let host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    registry.is_none_or(|registry| registry.bytes().all(host)) && rest.split('/').all(valid_component)
}

fn valid_component(component: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let inner = |byte: u8| plain(byte) || matches!(byte, b'.' | b'_' | b'-');
    let bytes = component.as_bytes();
    let ends = bytes.first().copied().is_some_and(plain) && bytes.last().copied().is_some_and(plain);
    ends && bytes.iter().copied().all(inner)
}

/// The first part names a registry when it could not be a repository: a dot, a port, or `localhost`.
fn split_registry(path: &str) -> (Option<&str>, &str) {
    match path.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, path),
    }
}

string_type! {
    /// The name of an image, as for `docker pull`: `[registry/]name[:tag][@sha256:…]`.
    ImageRef, ImageError, reference,
    { "type": "string", "maxLength": 330 }
}

impl ImageRef {
    /// The registry, if one is named.
    pub fn registry(&self) -> Option<&str> {
        split_registry(self.name()).0
    }

    /// Without tag and digest.
    pub fn repository(&self) -> &str {
        split_tag(self.name()).0
    }

    /// The tag; `latest` when neither tag nor digest is named.
    pub fn tag(&self) -> Option<&str> {
        let tag = split_tag(self.name()).1;
        if tag.is_none() && self.digest().is_none() { Some("latest") } else { tag }
    }

    /// The digest, if the name has one.
    pub fn digest(&self) -> Option<Digest> {
        self.as_str().split_once('@').and_then(|(_, digest)| digest.parse().ok())
    }

    fn name(&self) -> &str {
        self.as_str().split_once('@').map_or(self.as_str(), |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        text.parse().unwrap()
    }

    #[test]
    fn a_reference_comes_apart_as_docker_takes_it() {
        let full = image("127.0.0.1:5000/team/web:1.2");
        assert_eq!(full.registry(), Some("127.0.0.1:5000"));
        assert_eq!((full.repository(), full.tag()), ("127.0.0.1:5000/team/web", Some("1.2")));
        let bare = image("nginx");
        assert_eq!((bare.registry(), bare.tag()), (None, Some("latest")));
        let pinned = format!("nginx@sha256:{}", "a".repeat(64));
        assert_eq!((image(&pinned).tag(), image(&pinned).digest().is_some()), (None, true));
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        for bad in
            ["", "Nginx", "nginx:", "nginx:-x", "a//b", "nginx@sha256:12", "-x", "a b", "a/", "host:99x/"]
        {
            assert!(bad.parse::<ImageRef>().is_err(), "{bad}");
        }
    }
}
