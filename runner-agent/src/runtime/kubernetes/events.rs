//! What a cluster tells of by itself.

use futures_util::{Stream, StreamExt, stream};
use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::Pod,
};
use kube::{
    core::PartialObjectMeta,
    runtime::{WatchStreamExt, watcher},
};
use tokio::sync::mpsc;
use tracing::debug;

use super::{Kubernetes, cluster::Object, mark};

/// Reminds of every change. A watch that breaks off is begun again, ever more seldom, and from a list when the server has
/// forgotten where it was; both are reminders too.
pub(super) fn changes(cluster: &Kubernetes) -> impl Stream<Item = ()> + Send + use<> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(watch::<Pod>(cluster.clone(), sender.clone()));
    tokio::spawn(watch::<Deployment>(cluster.clone(), sender.clone()));
    tokio::spawn(watch::<StatefulSet>(cluster.clone(), sender));
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

async fn watch<K: Object + Send + Sync + 'static>(cluster: Kubernetes, reminders: mpsc::Sender<()>) {
    // That something is there says enough: what it is, is looked for.
    let api = kube::Api::<PartialObjectMeta<K>>::namespaced(cluster.0.client.clone(), &cluster.0.namespace);
    let ours = watcher::Config::default().labels(mark::RUNNER);
    let mut changes = std::pin::pin!(watcher(api, ours).default_backoff());
    loop {
        tokio::select! {
            () = reminders.closed() => return,
            change = changes.next() => {
                match change {
                    // One that waits to be taken is as good as another.
                    Some(Ok(_)) => drop(reminders.try_send(())),
                    Some(Err(error)) => debug!("watching: {error}"),
                    None => return,
                }
            }
        }
    }
}
