//! `patr url`.

use std::str::FromStr;

use clap::{ArgGroup, Subcommand};
use patr_models::{
    ids::{DeploymentId, IdError, ManagedUrlId, Ref, RefError, SiteId},
    managed_url::{Host, PathPrefix, PlaceError, WebUrl, create::NewTarget, stats},
};

use super::{ListArgs, url_options::OptionArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Url {
    /// Let a host, or a path below it, lead somewhere
    #[command(
        group(ArgGroup::new("target").required(true)),
        override_usage = "patr url add HOST[/PATH] (--deployment NAME[:PORT] | --site NAME | --proxy URL | --redirect URL) [OPTIONS]",
        after_help = "\
Examples:
  patr url add shop --deployment web                 https://shop.<apps domain>
  patr url add shop/api --deployment api:8080        only what is below /api
  patr url add shop/admin --deployment admin --strip-prefix --allow 192.0.2.0/24
  patr url add news --deployment web --cache --stale-if-error 1h
  patr url add docs --site docs
  patr url add status --proxy https://status.example.net
  patr url add old --redirect https://shop.example.com --permanent

A host without a dot is taken under the installation's apps domain. The longest path wins, by whole \
segments: `/api` takes `/api/v1` and not `/apidocs`."
    )]
    Add {
        /// Such as `shop`, `shop.example.com` or `shop/api`
        #[arg(value_name = "HOST[/PATH]")]
        place: Place,
        #[command(flatten)]
        target: TargetArgs,
        #[command(flatten)]
        options: OptionArgs,
    },
    /// List managed URLs
    List(ListArgs),
    /// Show a managed URL, and what was asked under it
    Show {
        /// Host and path, or id
        #[arg(id = "place", value_name = "HOST[/PATH]")]
        url: UrlRef,
        /// How far back to count requests, in hours
        #[arg(long, value_name = "N", default_value_t = stats::HOURS, value_parser = clap::value_parser!(u16).range(1..=i64::from(stats::HOURS_MAX)))]
        hours: u16,
    },
    /// Change where a managed URL leads, or how requests are treated
    #[command(
        override_usage = "patr url update HOST[/PATH] [--deployment NAME[:PORT] | --site NAME | --proxy URL | --redirect URL] [OPTIONS]",
        after_help = "\
Examples:
  patr url update shop --deployment web-next
  patr url update web-acme --timeout 30s --max-body 10Mi
  patr url update web-acme --unset allow

The URL that a deployment or site got by itself keeps leading there; its options can be changed. \
Requests on their way are answered by the old target. `patr url test` says whether the edge has the \
new one yet."
    )]
    Update {
        /// Host and path, or id
        #[arg(id = "place", value_name = "HOST[/PATH]")]
        url: UrlRef,
        #[command(flatten)]
        target: TargetArgs,
        #[command(flatten)]
        options: OptionArgs,
    },
    /// Remove a managed URL; what it led to stays
    Remove {
        /// Host and path, or id
        #[arg(id = "place", value_name = "HOST[/PATH]")]
        url: UrlRef,
    },
    /// Say what would answer at an address, without asking it
    #[command(after_help = "\
Example:
  patr url test https://shop.example.com/cart")]
    Test {
        /// A whole address, such as `https://shop.example.com/cart`
        #[arg(id = "address", value_name = "URL")]
        url: WebUrl,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Leads to a deployment, at its first http port or at PORT
    #[arg(long, group = "target", value_name = "NAME[:PORT]")]
    deployment: Option<DeploymentPort>,
    /// Leads to a static site
    #[arg(long, group = "target", value_name = "NAME")]
    site: Option<Ref<SiteId>>,
    /// Answers with what another server says
    #[arg(long, group = "target", value_name = "URL")]
    proxy: Option<WebUrl>,
    /// Sends the browser elsewhere, with 307
    #[arg(long, group = "target", value_name = "URL")]
    redirect: Option<WebUrl>,
    /// Redirects with 308, which browsers remember
    #[arg(long, conflicts_with_all = ["deployment", "site", "proxy"])]
    permanent: bool,
}

impl TargetArgs {
    /// The target, if one was named.
    pub(crate) fn target(self) -> Option<NewTarget> {
        let deployment = self
            .deployment
            .map(|DeploymentPort(deployment, port)| NewTarget::Deployment { deployment, port });
        let site = self.site.map(|site| NewTarget::Site { site });
        let proxy = self.proxy.map(|url| NewTarget::Proxy { url });
        let redirect = self.redirect.map(|url| NewTarget::Redirect { url, permanent: self.permanent });
        deployment.or(site).or(proxy).or(redirect)
    }
}

/// `NAME[:PORT]`.
#[derive(Debug, Clone)]
struct DeploymentPort(Ref<DeploymentId>, Option<u16>);

/// `NAME[:PORT]` cannot be read.
#[derive(Debug, thiserror::Error)]
enum DeploymentPortError {
    #[error(transparent)]
    Name(#[from] RefError),
    #[error("`{0}` is not a port: use 1 to 65535")]
    Port(String),
}

impl FromStr for DeploymentPort {
    type Err = DeploymentPortError;

    fn from_str(text: &str) -> Result<Self, DeploymentPortError> {
        let Some((name, port)) = text.split_once(':') else { return Ok(Self(text.parse()?, None)) };
        let number = port.parse().ok().filter(|&port| port != 0);
        let number = number.ok_or_else(|| DeploymentPortError::Port(port.to_owned()))?;
        Ok(Self(name.parse()?, Some(number)))
    }
}

/// `HOST[/PATH]`, perhaps copied with scheme and port from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: Host,
    pub(crate) path: PathPrefix,
}

impl Place {
    /// With a bare label taken under `apps_domain`, whose port belongs to the installation, not to the host.
    pub(crate) fn under(self, apps_domain: &str) -> Result<Self, PlaceError> {
        if self.host.as_str().contains('.') {
            return Ok(self);
        }
        let domain = apps_domain.rsplit_once(':').map_or(apps_domain, |(domain, _)| domain);
        Ok(Self { host: format!("{}.{domain}", self.host).parse()?, path: self.path })
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let (authority, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        let host = authority.split_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let host = host.map_or(authority, |(host, _)| host).parse()?;
        let path = if path.is_empty() { PathPrefix::root() } else { path.parse()? };
        Ok(Self { host, path })
    }
}

/// A managed URL as a person names it.
#[derive(Debug, Clone)]
pub(crate) enum UrlRef {
    Id(ManagedUrlId),
    Place(Place),
}

/// Neither an id nor a place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UrlRefError {
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Place(#[from] PlaceError),
}

impl FromStr for UrlRef {
    type Err = UrlRefError;

    fn from_str(text: &str) -> Result<Self, UrlRefError> {
        // An underscore is in no host, and a path comes after a slash.
        let is_id = text.contains('_') && !text.contains('/');
        if is_id { Ok(Self::Id(text.parse()?)) } else { Ok(Self::Place(text.parse()?)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> String {
        let place: Place = text.parse().unwrap();
        let place = place.under("apps.example.com:8787").unwrap();
        format!("{} {}", place.host, place.path)
    }

    #[test]
    fn a_bare_label_is_taken_under_the_apps_domain() {
        assert_eq!(place("shop"), "shop.apps.example.com /");
        assert_eq!(place("shop/api/"), "shop.apps.example.com /api");
        assert_eq!(place("shop.other.org/a/b"), "shop.other.org /a/b");
    }

    #[test]
    fn an_address_from_a_browser_is_understood() {
        assert_eq!(place("http://shop.localhost:8787/cart"), "shop.localhost /cart");
    }

    #[test]
    fn a_deployment_may_name_its_port() {
        let DeploymentPort(name, port) = "web:8080".parse().unwrap();
        assert_eq!((name.to_string().as_str(), port), ("web", Some(8080)));
        assert!("web:0".parse::<DeploymentPort>().is_err());
        assert!("web:x".parse::<DeploymentPort>().is_err());
    }
}
