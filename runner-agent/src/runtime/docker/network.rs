//! The networks that containers are on: one for each workspace, so that its deployments reach each other by name and
//! nobody else's. Two runners on one Engine have networks of their own.

use std::collections::HashMap;

use bollard::{
    errors::Error,
    models::NetworkCreateRequest,
    query_parameters::{ListContainersOptions, ListNetworksOptions},
};
use patr_models::{deployment::FailureKind, ids::WorkspaceId};
use tracing::{info, warn};

use super::{
    Docker, Fault,
    container::label,
    failure,
    words::{chain, refused},
};

const DOING: &str = "making the network of its workspace";

pub(super) fn name(workspace: WorkspaceId, runner: &str) -> String {
    format!("patr-{workspace}-{runner}")
}

/// The id of a workspace's network, which is made if it is not there. In a task of its own: a start that is given up
/// halfway must not let the next one look before the Engine has answered, for the Engine lets two networks have one name.
pub(super) async fn ensure(docker: &Docker, workspace: WorkspaceId, runner: &str) -> Result<String, Fault> {
    let (docker, runner) = (docker.clone(), runner.to_owned());
    let ensuring = tokio::spawn(async move {
        let _alone = docker.shared.making_network.lock().await;
        match find(&docker, workspace, &runner).await? {
            Some(id) => Ok(id),
            None => make(&docker, workspace, runner).await,
        }
    });
    ensuring
        .await
        .unwrap_or_else(|error| Err(failure(FailureKind::Runtime, format!("{DOING}: {error}")).into()))
}

/// The oldest one of its name.
async fn find(docker: &Docker, workspace: WorkspaceId, runner: &str) -> Result<Option<String>, Fault> {
    let name = name(workspace, runner);
    // The Engine's filter takes parts of names.
    let filters = Some(HashMap::from([("name".to_owned(), vec![name.clone()])]));
    let networks = docker.api.list_networks(Some(ListNetworksOptions { filters })).await;
    let networks = networks.map_err(|error| refused(DOING, &error))?;
    let named = networks.into_iter().filter(|network| network.name.as_deref() == Some(&name));
    let oldest = named.min_by_key(|network| (network.created.clone(), network.id.clone()));
    Ok(oldest.and_then(|network| network.id))
}

async fn make(docker: &Docker, workspace: WorkspaceId, runner: String) -> Result<String, Fault> {
    let name = name(workspace, &runner);
    let labels = [(label::RUNNER, runner), (label::WORKSPACE, workspace.to_string())];
    let request = NetworkCreateRequest {
        name,
        driver: Some("bridge".to_owned()),
        labels: Some(labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ..Default::default()
    };
    match docker.api.create_network(request).await {
        Ok(made) => Ok(made.id),
        Err(error) => Err(explained(&error)),
    }
}

/// An Engine has addresses for some thirty networks; what it says when they are given out helps nobody.
fn explained(error: &Error) -> Fault {
    let words = chain(error);
    if !["address pool", "non-overlapping"].iter().any(|text| words.contains(text)) {
        return refused(DOING, error);
    }
    let message = format!(
        "{DOING}: Docker has no addresses left for another network ({words}). Remove networks that nothing uses \
         (`docker network prune`), or give it more in `default-address-pools` of its daemon.json"
    );
    failure(FailureKind::Runtime, message).into()
}

/// Removes the networks of this runner that no container is on, not even one that is stopped.
pub(super) async fn sweep(docker: &Docker, runner: &str) {
    // None is removed between the moment when a start has looked for it and the moment when its container is on it.
    let _alone = docker.shared.networks.write().await;
    if let Err(error) = remove_empty(docker, runner).await {
        warn!("looking for networks that nothing uses: {}", chain(&error));
    }
}

async fn remove_empty(docker: &Docker, runner: &str) -> Result<(), Error> {
    let ours = HashMap::from([("label".to_owned(), vec![format!("{}={runner}", label::RUNNER)])]);
    let networks = docker.api.list_networks(Some(ListNetworksOptions { filters: Some(ours) })).await?;
    for id in networks.into_iter().filter_map(|network| network.id) {
        let on_it = HashMap::from([("network".to_owned(), vec![id.clone()])]);
        let options = ListContainersOptions { all: true, filters: Some(on_it), ..Default::default() };
        if !docker.api.list_containers(Some(options)).await?.is_empty() {
            continue;
        }
        match docker.api.remove_network(&id).await {
            Ok(()) => info!("removed the network {id}: nothing uses it"),
            // Somebody has just come, or was faster.
            Err(Error::DockerResponseServerError { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_has_no_addresses_left_says_what_to_do() {
        let message = "could not find an available, non-overlapping IPv4 address pool among the defaults";
        let error = Error::DockerResponseServerError { status_code: 500, message: message.to_owned() };
        let Fault::Failed(failure) = explained(&error) else { panic!("the Engine has answered") };
        assert!(failure.message.contains("default-address-pools"), "{}", failure.message);
    }
}
