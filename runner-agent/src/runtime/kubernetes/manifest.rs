//! From a specification to the objects of a cluster: functions of what is desired, and nothing else.

mod around;
mod content;
mod pod;
mod probes;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, StatefulSet, StatefulSetSpec},
        core::v1::PodTemplateSpec,
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use patr_models::{
    deployment::Failure,
    ids::{SnapshotId, VolumeId},
};

use super::{
    mark::{self, Pairs},
    workload::Workload,
};
use crate::runtime::NewReplica;

pub(super) use around::{
    ASKED, HERE, POLICY, carrying, claim, claim_of_snapshot, disruption_budget, disruption_budget_name,
    network_policy, pulling, service,
};
pub(super) use content::{Content, content};
pub(super) use pod::{APP, User};

/// How far pods are held to the rules of pod security (kubernetes.io/docs/concepts/security/pod-security-standards).
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Security {
    /// No root, no capabilities
    Restricted,
    /// Images may run as root in their container
    Baseline,
}

/// How much of a deployment's name is in the names of its objects: what Kubernetes adds must fit 63 octets as well.
const NAME: usize = 28;

/// What a replica is made with besides what is desired.
#[derive(Debug, Clone)]
pub(super) struct Making<'a> {
    pub(super) new: &'a NewReplica,
    /// The id of the replica.
    pub(super) id: &'a str,
    pub(super) runner: &'a str,
    /// As the nodes of the cluster know it.
    pub(super) image: &'a str,
    pub(super) security: Security,
}

impl Making<'_> {
    /// The name of all that belongs to the replica.
    pub(super) fn name(&self) -> String {
        let desired = &self.new.desired;
        let name: String = desired.name.as_str().chars().take(NAME).collect();
        format!("{}-{}-{}", name.trim_end_matches('-'), desired.release, self.id)
    }

    fn labels(&self) -> Pairs {
        mark::of_replica(self.new, self.id, self.runner)
    }

    fn metadata(&self) -> ObjectMeta {
        ObjectMeta {
            name: Some(self.name()),
            labels: Some(self.labels()),
            annotations: Some(mark::about(self.new)),
            ..Default::default()
        }
    }

    fn template(&self) -> Result<PodTemplateSpec, Failure> {
        let (mut labels, annotations) = mark::of_user(&self.new.desired.spec.labels);
        // Ours last: nobody else says them.
        labels.extend(self.labels());
        Ok(PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(labels),
                annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
                ..Default::default()
            }),
            spec: Some(pod::spec(self)?),
        })
    }

    /// The replica, with no pod yet (0) or with one (1).
    pub(super) fn workload(&self, replicas: i32) -> Result<Workload, Failure> {
        let (metadata, template) = (self.metadata(), self.template()?);
        let selector = selecting(mark::pairs([(mark::REPLICA, self.id)]));
        if self.new.desired.spec.volumes.values().any(|mount| mount.is_exclusive()) {
            let spec = StatefulSetSpec {
                replicas: Some(replicas),
                revision_history_limit: Some(0),
                selector,
                template,
                ..Default::default()
            };
            let one = StatefulSet { metadata, spec: Some(spec), status: None };
            return Ok(Workload::StatefulSet(Box::new(one)));
        }
        let spec = DeploymentSpec {
            replicas: Some(replicas),
            revision_history_limit: Some(0),
            selector,
            // A replica is never changed. Should somebody else do it, it is still never there twice.
            strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }),
            template,
            ..Default::default()
        };
        Ok(Workload::Deployment(Box::new(Deployment { metadata, spec: Some(spec), status: None })))
    }
}

pub(super) fn volume_name(volume: VolumeId) -> String {
    format!("patr-{volume}").replace('_', "-")
}

pub(super) fn snapshot_name(snapshot: SnapshotId) -> String {
    format!("patr-{snapshot}").replace('_', "-")
}

fn selecting(labels: Pairs) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
pub(super) mod tests;
