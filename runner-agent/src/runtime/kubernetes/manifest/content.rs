//! What a replica reads: files in a ConfigMap, and values of secrets in a Secret. Both go with their replica.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use patr_models::deployment::{Failure, FailureKind, spec::FileContent};

use super::Making;
use crate::runtime::failure;

type Data = BTreeMap<String, ByteString>;

/// The contents of a replica's files and variables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) files: Option<ConfigMap>,
    pub(crate) secrets: Option<Secret>,
}

/// The key of an environment variable in the Secret.
pub(crate) fn key_of_env(name: &str) -> String {
    format!("env-{name}")
}

/// The key of a file, by its place among all files: paths are no keys.
pub(super) fn key_of_file(at: usize) -> String {
    format!("file-{at}")
}

pub(crate) fn content(making: &Making<'_>, owner: &OwnerReference) -> Result<Content, Failure> {
    let metadata = || ObjectMeta {
        name: Some(making.name()),
        labels: Some(making.labels()),
        owner_references: Some(vec![owner.clone()]),
        ..Default::default()
    };
    let some = |data: Data| Some(data).filter(|data| !data.is_empty());
    let files = some(files(making)?).map(|data| ConfigMap {
        metadata: metadata(),
        binary_data: Some(data),
        immutable: Some(true),
        ..Default::default()
    });
    let secrets = some(secrets(making)?).map(|data| Secret {
        metadata: metadata(),
        data: Some(data),
        immutable: Some(true),
        ..Default::default()
    });
    Ok(Content { files, secrets })
}

fn files(making: &Making<'_>) -> Result<Data, Failure> {
    let mut data = Data::new();
    for (at, (path, file)) in making.new.desired.spec.files.iter().enumerate() {
        let Some(bytes) = file.bytes() else { continue };
        let bytes =
            bytes.ok_or_else(|| failure(FailureKind::Runtime, format!("its file `{path}` is not base64")))?;
        data.insert(key_of_file(at), ByteString(bytes));
    }
    Ok(data)
}

fn secrets(making: &Making<'_>) -> Result<Data, Failure> {
    let (new, spec) = (making.new, &making.new.desired.spec);
    let mut data = Data::new();
    for (name, used) in &spec.secrets {
        data.insert(key_of_env(name.as_str()), ByteString(new.secret_text(name, used)?.into_bytes()));
    }
    for (at, file) in spec.files.values().enumerate() {
        if let FileContent::Secret(used) = &file.content {
            data.insert(key_of_file(at), ByteString(new.secret(used)?));
        }
    }
    Ok(data)
}
