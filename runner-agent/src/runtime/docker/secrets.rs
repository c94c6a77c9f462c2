//! Which values of secrets a container holds. Its labels say where they are; the release that they were given for may be
//! long forgotten.

use std::io::Read;

use bollard::{models::ContainerInspectResponse, query_parameters::DownloadFromContainerOptions};
use futures_util::TryStreamExt;

use super::{
    Docker, Fault,
    container::label,
    words::{is_missing, refused},
};

const DOING: &str = "finding the secrets of its container";

impl Docker {
    pub(super) async fn secrets_of(&self, id: &str) -> Result<Vec<Vec<u8>>, Fault> {
        let found = self.api.inspect_container(id, None).await.map_err(|error| refused(DOING, &error))?;
        let mut values = in_environment(&found);
        for path in named(&found, label::SECRET_FILES) {
            let options = DownloadFromContainerOptions { path };
            let archive = self.api.download_from_container(id, Some(options));
            match archive.map_ok(Vec::from).try_concat().await {
                Ok(archive) => values.extend(only_file(&archive)),
                // The application has removed it.
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(refused(DOING, &error)),
            }
        }
        Ok(values)
    }
}

fn named(found: &ContainerInspectResponse, label: &str) -> Vec<String> {
    let labels = found.config.as_ref().and_then(|config| config.labels.as_ref());
    let names = labels.and_then(|labels| serde_json::from_str(labels.get(label)?).ok());
    names.unwrap_or_default()
}

fn in_environment(found: &ContainerInspectResponse) -> Vec<Vec<u8>> {
    let secret = named(found, label::SECRET_ENV);
    let environment = found.config.as_ref().and_then(|config| config.env.as_ref());
    let pairs = environment.into_iter().flatten().filter_map(|pair| pair.split_once('='));
    let of_secrets = pairs.filter(|(name, _)| secret.iter().any(|secret| secret == name));
    of_secrets.map(|(_, value)| value.as_bytes().to_vec()).collect()
}

fn only_file(archive: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let mut bytes = Vec::new();
    archive.entries().ok()?.next()?.ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::new_replica, *};
    use crate::runtime::docker::container;

    #[test]
    fn labels_say_which_environment_variables_are_secret() {
        let mut new = new_replica();
        let used =
            patr_models::deployment::spec::SecretUse { secret: "key".parse().unwrap(), version: Some(1) };
        new.desired.spec.env.insert("PLAIN".parse().unwrap(), "open".to_owned());
        new.desired.spec.secrets.insert("KEY".parse().unwrap(), used);
        let value = patr_models::secret::SecretValue::Text("hunter2=".to_owned());
        new.secrets.0.entry("key".parse().unwrap()).or_default().insert(1, value);
        let body = container::create(&new, "web".to_owned(), "net".to_owned(), "run_x", false).unwrap();
        let inspected = serde_json::json!({ "Config": { "Env": body.env, "Labels": body.labels } });
        let found = serde_json::from_value(inspected).unwrap();
        assert_eq!(in_environment(&found), [b"hunter2=".to_vec()]);
    }
}
