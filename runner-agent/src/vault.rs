//! The values of secrets: opened when a replica starts, replaced wherever one would leave the agent, and never on disk
//! in the clear.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_box::SecretKey;
use patr_models::{
    deployment::{Failure, FailureKind},
    ids::DeploymentId,
    runner::connect::PublicKey,
    secret::Secrets,
    wire::DesiredDeployment,
};

use crate::{redact::Redactor, runtime::failure};

/// The key that secrets are sealed to, and what was opened with it.
#[derive(Clone)]
pub(crate) struct Vault {
    key: Arc<SecretKey>,
    seen: Arc<Mutex<HashMap<DeploymentId, Seen>>>,
}

/// The values that a deployment had since the agent started: replicas of older releases still write theirs.
#[derive(Default)]
struct Seen {
    /// What was opened last.
    sealed: Option<String>,
    values: BTreeSet<Vec<u8>>,
    redactor: Arc<Redactor>,
}

impl Vault {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key: Arc::new(SecretKey::from(key)), seen: Arc::default() }
    }

    /// What secrets are to be sealed to.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_bytes(*self.key.public_key().as_bytes())
    }

    /// The values of a deployment's secrets.
    pub(crate) fn open(&self, desired: &DesiredDeployment) -> Result<Secrets, Failure> {
        let used = desired.spec.secrets_used().count() > 0;
        let secrets = match &desired.sealed {
            None if used => return Err(sealed("the control plane has not sent them yet")),
            None => Secrets::default(),
            Some(sealed_text) => self.unseal(sealed_text)?,
        };
        self.remember(desired, secrets.values());
        Ok(secrets)
    }

    /// Opens what is new, so that it is redacted from now on: an agent that has just started finds replicas that have
    /// their secrets already.
    pub(crate) fn learn(&self, desired: &DesiredDeployment) {
        let known = self.lock().get(&desired.id).is_some_and(|seen| seen.sealed == desired.sealed);
        if !known && desired.sealed.is_some() {
            // Whoever needs the values finds out why they cannot be had.
            let _ = self.open(desired);
        }
    }

    fn unseal(&self, text: &str) -> Result<Secrets, Failure> {
        let bytes = STANDARD.decode(text).map_err(|_| sealed("they are not base64"))?;
        let plain = self.key.unseal(&bytes).map_err(|_| sealed("they are sealed to another key"))?;
        serde_json::from_slice(&plain).map_err(|_| sealed("they are not readable"))
    }

    fn remember(&self, desired: &DesiredDeployment, values: impl Iterator<Item = Vec<u8>>) {
        let mut seen = self.lock();
        let known = seen.entry(desired.id).or_default();
        known.sealed.clone_from(&desired.sealed);
        let before = known.values.len();
        known.values.extend(values);
        if known.values.len() > before {
            known.redactor = Arc::new(Redactor::new(known.values.iter().map(Vec::as_slice)));
        }
    }

    /// Replaces the values of a deployment.
    pub(crate) fn redactor(&self, id: DeploymentId) -> Arc<Redactor> {
        self.lock().get(&id).map(|seen| Arc::clone(&seen.redactor)).unwrap_or_default()
    }

    /// Forgets all deployments but these.
    pub(crate) fn retain(&self, known: impl Fn(&DeploymentId) -> bool) {
        self.lock().retain(|id, _| known(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Seen>> {
        // Nothing in here panics halfway through a change.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sealed(why: &str) -> Failure {
    failure(FailureKind::SecretSealed, format!("its secrets cannot be opened here: {why}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use crypto_box::{PublicKey as BoxKey, aead::OsRng};
    use patr_models::{
        deployment::{Power, WorkloadSpec, spec::SecretUse},
        ids::{Id, WorkspaceId},
        secret::SecretValue,
        time::Millis,
    };

    use super::*;

    /// As the edge seals them, to the key that an agent has told it.
    pub(crate) fn seal(to: &PublicKey, name: &str, value: &str) -> String {
        let mut secrets = Secrets::default();
        let value = SecretValue::Text(value.to_owned());
        secrets.0.entry(name.parse().unwrap()).or_default().insert(1, value);
        let plain = serde_json::to_vec(&secrets).unwrap();
        STANDARD.encode(BoxKey::from(to.to_bytes()).seal(&mut OsRng, &plain).unwrap())
    }

    pub(crate) fn desired(sealed: Option<String>) -> DesiredDeployment {
        let mut spec = WorkloadSpec::of("web:1".parse().unwrap());
        let used = SecretUse { secret: "key".parse().unwrap(), version: Some(1) };
        spec.secrets.insert("KEY".parse().unwrap(), used);
        DesiredDeployment {
            id: DeploymentId::from_parts(Millis(0), 1),
            workspace: WorkspaceId::from_parts(Millis(0), 1),
            name: "web".parse().unwrap(),
            generation: 1,
            release: 1,
            power: Power::Running,
            replicas: 1,
            autoscale: None,
            restart: 0,
            spec,
            digest: None,
            sealed,
        }
    }

    #[test]
    fn what_is_sealed_to_the_key_opens_and_is_redacted_from_then_on() {
        let vault = Vault::new([7; 32]);
        let desired = desired(Some(seal(&vault.public(), "key", "hunter22")));
        assert_eq!(vault.redactor(desired.id).text("hunter22"), "hunter22");
        let secrets = vault.open(&desired).unwrap();
        assert_eq!(secrets.get(&"key".parse().unwrap(), 1).unwrap(), b"hunter22");
        assert_eq!(vault.redactor(desired.id).text("is hunter22."), "is [secret].");
    }

    #[test]
    fn what_replicas_have_already_is_redacted_by_an_agent_that_has_just_started() {
        let vault = Vault::new([7; 32]);
        let desired = desired(Some(seal(&vault.public(), "key", "hunter22")));
        vault.learn(&desired);
        assert_eq!(vault.redactor(desired.id).text("hunter22"), "[secret]");
    }

    #[test]
    fn what_cannot_be_opened_is_named_and_shows_nothing() {
        let (vault, other) = (Vault::new([7; 32]), Vault::new([8; 32]));
        let cases = [
            None,
            Some(seal(&other.public(), "key", "hunter22")),
            Some("AAAA".to_owned()),
            Some("%".to_owned()),
        ];
        for sealed in cases {
            let failed = vault.open(&desired(sealed)).unwrap_err();
            assert_eq!(failed.kind, FailureKind::SecretSealed);
            assert!(!failed.message.contains("hunter22"));
        }
    }

    #[test]
    fn a_value_of_an_older_release_is_redacted_as_long_as_the_deployment_is_there() {
        let vault = Vault::new([7; 32]);
        for value in ["hunter22", "hunter33"] {
            vault.open(&desired(Some(seal(&vault.public(), "key", value)))).unwrap();
        }
        let id = desired(None).id;
        assert_eq!(vault.redactor(id).text("hunter22 hunter33"), "[secret] [secret]");
        vault.retain(|_| false);
        assert_eq!(vault.redactor(id).text("hunter22"), "hunter22");
    }
}
