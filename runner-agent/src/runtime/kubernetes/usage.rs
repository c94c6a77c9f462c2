//! What pods use, where the cluster measures it (metrics.k8s.io).

use std::collections::HashMap;

use patr_models::{deployment::FailureKind, time::Millis};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Fault, Kubernetes, Totals, failure, refused};
use crate::runtime::moment;

const DOING: &str = "measuring its pod";

/// What was said of pods so far, by their names: a cluster says how much processor is used, and not how much was.
#[derive(Debug, Default)]
pub(super) struct Measured(Mutex<HashMap<String, Totals>>);

#[derive(Debug, Deserialize)]
struct PodMetrics {
    timestamp: String,
    containers: Vec<ContainerMetrics>,
}

#[derive(Debug, Deserialize)]
struct ContainerMetrics {
    usage: Usage,
}

#[derive(Debug, Deserialize)]
struct Usage {
    cpu: String,
    memory: String,
}

pub(super) async fn usage(cluster: &Kubernetes, id: &str) -> Result<Totals, Fault> {
    let pod = cluster.pod_of(id, DOING).await?.metadata.name.unwrap_or_default();
    let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods/{pod}", cluster.0.namespace);
    let request = http::Request::get(path).body(Vec::new());
    let request = request.map_err(|error| failure(FailureKind::Runtime, format!("{DOING}: {error}")))?;
    let metrics: PodMetrics =
        cluster.0.client.request(request).await.map_err(|error| refused(DOING, &error))?;
    let mut measured = cluster.0.measured.0.lock().await;
    let totals = totals(measured.get(&pod), &metrics);
    let totals = totals.ok_or_else(|| failure(FailureKind::Runtime, format!("{DOING}: it says nothing")))?;
    // Pods are many over time, and each is asked about every minute at most: what was not is gone.
    measured.retain(|_, last| totals.at.since(last.at).as_secs() < 600);
    measured.insert(pod, totals);
    Ok(totals)
}

/// As much processor as before, and what was used since then at the rate that is said now.
fn totals(last: Option<&Totals>, metrics: &PodMetrics) -> Option<Totals> {
    let at: Millis = moment(&metrics.timestamp)?;
    let sum = |of: fn(&Usage) -> &str| -> Option<f64> {
        metrics.containers.iter().map(|container| quantity(of(&container.usage))).sum()
    };
    let (cores, memory) = (sum(|usage| &usage.cpu)?, sum(|usage| &usage.memory)?);
    let since = last.map_or(0.0, |last| at.since(last.at).as_secs_f64());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "quantities are not negative"
    )]
    let (used, memory) = ((cores * since * 1e9) as u64, memory as u64);
    Some(Totals {
        at,
        cpu_ns: last.map_or(0, |last| last.cpu_ns) + used,
        memory_bytes: memory,
        received_bytes: 0,
        sent_bytes: 0,
        read_bytes: 0,
        written_bytes: 0,
    })
}

/// A quantity of Kubernetes, as `250m`, `12345n`, `64Mi` or `1e3`.
fn quantity(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 12] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("", 1.0),
    ];
    let numbers = SUFFIXES.iter().filter_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)));
    let mut parsed = numbers.filter_map(|(number, factor)| Some(number.parse::<f64>().ok()? * factor));
    parsed.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(at: &str, cpu: &str, memory: &str) -> PodMetrics {
        let usage = serde_json::json!({ "cpu": cpu, "memory": memory });
        let metrics =
            serde_json::json!({ "timestamp": at, "containers": [{ "name": "app", "usage": usage }] });
        serde_json::from_value(metrics).unwrap()
    }

    #[test]
    fn processor_time_adds_up_from_rates() {
        let first = totals(None, &metrics("2026-01-31T12:00:00Z", "500m", "64Mi")).unwrap();
        assert_eq!((first.cpu_ns, first.memory_bytes), (0, 64 << 20));
        let next = totals(Some(&first), &metrics("2026-01-31T12:00:10Z", "250000000n", "1Ki")).unwrap();
        assert_eq!((next.cpu_ns, next.memory_bytes), (2_500_000_000, 1024));
    }

    #[test]
    fn what_is_no_quantity_is_no_measurement() {
        assert_eq!(quantity("1e3"), Some(1000.0));
        assert_eq!(quantity("many"), None);
        assert_eq!(totals(None, &metrics("2026-01-31T12:00:00Z", "x", "1Ki")), None);
    }
}
