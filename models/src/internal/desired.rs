//! `GET /internal/v1/runners/{runner}/desired`
//!
//! Asked by a RunnerSession of `worker`: what should run there.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{DeploymentId, RunnerId, VolumeId},
    wire::{Revision, Snapshot},
};

declare_api_endpoint! {
    /// What should run on a runner
    GetDesired: GET "/internal/v1/runners/{runner}/desired" {
        auth: Internal,
        path: { runner: RunnerId },
        response: Json<Passed>,
    }
}

/// A snapshot on its way through an object, which is deployed more rarely than `worker` and than agents: of the
/// document it reads only what it needs, and passes on the whole.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Passed {
    contents: Contents,
    document: Value,
}

/// What the object needs to know.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
struct Contents {
    revision: Revision,
    deployments: Vec<Entry>,
    tombstones: Vec<Grave>,
    #[serde(default)]
    volumes: Vec<Volume>,
    #[serde(default)]
    buried_volumes: Vec<VolumeId>,
}

#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
struct Entry {
    id: DeploymentId,
}

#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
struct Volume {
    id: VolumeId,
}

#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
struct Grave {
    deployment: DeploymentId,
}

impl Passed {
    pub fn revision(&self) -> Revision {
        self.contents.revision
    }

    /// What should be there.
    pub fn deployments(&self) -> impl Iterator<Item = DeploymentId> {
        self.contents.deployments.iter().map(|entry| entry.id)
    }

    /// Volumes that should be there.
    pub fn volumes(&self) -> impl Iterator<Item = VolumeId> {
        self.contents.volumes.iter().map(|volume| volume.id)
    }

    /// Whether a deployment should be there, in whatever form.
    pub fn has(&self, id: DeploymentId) -> bool {
        self.deployments().any(|known| known == id)
    }

    /// Whether a deployment must go.
    pub fn buries(&self, id: DeploymentId) -> bool {
        self.contents.tombstones.iter().any(|grave| grave.deployment == id)
    }

    /// Whether a volume should be there.
    pub fn has_volume(&self, id: VolumeId) -> bool {
        self.volumes().any(|known| known == id)
    }

    /// Whether a volume must go.
    pub fn buries_volume(&self, id: VolumeId) -> bool {
        self.contents.buried_volumes.contains(&id)
    }
}

impl TryFrom<Value> for Passed {
    type Error = serde_json::Error;
    fn try_from(document: Value) -> Result<Self, serde_json::Error> {
        Ok(Self { contents: Contents::deserialize(&document)?, document })
    }
}

impl From<Passed> for Value {
    fn from(passed: Passed) -> Self {
        passed.document
    }
}

impl TryFrom<&Snapshot> for Passed {
    type Error = serde_json::Error;
    fn try_from(snapshot: &Snapshot) -> Result<Self, serde_json::Error> {
        serde_json::to_value(snapshot)?.try_into()
    }
}

impl schemars::JsonSchema for Passed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Snapshot::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Snapshot::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_object_does_not_know_reaches_the_agent() {
        let id = "dep_00000000010000000000000002";
        let text = format!(
            r#"{{"deployments":[{{"id":"{id}","spec":{{"from_2030":true}}}}],"more":1,"revision":7,"tombstones":[]}}"#
        );
        let passed: Passed = serde_json::from_str(&text).unwrap();
        assert_eq!((passed.revision(), passed.has(id.parse().unwrap())), (7, true));
        assert_eq!(serde_json::to_string(&passed).unwrap(), text);
    }
}
