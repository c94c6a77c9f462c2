//! Files of a specification, put into a container before it starts.

use bollard::query_parameters::UploadToContainerOptions;
use patr_models::deployment::{
    Failure, FailureKind,
    spec::{FileContent, FileSpec},
};
use tar::{Builder, Header};

use super::{Docker, Fault, NewReplica, failure, words::refused};

pub(super) async fn put(docker: &Docker, id: &str, new: &NewReplica) -> Result<(), Fault> {
    if new.desired.spec.files.is_empty() {
        return Ok(());
    }
    let archive = archive(new)?;
    let options = UploadToContainerOptions {
        path: "/".to_owned(),
        // A folder of the image is not replaced by a file.
        no_overwrite_dir_non_dir: Some("true".to_owned()),
        copy_uidgid: None,
    };
    let put = docker.api.upload_to_container(id, Some(options), bollard::body_full(archive.into())).await;
    put.map_err(|error| refused("putting its files into its container", &error))
}

/// Only the files: the Engine makes the folders that are missing, and leaves alone those that are there.
fn archive(new: &NewReplica) -> Result<Vec<u8>, Failure> {
    let mut builder = Builder::new(Vec::new());
    for (path, file) in &new.desired.spec.files {
        let bad = |why: &str| failure(FailureKind::Runtime, format!("its file `{path}` {why}"));
        let bytes = content(file, new)?.ok_or_else(|| bad("is not base64"))?;
        let mut header = Header::new_gnu();
        header.set_mode(file.mode());
        header.set_size(bytes.len() as u64);
        let name = path.as_str().trim_start_matches('/');
        let added = builder.append_data(&mut header, name, bytes.as_slice());
        added.map_err(|error| bad(&format!("cannot be put into an archive: {error}")))?;
    }
    builder.into_inner().map_err(|error| failure(FailureKind::Runtime, format!("its files: {error}")))
}

fn content(file: &FileSpec, new: &NewReplica) -> Result<Option<Vec<u8>>, Failure> {
    match &file.content {
        FileContent::Secret(used) => new.secret(used).map(Some),
        FileContent::Text(_) | FileContent::Base64(_) => Ok(file.bytes().flatten()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use patr_models::{deployment::spec::SecretUse, secret::SecretValue};

    use super::{super::tests::new_replica, *};

    fn using(version: u32) -> FileContent {
        FileContent::Secret(SecretUse { secret: "key".parse().unwrap(), version: Some(version) })
    }

    #[test]
    fn an_archive_holds_the_files_with_their_modes_and_the_values_of_secrets() {
        let mut new = new_replica();
        let value = SecretValue::Base64("AP8=".to_owned());
        new.secrets.0.entry("key".parse().unwrap()).or_default().insert(2, value);
        let text = FileContent::Text("hi".to_owned());
        let files = &mut new.desired.spec.files;
        files.insert("/etc/app/conf".parse().unwrap(), FileSpec { content: text, mode: None });
        files.insert("/key".parse().unwrap(), FileSpec { content: using(2), mode: Some(0o400) });
        let archive = archive(&new).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let read = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            (path, entry.header().mode().unwrap(), bytes)
        });
        let expected =
            [("etc/app/conf".to_owned(), 0o444, b"hi".to_vec()), ("key".to_owned(), 0o400, vec![0, 255])];
        assert_eq!(read.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_file_without_the_value_of_its_secret_is_no_empty_file() {
        let mut new = new_replica();
        new.desired.spec.files.insert("/key".parse().unwrap(), FileSpec { content: using(1), mode: None });
        let failed = archive(&new).unwrap_err();
        assert_eq!(failed.kind, FailureKind::SecretSealed);
        assert!(failed.message.contains("`key`, version 1"), "{}", failed.message);
    }
}
