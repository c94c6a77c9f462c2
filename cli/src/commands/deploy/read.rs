//! What the flags of `patr deploy` take from this machine: variables, and contents of files.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use patr_models::{
    deployment::spec::{EnvName, FileContent, FileSpec, ReplicaPath},
    limits::FILE_BYTES_MAX,
};

use crate::{
    args::{
        deploy::Content,
        spec::SecretFileArg,
        values::{self, EnvArg},
    },
    failure::Failure,
    text,
};

/// The mode of a file that can be executed here: everybody may do so, and nobody may change it.
const EXECUTABLE: u32 = 0o555;

/// Files first, in their order, then `--env`: the nearer to the command line, the stronger.
pub(super) fn environment(content: &Content) -> Result<Vec<(EnvName, String)>, Failure> {
    let mut all = Vec::new();
    for file in &content.env_files {
        let text = std::fs::read_to_string(file).map_err(|error| wrong(file, error))?;
        all.extend(values::env_file(&text).map_err(|error| wrong(file, error))?);
    }
    all.extend(content.env.iter().cloned());
    all.into_iter().map(resolve).collect()
}

fn resolve(arg: EnvArg) -> Result<(EnvName, String), Failure> {
    if let Some(value) = arg.value {
        return Ok((arg.name, value));
    }
    let value = std::env::var(arg.name.as_str()).map_err(|_| {
        Failure::usage(format!("`{}` has no value in this shell", arg.name))
            .hint(format!("set it, or give `--env {}=VALUE`", arg.name))
    })?;
    Ok((arg.name, value))
}

/// The files that are given with their content.
pub(super) fn files(content: &Content) -> Result<Vec<(ReplicaPath, FileSpec)>, Failure> {
    content.files.iter().map(|arg| Ok((arg.path.clone(), file(&arg.local)?))).collect()
}

fn file(local: &Path) -> Result<FileSpec, Failure> {
    let about = std::fs::metadata(local).map_err(|error| wrong(local, error))?;
    if about.is_dir() {
        return Err(wrong(local, "is a folder").hint("give its files one by one, or put them into a volume"));
    }
    if about.len() > FILE_BYTES_MAX as u64 {
        let (size, most) = (text::bytes(about.len()), text::bytes(FILE_BYTES_MAX as u64));
        return Err(wrong(
            local,
            format!("{size} are more than a deployment's files may have together ({most})"),
        )
        .hint("put large files into the image or a volume"));
    }
    let bytes = std::fs::read(local).map_err(|error| wrong(local, error))?;
    let content = String::from_utf8(bytes)
        .map_or_else(|error| FileContent::Base64(STANDARD.encode(error.as_bytes())), FileContent::Text);
    Ok(FileSpec { content, mode: is_executable(&about).then_some(EXECUTABLE) })
}

/// A file whose content is a secret.
pub(super) fn secret_file(arg: &SecretFileArg) -> FileSpec {
    FileSpec { content: FileContent::Secret(arg.used.clone()), mode: None }
}

fn wrong(file: &Path, problem: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {problem}", file.display()))
}

#[cfg(unix)]
fn is_executable(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}
