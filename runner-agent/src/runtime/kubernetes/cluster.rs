//! What is asked of the API server. Nothing is changed or removed that is not labelled as this runner's.

use std::fmt::Debug;

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::{Pod, Secret},
    },
};
use kube::{
    Api, Error, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PropagationPolicy},
};
use patr_models::deployment::{Failure, FailureKind};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tracing::warn;

use super::{Fault, Kubernetes, Workload, chain, failure, mark, refused, state, words::is_missing};
use crate::runtime::Health;

/// An object of a namespace.
pub(super) trait Object:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize
{
}

impl<K> Object for K where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
{
}

impl Kubernetes {
    pub(super) fn api<K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>>(&self) -> Api<K> {
        Api::namespaced(self.0.client.clone(), &self.0.namespace)
    }

    pub(super) async fn list<K: Object>(&self, selector: &str) -> Result<Vec<K>, Error> {
        Ok(self.api().list(&ListParams::default().labels(selector)).await?.items)
    }

    pub(super) async fn workloads(&self, selector: &str) -> Result<Vec<Workload>, Error> {
        let deployments = self.list::<Deployment>(selector).await?.into_iter();
        let sets = self.list::<StatefulSet>(selector).await?.into_iter();
        let deployments = deployments.map(|one| Workload::Deployment(Box::new(one)));
        Ok(deployments.chain(sets.map(|one| Workload::StatefulSet(Box::new(one)))).collect())
    }

    /// A replica and its pods, if it is there.
    pub(super) async fn find(&self, id: &str) -> Result<Option<(Workload, Vec<Pod>)>, Error> {
        let selector = mark::selector(mark::REPLICA, id);
        let Some(workload) = self.workloads(&selector).await?.into_iter().next() else { return Ok(None) };
        Ok(Some((workload, self.list(&selector).await?)))
    }

    /// As [`Self::find`], for what is expected to be there.
    pub(super) async fn found(&self, id: &str, doing: &str) -> Result<(Workload, Vec<Pod>), Fault> {
        let found = self.find(id).await.map_err(|error| refused(doing, &error))?;
        found.ok_or_else(|| Fault::Gone(format!("{doing}: it is not in the cluster any more")))
    }

    /// Whether the kubelet takes a replica for ready. That the cluster does not say is a failure of the runtime.
    pub(super) async fn is_ready(&self, id: &str) -> Result<bool, Failure> {
        let found = self.found(id, "looking at its pod").await;
        let (workload, pods) = found.map_err(Fault::into_failure)?;
        Ok(state::look(&workload, &pods).health == Health::Ready)
    }

    /// Makes an object what it should be, with all that we say of it and nothing else. One of that name that is somebody
    /// else's is left alone.
    pub(super) async fn apply<K: Object>(&self, object: &K, runner: &str) -> Result<K, Fault> {
        let (kind, name) = (K::kind(&()).into_owned(), object.name_any());
        let doing = format!("making the {kind} `{name}`");
        let api = self.api::<K>();
        let there = api.get_opt(&name).await.map_err(|error| refused(&doing, &error))?;
        if there.is_some_and(|there| !is_ours(&there, runner)) {
            let message = format!("{doing}: there is one that is not this runner's, and it is left alone");
            return Err(failure(FailureKind::Runtime, message).into());
        }
        let params = PatchParams::apply(mark::MANAGER).force();
        let applied = api.patch(&name, &params, &Patch::Apply(object)).await;
        applied.map_err(|error| refused(&doing, &error))
    }

    pub(super) async fn apply_workload(&self, workload: &Workload, runner: &str) -> Result<Workload, Fault> {
        Ok(match workload {
            Workload::Deployment(one) => {
                Workload::Deployment(Box::new(self.apply(one.as_ref(), runner).await?))
            }
            Workload::StatefulSet(one) => {
                Workload::StatefulSet(Box::new(self.apply(one.as_ref(), runner).await?))
            }
        })
    }

    /// Changes a replica that is there, in a few fields.
    pub(super) async fn change(&self, workload: &Workload, change: &Value) -> Result<(), Error> {
        let params = PatchParams { field_manager: Some(mark::MANAGER.to_owned()), ..Default::default() };
        let (name, patch) = (workload.name(), Patch::Merge(change));
        match workload {
            Workload::Deployment(_) => self.api::<Deployment>().patch(name, &params, &patch).await.map(drop),
            Workload::StatefulSet(_) => {
                self.api::<StatefulSet>().patch(name, &params, &patch).await.map(drop)
            }
        }
    }

    pub(super) async fn delete_workload(&self, workload: &Workload) -> Result<(), Error> {
        match workload {
            Workload::Deployment(_) => self.delete::<Deployment>(workload.name()).await,
            Workload::StatefulSet(_) => self.delete::<StatefulSet>(workload.name()).await,
        }
    }

    /// Asks for an object to go, after all that it owns. Already gone is success.
    pub(super) async fn delete<K: Object>(&self, name: &str) -> Result<(), Error> {
        let params =
            DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..Default::default() };
        match self.api::<K>().delete(name, &params).await {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes pods of our own that an agent before this one has left.
    pub(super) async fn sweep(&self) {
        let sweeping = async {
            for mark in [mark::PULL, mark::CARRIER] {
                for pod in self.list::<Pod>(mark).await? {
                    self.delete::<Pod>(pod.metadata.name.as_deref().unwrap_or_default()).await?;
                }
            }
            Ok(())
        };
        if let Err(error) = sweeping.await {
            warn!("looking for what an agent before this one has left: {}", chain(&error));
        }
    }

    /// The values of secrets that a replica was given.
    pub(super) async fn secrets_of(&self, id: &str) -> Result<Vec<Vec<u8>>, Fault> {
        let secrets = self.list::<Secret>(&mark::selector(mark::REPLICA, id)).await;
        let secrets = secrets.map_err(|error| refused("finding its secrets", &error))?;
        let values = secrets.into_iter().filter_map(|secret| secret.data).flat_map(|data| data.into_values());
        Ok(values.map(|value| value.0).collect())
    }
}

/// Whether an object was made by this runner.
pub(super) fn is_ours<K: Resource>(object: &K, runner: &str) -> bool {
    let labels = object.meta().labels.as_ref();
    labels.and_then(|labels| labels.get(mark::RUNNER)).is_some_and(|of| of == runner)
}
