//! What `docker login` has left for a registry: in the Docker configuration itself, or with a credential helper.

use std::{collections::HashMap, ffi::OsString, path::PathBuf, process::Stdio, time::Duration};

use bollard::auth::DockerCredentials;
use patr_models::deployment::{Failure, FailureKind};
use serde::Deserialize;
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use crate::runtime::failure;

/// Docker's own hub, as the configuration names it.
const HUB: &str = "https://index.docker.io/v1/";
/// How long a helper may take; some of them ask a server.
const HELPER: Duration = Duration::from_secs(30);
/// A helper's user name for what is no password.
const TOKEN: &str = "<token>";

/// The parts of `config.json` that are about credentials.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: HashMap<String, Entry>,
    /// The helper for every registry that has none of its own.
    creds_store: String,
    /// Helpers by registry.
    cred_helpers: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    identitytoken: String,
}

/// What a helper answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// The credentials for a registry, if there are any. A configuration or a helper that does not work is named: going
/// on without would end in a refusal that says nothing of it.
pub(super) async fn find(registry: Option<&str>) -> Result<Option<DockerCredentials>, Failure> {
    let Some(folder) = folder() else { return Ok(None) };
    let file = folder.join("config.json");
    let text = match std::fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(format!("{}: {error}", file.display()))),
    };
    let config: Config = serde_json::from_slice(&text)
        .map_err(|error| unusable(format!("{} is not a Docker configuration: {error}", file.display())))?;
    config.find(registry.unwrap_or(HUB), std::env::var_os("PATH")).await
}

fn folder() -> Option<PathBuf> {
    let set = std::env::var_os("DOCKER_CONFIG").map(Into::into);
    set.or_else(|| Some(std::env::home_dir()?.join(".docker")))
}

fn unusable(why: String) -> Failure {
    failure(FailureKind::PullDenied, format!("the credentials for its registry cannot be read: {why}"))
}

impl Config {
    async fn find(&self, server: &str, path: Option<OsString>) -> Result<Option<DockerCredentials>, Failure> {
        let helper = self.cred_helpers.get(host(server)).or_else(|| self.cred_helpers.get(server));
        let helper = helper.unwrap_or(&self.creds_store);
        if helper.is_empty() {
            return Ok(self.written(server));
        }
        let found = ask(helper, server, path).await.map_err(unusable)?;
        // What was written before a helper was set is still good.
        Ok(found.or_else(|| self.written(server)))
    }

    fn written(&self, server: &str) -> Option<DockerCredentials> {
        let similar =
            || self.auths.iter().find(|(name, _)| host(name) == host(server)).map(|(_, entry)| entry);
        self.auths.get(server).or_else(similar)?.credentials(server)
    }
}

impl Entry {
    fn credentials(&self, server: &str) -> Option<DockerCredentials> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let decoded = String::from_utf8(STANDARD.decode(&self.auth).ok()?).ok()?;
        let (username, password) = decoded.split_once(':')?;
        let token = Some(self.identitytoken.clone()).filter(|token| !token.is_empty());
        Some(DockerCredentials {
            username: Some(username.to_owned()),
            password: Some(password.trim_end_matches('\0').to_owned()),
            identitytoken: token,
            serveraddress: Some(server.to_owned()),
            ..Default::default()
        })
    }
}

impl Helped {
    fn credentials(self, server: &str) -> DockerCredentials {
        let serveraddress = Some(server.to_owned());
        if self.username == TOKEN {
            return DockerCredentials {
                identitytoken: Some(self.secret),
                serveraddress,
                ..Default::default()
            };
        }
        let (username, password) = (Some(self.username), Some(self.secret));
        DockerCredentials { username, password, serveraddress, ..Default::default() }
    }
}

/// The registry in the name of an entry, which may be an address.
fn host(name: &str) -> &str {
    let bare = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    bare.split('/').next().unwrap_or(bare)
}

/// Asks a helper, as `docker` does: `docker-credential-NAME get`, the server on its standard input.
async fn ask(
    helper: &str,
    server: &str,
    path: Option<OsString>,
) -> Result<Option<DockerCredentials>, String> {
    let program = format!("docker-credential-{helper}");
    if helper.contains(['/', '\\']) {
        return Err(format!("`{helper}` is not the name of a credential helper"));
    }
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.envs(path.map(|path| ("PATH", path)));
    let asking = async {
        let mut process = command.spawn()?;
        if let Some(mut input) = process.stdin.take() {
            // One that answers without reading has its reasons.
            let _ = input.write_all(server.as_bytes()).await;
        }
        process.wait_with_output().await
    };
    let answered = timeout(HELPER, asking).await;
    let answered =
        answered.map_err(|_| format!("`{program}` did not answer within {} s", HELPER.as_secs()))?;
    let output = answered.map_err(|error| format!("`{program}`: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("credentials not found") {
            return Ok(None);
        }
        let also = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{program}` failed ({}): {} {}", output.status, said.trim(), also.trim()));
    }
    // The answer is not quoted: it holds a password.
    let helped: Helped =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("`{program}` answered no credentials"))?;
    Ok(Some(helped.credentials(server)))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    async fn written(json: &str, server: &str) -> Option<(String, String)> {
        let found = config(json).find(server, None).await.unwrap()?;
        Some((found.username?, found.password?))
    }

    fn ada() -> Option<(String, String)> {
        Some(("ada".to_owned(), "secret:1".to_owned()))
    }

    /// A helper with this script, in a folder of its own.
    fn helper(script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-test");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    async fn helped(script: &str, server: &str) -> Result<Option<DockerCredentials>, Failure> {
        let folder = helper(script);
        let mut path = folder.path().as_os_str().to_owned();
        path.push(":/bin:/usr/bin");
        config(r#"{"credsStore":"test"}"#).find(server, Some(path)).await
    }

    #[tokio::test]
    async fn an_entry_is_found_by_its_registry_however_it_is_written() {
        // "ada:secret:1"
        for name in ["127.0.0.1:5000", "https://127.0.0.1:5000", "http://127.0.0.1:5000/v1/"] {
            let json = format!(r#"{{"auths":{{"{name}":{{"auth":"YWRhOnNlY3JldDox"}}}}}}"#);
            assert_eq!(written(&json, "127.0.0.1:5000").await, ada(), "{name}");
            assert_eq!(written(&json, "127.0.0.1:5001").await, None);
        }
        let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YWRhOnNlY3JldDox"}}}"#;
        assert_eq!(written(hub, HUB).await, ada());
    }

    #[tokio::test]
    async fn a_helper_is_asked_for_the_registry() {
        let script =
            r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"ada\",\"Secret\":\"$server!\"}""#;
        let found = helped(script, "r.example:5000").await.unwrap().unwrap();
        assert_eq!(found.username.as_deref(), Some("ada"));
        assert_eq!(found.password.as_deref(), Some("r.example:5000!"));
        let token = r#"echo '{"Username":"<token>","Secret":"t"}'"#;
        let found = helped(token, "r.example").await.unwrap().unwrap();
        assert_eq!((found.identitytoken.as_deref(), found.password), (Some("t"), None));
    }

    #[tokio::test]
    async fn a_helper_that_knows_nothing_is_no_failure_and_one_that_does_not_work_is_named() {
        let nothing = "echo credentials not found in native keychain; exit 1";
        assert_eq!(helped(nothing, "r.example").await.unwrap(), None);
        let broken = helped("echo the vault is sealed >&2; exit 2", "r.example").await.unwrap_err();
        assert_eq!(broken.kind, FailureKind::PullDenied);
        assert!(broken.message.contains("docker-credential-test") && broken.message.contains("sealed"));
        let missing = config(r#"{"credHelpers":{"r.example":"absent"}}"#).find("r.example", None).await;
        assert!(missing.unwrap_err().message.contains("docker-credential-absent"));
    }
}
