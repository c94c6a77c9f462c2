//! What would answer at an address, as a sentence.

use patr_models::{
    deployment::{Deployment, Status},
    managed_url::{Network, PathPrefix, Route, RouteTarget, Target, UrlOptions, forward_url},
};

/// An address, and what is known of where it leads.
pub(super) struct Asked<'a> {
    pub(super) route: &'a Route,
    /// What the route leads to, by name.
    pub(super) target: &'a Target,
    /// As it is now, when that is what the route leads to.
    pub(super) deployment: Option<&'a Deployment>,
    /// Below the path of the managed URL.
    pub(super) rest: &'a str,
    pub(super) query: Option<&'a str>,
}

impl Asked<'_> {
    /// The sentence, and where a redirect or a proxy would go on.
    pub(super) fn explain(&self) -> (String, Option<String>) {
        let (what, forwards_to) = self.what();
        let sentence = [vec![what], self.treated(), self.deployment.map(state).into_iter().collect()];
        (sentence.concat().join(", "), forwards_to)
    }

    fn what(&self) -> (String, Option<String>) {
        let Self { rest, query, .. } = *self;
        match &self.route.to {
            RouteTarget::Deployment { port, .. } => {
                (format!("port {port} of the deployment `{}` would answer", self.name()), None)
            }
            RouteTarget::Site { manifest: None, .. } => {
                ("a site without a version would answer 404".to_owned(), None)
            }
            RouteTarget::Site { .. } => {
                let rest = if rest.is_empty() { "/" } else { rest };
                (format!("the site `{}` would answer for `{rest}`", self.name()), None)
            }
            RouteTarget::Proxy { url } => {
                ("a proxy would answer".to_owned(), Some(forward_url(url, rest, query)))
            }
            RouteTarget::Redirect { url, permanent } => {
                let status = if *permanent { 308 } else { 307 };
                (format!("a redirect would answer {status}"), Some(forward_url(url, rest, query)))
            }
            RouteTarget::Stopped { what } => (format!("{what} is stopped: it would answer 503"), None),
        }
    }

    fn name(&self) -> &str {
        match self.target {
            Target::Deployment { deployment_name, .. } => deployment_name.as_str(),
            Target::Site { site_name, .. } => site_name.as_str(),
            Target::Proxy { url } | Target::Redirect { url, .. } => url.as_str(),
        }
    }

    /// What the options do.
    fn treated(&self) -> Vec<String> {
        let UrlOptions {
            strip_prefix,
            host_header,
            allow,
            max_body_bytes,
            timeout_s,
            cache,
            stale_if_error_s,
        } = &self.route.options;
        let path = &self.route.path;
        let parts = [
            (!allow.is_empty()).then(|| format!("for clients of {} only", list(allow))),
            (*strip_prefix && *path != PathPrefix::root()).then(|| format!("without `{path}`")),
            self.whole_path().then(|| "with the whole path".to_owned()),
            host_header.as_ref().map(|host| format!("as the host `{host}`")),
            max_body_bytes.map(|bytes| format!("with a body of at most {bytes} bytes")),
            timeout_s.map(|seconds| format!("within {seconds} s")),
            cache.then(|| "or what is kept of its answers".to_owned()),
            stale_if_error_s.map(|seconds| format!("even {seconds} s after that went stale if it cannot")),
        ];
        parts.into_iter().flatten().collect()
    }

    fn whole_path(&self) -> bool {
        matches!(self.route.to, RouteTarget::Deployment { .. })
            && !self.route.options.strip_prefix
            && self.route.path != PathPrefix::root()
    }
}

fn list(networks: &[Network]) -> String {
    networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// Whether it serves now.
fn state(deployment: &Deployment) -> String {
    let names: Vec<_> = deployment.runners.iter().map(|placed| format!("`{}`", placed.name)).collect();
    let on = format!("on the runner{} {}", if names.len() == 1 { "" } else { "s" }, names.join(" and "));
    match &deployment.status {
        Status::Live { ready } => format!("{ready} of {ready} replicas serve {on}"),
        Status::Degraded { ready, wanted, .. } => format!("{ready} of {wanted} replicas serve {on}"),
        Status::RollingOut { ready, wanted, .. } => {
            format!("a rollout is on its way {on}: {ready} of {wanted} replicas are ready")
        }
        Status::Failed { serving: Some(release), .. } => {
            format!("the newest release failed {on} and release {release} serves")
        }
        Status::Failed { failure, serving: None } => format!("nothing serves {on}: {}", failure.message),
        Status::Idle => format!("the request would start a replica {on}"),
        Status::Stopped => "it is stopped".to_owned(),
        Status::Waiting { reason } => format!("nothing serves yet {on}: {reason}"),
        Status::Unknown { since } => format!("what runs {on} is unknown since {since}"),
    }
}
