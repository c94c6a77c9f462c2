//! What objects carry, so that nothing else must be remembered. Labels are for what is selected by, annotations for the rest.

use std::collections::BTreeMap;

use patr_models::{deployment::spec::Strategy, wire::DesiredDeployment};

use crate::runtime::NewReplica;

/// Who owns the fields that we set, for server-side apply.
pub(crate) const MANAGER: &str = "patr-runner";

pub(super) const RUNNER: &str = "patr.cloud/runner";
pub(super) const WORKSPACE: &str = "patr.cloud/workspace";
pub(super) const DEPLOYMENT: &str = "patr.cloud/deployment";
pub(super) const RELEASE: &str = "patr.cloud/release";
pub(super) const GENERATION: &str = "patr.cloud/generation";
/// The id of a replica, on all that belongs to it.
pub(super) const REPLICA: &str = "patr.cloud/replica";
/// Of its specification.
pub(super) const SPEC: &str = "patr.cloud/spec-hash";
/// Of claims.
pub(super) const VOLUME: &str = "patr.cloud/volume";
/// Of pods that only find out what an image is.
pub(super) const PULL: &str = "patr.cloud/pull";
/// Of pods that only hold volumes.
pub(super) const CARRIER: &str = "patr.cloud/carrier";
/// Of claims that are copies of others: which one they are, and of which volume.
pub(super) const SNAPSHOT: &str = "patr.cloud/snapshot";
pub(super) const SNAPSHOT_OF: &str = "patr.cloud/snapshot-of";

pub(super) const DIGEST: &str = "patr.cloud/digest";
pub(super) const PROBE: &str = "patr.cloud/probe";
pub(super) const HTTP_PORT: &str = "patr.cloud/http-port";
pub(super) const PROVEN: &str = "patr.cloud/proven";
/// Its release takes over from the one before all at once.
pub(super) const AT_ONCE: &str = "patr.cloud/at-once";
/// Of claims: whom the files in it are for, as `1000:1000`. That is who runs the replicas that write to it.
pub(super) const USER: &str = "patr.cloud/user";
pub(super) const VOLUME_NAME: &str = "patr.cloud/volume-name";
/// The user's labels that Kubernetes does not take for labels, as JSON.
pub(super) const LABELS: &str = "patr.cloud/labels";

pub(super) type Pairs = BTreeMap<String, String>;

/// The labels of whatever a runner makes.
pub(super) fn ours(runner: &str) -> Pairs {
    pairs([("app.kubernetes.io/managed-by", MANAGER), (RUNNER, runner)])
}

/// The labels of what a deployment has one of.
pub(super) fn of_deployment(desired: &DesiredDeployment, runner: &str) -> Pairs {
    let mut labels = ours(runner);
    labels.extend(pairs([
        ("app.kubernetes.io/name", desired.name.as_str()),
        (WORKSPACE, &desired.workspace.to_string()),
        (DEPLOYMENT, &desired.id.to_string()),
    ]));
    labels
}

/// The labels of what each replica has.
pub(super) fn of_replica(new: &NewReplica, id: &str, runner: &str) -> Pairs {
    let desired = &new.desired;
    let mut labels = of_deployment(desired, runner);
    labels.extend(pairs([
        (REPLICA, id),
        (SPEC, &new.hash),
        (RELEASE, &desired.release.to_string()),
        (GENERATION, &desired.generation.to_string()),
    ]));
    labels
}

/// What a replica is, for who finds it later.
pub(super) fn about(new: &NewReplica) -> Pairs {
    let spec = &new.desired.spec;
    let mut about = pairs([(DIGEST, new.digest.as_str())]);
    // Plain data: it cannot fail to serialise.
    let probe = spec.effective_probe().and_then(|probe| serde_json::to_string(&probe).ok());
    about.extend(probe.map(|probe| (PROBE.to_owned(), probe)));
    about.extend(spec.first_http_port().map(|port| (HTTP_PORT.to_owned(), port.to_string())));
    if spec.strategy() == Strategy::BlueGreen {
        about.extend(pairs([(AT_ONCE, "true")]));
    }
    about
}

/// The user's own labels: those that Kubernetes takes, and all others in one annotation.
pub(super) fn of_user(labels: &Pairs) -> (Pairs, Pairs) {
    let (fit, others): (Pairs, Pairs) =
        labels.clone().into_iter().partition(|(name, value)| is_key(name) && is_value(value));
    let others = serde_json::to_string(&others).ok().filter(|_| !others.is_empty());
    (fit, others.map(|others| (LABELS.to_owned(), others)).into_iter().collect())
}

pub(super) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Pairs {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A selector of labels, as in a query string.
pub(super) fn selector(label: &str, value: &str) -> String {
    format!("{label}={value}")
}

/// Kubernetes' own domains and ours are nobody else's to set.
fn is_key(name: &str) -> bool {
    let (domain, name) = name.split_once('/').map_or((None, name), |(domain, name)| (Some(domain), name));
    let reserved = |domain: &str| {
        ["kubernetes.io", "k8s.io", "patr.cloud"]
            .iter()
            .any(|ours| domain.strip_suffix(ours).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    };
    let fine = |domain: &str| domain.len() <= 253 && domain.split('.').all(is_dns_label) && !reserved(domain);
    !name.is_empty() && is_value(name) && domain.is_none_or(fine)
}

fn is_value(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = [value.bytes().next(), value.bytes().last()];
    value.len() <= 63
        && value.bytes().all(plain)
        && ends.into_iter().flatten().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_dns_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_kubernetes_takes_are_labels_and_the_others_are_not_lost() {
        let labels = pairs([
            ("team", "shop"),
            ("example.com/tier", "front"),
            ("app.kubernetes.io/name", "theirs"),
            ("patr.cloud/runner", "theirs"),
            ("note", "two words"),
            ("odd:key", "x"),
            ("-a", "x"),
        ]);
        let (fit, others) = of_user(&labels);
        assert_eq!(fit, pairs([("team", "shop"), ("example.com/tier", "front")]));
        let others: Pairs = serde_json::from_str(&others[LABELS]).unwrap();
        assert_eq!(others.len(), labels.len() - fit.len());
        assert_eq!(of_user(&fit).1, Pairs::new());
    }
}
