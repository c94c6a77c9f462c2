//! The cluster's authority, a certificate for everybody who speaks to the API, and their kubeconfigs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde_json::json;

use super::layout::{API, API_SERVICE, Layout, NODE, NODE_ADDRESS};
use crate::edge::write_private;
use crate::sh;

/// Who it is for, and its name and group, which are what RBAC goes by.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("admin", "admin", "system:masters"),
    // The API server, when it asks the kubelet for logs or an exec.
    ("kube-apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
    ("kube-controller-manager", "system:kube-controller-manager", ""),
    ("kube-scheduler", "system:kube-scheduler", ""),
    ("kube-proxy", "system:kube-proxy", ""),
    ("kubelet", "system:node:patr", "system:nodes"),
];

/// # Errors
/// `openssl` failed.
pub(super) fn make(layout: &Layout) -> anyhow::Result<()> {
    authority(layout)?;
    // Tokens of service accounts are signed with it.
    sh::quietly(
        Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"])
            .arg(layout.key("service-accounts")),
    )?;
    let names = "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,\
                 DNS:kubernetes.default.svc.cluster.local,DNS:localhost";
    let names = format!("{names},IP:127.0.0.1,IP:{API_SERVICE},IP:{NODE_ADDRESS}");
    issue(layout, "kube-apiserver", &subject("kube-apiserver", ""), &names)?;
    for (name, user, group) in CLIENTS {
        // The kubelet is a server, too.
        issue(layout, name, &subject(user, group), &format!("DNS:{NODE},IP:{NODE_ADDRESS}"))?;
        write_private(&layout.kubeconfig(name), &kubeconfig(layout, name))?;
    }
    Ok(())
}

fn subject(name: &str, group: &str) -> String {
    let group = if group.is_empty() { String::new() } else { format!("O = {group}\n") };
    format!("{group}CN = {name}")
}

fn authority(layout: &Layout) -> anyhow::Result<()> {
    let extensions = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, digitalSignature\n\
                      subjectKeyIdentifier = hash";
    request(layout, "ca", &subject("patr-cluster", ""), extensions, &[])
}

fn issue(layout: &Layout, name: &str, subject: &str, names: &str) -> anyhow::Result<()> {
    let extensions = format!(
        "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n\
         extendedKeyUsage = serverAuth, clientAuth\nsubjectAltName = {names}"
    );
    let (certificate, key) = (layout.certificate("ca"), layout.key("ca"));
    let signer = [Path::new("-CA"), &certificate, Path::new("-CAkey"), &key];
    request(layout, name, subject, &extensions, &signer)
}

/// A new key, and a certificate for it. The file says everything: what the system's configuration adds is unknown.
fn request(
    layout: &Layout,
    name: &str,
    subject: &str,
    extensions: &str,
    signer: &[&Path],
) -> anyhow::Result<()> {
    let file = layout.pki().join(format!("{name}.cnf"));
    let text = format!(
        "[req]\nprompt = no\ndistinguished_name = subject\nx509_extensions = extensions\n\
         [subject]\n{subject}\n[extensions]\n{extensions}\n"
    );
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    sh::quietly(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"])
            .args(["-days", "3650", "-config"])
            .arg(&file)
            .arg("-keyout")
            .arg(layout.key(name))
            .arg("-out")
            .arg(layout.certificate(name))
            .args(signer),
    )
}

fn kubeconfig(layout: &Layout, name: &str) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "patr",
            "cluster": { "server": API, "certificate-authority": layout.certificate("ca") },
        }],
        "users": [{
            "name": name,
            "user": { "client-certificate": layout.certificate(name), "client-key": layout.key(name) },
        }],
        "contexts": [{ "name": "patr", "context": { "cluster": "patr", "user": name } }],
        "current-context": "patr",
    });
    format!("{config:#}\n")
}
