//! What keeps the pod of a replica there: a Deployment of one, or a StatefulSet of one where a volume may be held only once.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::{Pod, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::mark;

/// A Deployment or a StatefulSet of one replica.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Workload {
    Deployment(Box<Deployment>),
    StatefulSet(Box<StatefulSet>),
}

impl Workload {
    pub(super) fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Deployment(one) => &one.metadata,
            Self::StatefulSet(one) => &one.metadata,
        }
    }

    pub(super) fn template(&self) -> Option<&PodTemplateSpec> {
        match self {
            Self::Deployment(one) => one.spec.as_ref().map(|spec| &spec.template),
            Self::StatefulSet(one) => one.spec.as_ref().map(|spec| &spec.template),
        }
    }

    /// The pod that it would make.
    pub(super) fn pod(&self) -> Option<Pod> {
        let PodTemplateSpec { metadata, spec } = self.template()?.clone();
        let metadata = ObjectMeta { name: Some(self.name().to_owned()), ..metadata.unwrap_or_default() };
        Some(Pod { metadata, spec, status: None })
    }

    /// How many pods there should be; 1 if nothing is said.
    pub(super) fn replicas(&self) -> i32 {
        let said = match self {
            Self::Deployment(one) => one.spec.as_ref().and_then(|spec| spec.replicas),
            Self::StatefulSet(one) => one.spec.as_ref().and_then(|spec| spec.replicas),
        };
        said.unwrap_or(1)
    }

    pub(super) fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    pub(super) fn label(&self, label: &str) -> Option<&str> {
        self.metadata().labels.as_ref()?.get(label).map(String::as_str)
    }

    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata().annotations.as_ref()?.get(name).map(String::as_str)
    }

    pub(super) fn is_proven(&self) -> bool {
        self.annotation(mark::PROVEN).is_some()
    }

    pub(super) fn is_going(&self) -> bool {
        self.metadata().deletion_timestamp.is_some()
    }

    /// Whether a pod is of this replica.
    pub(super) fn owns(&self, pod: &Pod) -> bool {
        let of = pod.metadata.labels.as_ref().and_then(|labels| labels.get(mark::REPLICA));
        of.is_some() && of.map(String::as_str) == self.label(mark::REPLICA)
    }

    /// Why no pod can be made, as the cluster says it.
    pub(super) fn replica_failure(&self) -> Option<&str> {
        let Self::Deployment(deployment) = self else { return None };
        let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
        let failed = conditions.iter().find(|one| one.type_ == "ReplicaFailure" && one.status == "True")?;
        failed.message.as_deref()
    }

    /// What makes an object go with this one.
    pub(super) fn owner(&self) -> OwnerReference {
        let kind = match self {
            Self::Deployment(_) => "Deployment",
            Self::StatefulSet(_) => "StatefulSet",
        };
        OwnerReference {
            api_version: "apps/v1".to_owned(),
            kind: kind.to_owned(),
            name: self.name().to_owned(),
            uid: self.metadata().uid.clone().unwrap_or_default(),
            controller: Some(true),
            block_owner_deletion: None,
        }
    }
}
