//! What is around replicas, as it should be, whoever has changed it. That replicas themselves are gone is seen and planned for as
//! anywhere else.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use k8s_openapi::api::{core::v1::Service, networking::v1::NetworkPolicy, policy::v1::PodDisruptionBudget};
use kube::{Error, ResourceExt};
use tracing::debug;

use super::{
    Fault, Kubernetes, Workload, chain,
    cluster::Object,
    manifest::{POLICY, disruption_budget, network_policy, service},
    mark,
    start::{introduce, scale},
};

/// How often it is looked for.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);
const DOING: &str = "putting right what was changed";

/// What is there, by name.
struct Around {
    has_policy: bool,
    services: HashSet<String>,
    budgets: HashSet<String>,
}

/// What is not as it should be.
enum Wrong<'w> {
    /// Anybody reaches replicas.
    NoPolicy,
    /// Somebody scaled it up.
    Several(&'w Workload),
    /// Others do not find it by its deployment's name, or a drain may take all of them at once.
    Alone(&'w Workload),
}

/// Without a difference nothing is written.
pub(super) async fn put_right(cluster: &Kubernetes, runner: &str, workloads: &[Workload]) {
    let around = match around(cluster, runner).await {
        Ok(around) => around,
        Err(error) => return debug!("{DOING}: {}", chain(&error)),
    };
    for wrong in wrongs(workloads, &around) {
        // What stands in the way of one does not concern the others. It is tried again.
        if let Err(fault) = repair(cluster, runner, wrong).await {
            debug!("{DOING}: {fault:?}");
        }
    }
}

async fn around(cluster: &Kubernetes, runner: &str) -> Result<Around, Error> {
    Ok(Around {
        has_policy: cluster.api::<NetworkPolicy>().get_opt(POLICY).await?.is_some(),
        services: names::<Service>(cluster, runner).await?,
        budgets: names::<PodDisruptionBudget>(cluster, runner).await?,
    })
}

async fn names<K: Object>(cluster: &Kubernetes, runner: &str) -> Result<HashSet<String>, Error> {
    let ours = cluster.list::<K>(&mark::selector(mark::RUNNER, runner)).await?;
    Ok(ours.iter().map(ResourceExt::name_any).collect())
}

fn wrongs<'w>(workloads: &'w [Workload], around: &Around) -> Vec<Wrong<'w>> {
    let here = || workloads.iter().filter(|one| !one.is_going() && one.replicas() > 0);
    let no_policy = here().next().filter(|_| !around.has_policy).map(|_| Wrong::NoPolicy);
    let several = here().filter(|one| one.replicas() > 1).map(Wrong::Several);
    let lacks = |one: &&Workload| {
        service(one).is_some_and(|service| !around.services.contains(&service.name_any()))
            || disruption_budget(one).is_some_and(|budget| !around.budgets.contains(&budget.name_any()))
    };
    // Of a deployment the one that was made last has the last word.
    let mut proven: Vec<_> = here().filter(|one| one.is_proven()).collect();
    proven.sort_by_key(|one| one.metadata().creation_timestamp.clone());
    let last: BTreeMap<_, _> = proven.into_iter().map(|one| (one.label(mark::DEPLOYMENT), one)).collect();
    let alone = last.into_values().filter(lacks).map(Wrong::Alone);
    no_policy.into_iter().chain(several).chain(alone).collect()
}

async fn repair(cluster: &Kubernetes, runner: &str, wrong: Wrong<'_>) -> Result<(), Fault> {
    match wrong {
        Wrong::NoPolicy => {
            let policy = network_policy(runner, cluster.0.agents.as_deref());
            cluster.apply(&policy, runner).await.map(drop)
        }
        Wrong::Several(workload) => scale(cluster, workload, 1, DOING).await,
        Wrong::Alone(workload) => introduce(cluster, workload).await,
    }
}
