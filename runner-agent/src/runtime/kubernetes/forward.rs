//! Ports of pods on this machine's loopback, for an agent that is not in its cluster: each connection is carried by the API
//! server.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::Ipv4Addr,
};

use k8s_openapi::api::core::v1::Pod;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::AbortHandle,
};
use tracing::{debug, warn};

use super::Kubernetes;

/// The ports of one pod. They close with this.
struct Forward {
    ports: BTreeMap<u16, u16>,
    listening: Vec<AbortHandle>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.listening.iter().for_each(AbortHandle::abort);
    }
}

/// By the name of the pod; names are not given twice.
#[derive(Default)]
pub(super) struct Forwards(Mutex<HashMap<String, Forward>>);

impl Forwards {
    /// Where the ports of a pod are, which are opened if they are not.
    pub(super) async fn to(&self, cluster: &Kubernetes, pod: &Pod) -> BTreeMap<u16, u16> {
        let name = pod.metadata.name.clone().unwrap_or_default();
        let mut all = self.0.lock().await;
        if let Some(known) = all.get(&name) {
            return known.ports.clone();
        }
        let mut forward = Forward { ports: BTreeMap::new(), listening: Vec::new() };
        for port in ports(pod) {
            match open(cluster, &name, port).await {
                Ok((here, listening)) => {
                    forward.ports.insert(port, here);
                    forward.listening.push(listening);
                }
                Err(error) => warn!("a port for {name}:{port}: {error}"),
            }
        }
        let ports = forward.ports.clone();
        all.insert(name, forward);
        ports
    }

    /// Closes the ports of pods that are gone.
    pub(super) async fn retain(&self, pods: &[Pod]) {
        let here: HashSet<&str> = pods.iter().filter_map(|pod| pod.metadata.name.as_deref()).collect();
        self.0.lock().await.retain(|name, _| here.contains(name.as_str()));
    }
}

fn ports(pod: &Pod) -> Vec<u16> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let declared = containers.flat_map(|one| one.ports.iter().flatten());
    let tcp = declared.filter(|port| port.protocol.as_deref() != Some("UDP"));
    tcp.filter_map(|port| u16::try_from(port.container_port).ok()).collect()
}

async fn open(cluster: &Kubernetes, pod: &str, port: u16) -> std::io::Result<(u16, AbortHandle)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let here = listener.local_addr()?.port();
    let (cluster, pod) = (cluster.clone(), pod.to_owned());
    let listening = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(carry(cluster.clone(), pod.clone(), port, stream));
        }
    });
    Ok((here, listening.abort_handle()))
}

async fn carry(cluster: Kubernetes, pod: String, port: u16, mut here: TcpStream) {
    let opened = cluster.api::<Pod>().portforward(&pod, &[port]).await;
    let mut forwarder = match opened {
        Ok(forwarder) => forwarder,
        Err(error) => return debug!("{pod}:{port}: {error}"),
    };
    let Some(mut there) = forwarder.take_stream(port) else { return };
    // Either end may leave; that is no error of ours.
    let _ = copy_bidirectional(&mut here, &mut there).await;
}
