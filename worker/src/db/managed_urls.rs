//! Managed URLs and the hosts that they are under.

use patr_models::{
    auth::Scope,
    deployment::Power,
    ids::{DeploymentId, ManagedUrlId, SiteId, WorkspaceId},
    limits::TUNNEL_LANES,
    managed_url::{
        Guard, Host, ManagedUrl, PathPrefix, Route, RouteTarget, Target, TargetKind, UrlOptions, WebUrl,
    },
    name::Name,
    page::ListQuery,
    site::{Access, ManifestHash, VersionNumber},
    time::Millis,
};

use super::{Json, Statement, Text, after, filter, in_scope, page_size, placements, scope, unless_there};
use crate::env::Settings;

/// A managed URL with what its target is called and needs.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: ManagedUrlId,
    pub(crate) host: Host,
    pub(crate) path: PathPrefix,
    pub(crate) kind: TargetKind,
    deployment_id: Option<DeploymentId>,
    deployment_name: Option<Name>,
    /// Of a deployment.
    #[serde(deserialize_with = "placements::in_order")]
    placed: Vec<placements::Row>,
    power: Option<Power>,
    port: Option<u16>,
    site_id: Option<SiteId>,
    site_name: Option<Name>,
    site_running: Option<u8>,
    manifest: Option<ManifestHash>,
    carried: Option<ManifestHash>,
    access: Option<Access>,
    access_generation: Option<u64>,
    url: Option<WebUrl>,
    permanent: u8,
    automatic: u8,
    #[serde(deserialize_with = "super::from_json")]
    pub(crate) options: UrlOptions,
    pub(crate) generation: u64,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl Row {
    pub(crate) fn is_automatic(&self) -> bool {
        self.automatic != 0
    }

    fn target(&self) -> Option<Target> {
        Some(match self.kind {
            TargetKind::Deployment => Target::Deployment {
                deployment: self.deployment_id?,
                deployment_name: self.deployment_name.clone()?,
                port: self.port?,
            },
            TargetKind::Site => Target::Site { site: self.site_id?, site_name: self.site_name.clone()? },
            TargetKind::Proxy => Target::Proxy { url: self.url.clone()? },
            TargetKind::Redirect => {
                Target::Redirect { url: self.url.clone()?, permanent: self.permanent != 0 }
            }
        })
    }

    /// As a route; `None` only for a row that contradicts itself, which the schema rules out.
    pub(crate) fn route(&self) -> Option<Route> {
        let stopped = |what: &str, name: &Option<Name>| {
            let name = name.as_ref().map_or("", Name::as_str);
            RouteTarget::Stopped { what: format!("the {what} `{name}`") }
        };
        let to = match self.kind {
            TargetKind::Deployment if self.power == Some(Power::Stopped) => {
                stopped("deployment", &self.deployment_name)
            }
            TargetKind::Deployment => RouteTarget::Deployment {
                deployment: self.deployment_id?,
                port: self.port?,
                lanes: TUNNEL_LANES,
                runners: placements::shares(&self.placed),
            },
            TargetKind::Site if self.site_running == Some(0) => stopped("site", &self.site_name),
            TargetKind::Site => RouteTarget::Site {
                site: self.site_id?,
                manifest: self.manifest.clone(),
                carried: self.carried.clone(),
                guard: self.guard(),
            },
            TargetKind::Proxy => RouteTarget::Proxy { url: self.url.clone()? },
            TargetKind::Redirect => {
                RouteTarget::Redirect { url: self.url.clone()?, permanent: self.permanent != 0 }
            }
        };
        Some(Route {
            url: self.id,
            generation: self.generation,
            path: self.path.clone(),
            options: self.options.clone(),
            to,
        })
    }

    /// Of a site that is not for everybody.
    fn guard(&self) -> Option<Guard> {
        let access = self.access.filter(|access| *access != Access::Public)?;
        Some(Guard { access, generation: self.access_generation? })
    }

    pub(crate) fn model(&self, settings: &Settings) -> Option<ManagedUrl> {
        let path = if self.path == PathPrefix::root() { "/" } else { self.path.as_str() };
        Some(ManagedUrl {
            id: self.id,
            url: format!("{}{path}", settings.url(self.host.as_str())),
            host: self.host.clone(),
            path: self.path.clone(),
            target: self.target()?,
            options: self.options.clone(),
            automatic: self.is_automatic(),
            generation: self.generation,
            created_at: self.created_at,
        })
    }
}

macro_rules! select {
    ($($rest:tt)+) => {
        concat!(
            "SELECT m.*, d.name AS deployment_name, d.power,
                    s.name AS site_name, s.running AS site_running, s.access,
                    s.access_generation, l.hash AS manifest, c.hash AS carried, ",
            placements::placed!(),
            " FROM managed_urls m
             LEFT JOIN deployments d ON d.id = m.deployment_id
             LEFT JOIN sites s ON s.id = m.site_id
             LEFT JOIN site_versions v ON v.id = coalesce(m.version_id, s.live_id)
             LEFT JOIN blobs l ON l.id = v.manifest_id
             LEFT JOIN blobs c ON c.id = s.carried_id AND m.version_id IS NULL ",
            $($rest)+
        )
    };
}

pub(crate) fn get(workspace: WorkspaceId, id: ManagedUrlId) -> Statement {
    Statement::new(select!("WHERE m.workspace_id = ?1 AND m.id = ?2"), &[&Text(workspace), &Text(id)])
}

pub(crate) fn list(workspace: WorkspaceId, seen: &Scope, query: &ListQuery) -> Statement {
    let (ids, only) = scope(seen);
    Statement::new(
        select!(
            "WHERE m.workspace_id = ?1 AND m.id > ?2 AND instr(m.host, ?3)",
            in_scope!("m.id"),
            "ORDER BY m.id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &ids, &only],
    )
}

pub(crate) fn under_host(host: &Host) -> Statement {
    Statement::new(select!("WHERE m.host = ?1 ORDER BY m.path"), &[&host.as_str()])
}

/// One that people made for a deployment or site.
pub(crate) fn leading_to(id: &dyn std::fmt::Display) -> Statement {
    Statement::new(
        select!("WHERE (m.deployment_id = ?1 OR m.site_id = ?1) AND m.automatic = 0 LIMIT 1"),
        &[&Text(id)],
    )
}

/// What a managed URL leads to, as its columns.
#[derive(Debug, Clone)]
pub(crate) enum To {
    Deployment(DeploymentId, u16),
    Site(SiteId),
    Proxy(WebUrl),
    Redirect(WebUrl, bool),
}

type Columns = (&'static str, Option<String>, Option<u16>, Option<String>, Option<String>, bool);

impl To {
    pub(crate) fn kind(&self) -> TargetKind {
        match self {
            Self::Deployment(..) => TargetKind::Deployment,
            Self::Site(_) => TargetKind::Site,
            Self::Proxy(_) => TargetKind::Proxy,
            Self::Redirect(..) => TargetKind::Redirect,
        }
    }

    fn columns(&self) -> Columns {
        match self {
            Self::Deployment(id, port) => {
                ("deployment", Some(id.to_string()), Some(*port), None, None, false)
            }
            Self::Site(id) => ("site", None, None, Some(id.to_string()), None, false),
            Self::Proxy(url) => ("proxy", None, None, None, Some(url.to_string()), false),
            Self::Redirect(url, permanent) => {
                ("redirect", None, None, None, Some(url.to_string()), *permanent)
            }
        }
    }
}

/// A managed URL to be made.
pub(crate) struct New<'a> {
    pub(crate) id: ManagedUrlId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) host: &'a Host,
    pub(crate) path: &'a PathPrefix,
    pub(crate) to: To,
    pub(crate) options: &'a UrlOptions,
    pub(crate) automatic: bool,
    pub(crate) now: Millis,
}

/// Takes the host for the workspace, or notes the change. A host of another workspace fails the batch: its owner becomes
/// null, which may not be. Revisions begin at the time: a host that was given back and is taken again never repeats one,
/// so a publication that is late cannot be mistaken for a new one.
fn take_host(host: &Host, workspace: WorkspaceId, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO hosts (host, workspace_id, revision) VALUES (?1, ?2, ?3)
         ON CONFLICT (host) DO UPDATE SET
             revision = revision + 1, workspace_id = CASE workspace_id WHEN ?2 THEN ?2 END",
        &[&host.as_str(), &Text(workspace), &now],
    )
}

/// Takes the host, or notes the change, and adds the URL.
pub(crate) fn insert(new: &New<'_>) -> Vec<Statement> {
    let (kind, deployment, port, site, url, permanent) = new.to.columns();
    vec![
        take_host(new.host, new.workspace, new.now),
        Statement::new(
            "INSERT INTO managed_urls (id, workspace_id, host, path, kind, deployment_id, port, site_id, url,
                                       permanent, automatic, options, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            &[
                &Text(new.id),
                &Text(new.workspace),
                &new.host.as_str(),
                &new.path.as_str(),
                &kind,
                &deployment,
                &port,
                &site,
                &url,
                &permanent,
                &new.automatic,
                &Json(new.options),
                &new.now,
            ],
        ),
    ]
}

/// The address of one version of a site, to be made.
pub(crate) struct NewPreview<'a> {
    pub(crate) id: ManagedUrlId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) host: &'a Host,
    pub(crate) site: SiteId,
    pub(crate) version: VersionNumber,
    pub(crate) expires_at: Millis,
    pub(crate) now: Millis,
}

pub(crate) fn insert_preview(new: &NewPreview<'_>) -> Vec<Statement> {
    vec![
        take_host(new.host, new.workspace, new.now),
        Statement::new(
            "INSERT INTO managed_urls (id, workspace_id, host, path, kind, site_id, version_id, automatic, expires_at,
                                       created_at)
             VALUES (?1, ?2, ?3, '/', 'site', ?4, (SELECT id FROM site_versions WHERE site_id = ?4 AND number = ?5),
                     1, ?6, ?7)",
            &[
                &Text(new.id),
                &Text(new.workspace),
                &new.host.as_str(),
                &Text(new.site),
                &new.version,
                &new.expires_at,
                &new.now,
            ],
        ),
    ]
}

/// See [`super::unless_there`].
pub(crate) fn unchanged(id: ManagedUrlId, expected: u64) -> Statement {
    Statement::new(unless_there!("managed_urls", "generation = ?2"), &[&Text(id), &expected])
}

/// Where it leads.
pub(crate) fn update(id: ManagedUrlId, to: &To) -> Statement {
    let (kind, deployment, port, site, url, permanent) = to.columns();
    Statement::new(
        "UPDATE managed_urls SET kind = ?2, deployment_id = ?3, port = ?4, site_id = ?5, url = ?6, permanent = ?7,
                generation = generation + 1
         WHERE id = ?1",
        &[&Text(id), &kind, &deployment, &port, &site, &url, &permanent],
    )
}

/// How requests are treated.
pub(crate) fn set_options(id: ManagedUrlId, options: &UrlOptions) -> Statement {
    Statement::new(
        "UPDATE managed_urls SET options = ?2, generation = generation + 1 WHERE id = ?1",
        &[&Text(id), &Json(options)],
    )
}

/// Moves the automatic URL of a deployment to another port.
pub(crate) fn set_automatic_port(deployment: DeploymentId, port: u16) -> Statement {
    Statement::new(
        "UPDATE managed_urls SET port = ?2, generation = generation + 1 WHERE deployment_id = ?1 AND automatic = 1",
        &[&Text(deployment), &port],
    )
}

pub(crate) fn delete_automatic(deployment: DeploymentId) -> Statement {
    Statement::new(
        "DELETE FROM managed_urls WHERE deployment_id = ?1 AND automatic = 1",
        &[&Text(deployment)],
    )
}

pub(crate) fn delete(id: ManagedUrlId) -> Statement {
    Statement::new("DELETE FROM managed_urls WHERE id = ?1", &[&Text(id)])
}

/// Something below the host has changed.
pub(crate) fn touch(host: &Host) -> Statement {
    Statement::new("UPDATE hosts SET revision = revision + 1 WHERE host = ?1", &[&host.as_str()])
}

/// Something that hosts lead to has changed: a deployment or a site, by id.
pub(crate) fn touch_leading_to(id: &dyn std::fmt::Display) -> Statement {
    Statement::new(
        "UPDATE hosts SET revision = revision + 1
         WHERE host IN (SELECT host FROM managed_urls WHERE deployment_id = ?1 OR site_id = ?1)",
        &[&Text(id)],
    )
}

/// Another version of a site is live. Addresses of one version stay as they are.
pub(crate) fn touch_live(site: SiteId) -> Statement {
    Statement::new(
        "UPDATE hosts SET revision = revision + 1
         WHERE host IN (SELECT host FROM managed_urls WHERE site_id = ?1 AND version_id IS NULL)",
        &[&Text(site)],
    )
}

/// As [`touch`], for the hosts of these.
pub(crate) fn touch_all(ids: &[ManagedUrlId]) -> Statement {
    Statement::new(
        "UPDATE hosts SET revision = revision + 1
         WHERE host IN (SELECT host FROM managed_urls WHERE id IN (SELECT value FROM json_each(?1)))",
        &[&Json(ids)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct HostRow {
    pub(crate) host: Host,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) revision: u64,
    pub(crate) published: u64,
}

pub(crate) fn host(host: &Host) -> Statement {
    Statement::new("SELECT * FROM hosts WHERE host = ?1", &[&host.as_str()])
}

pub(crate) fn unpublished() -> Statement {
    Statement::new("SELECT * FROM hosts WHERE published < revision LIMIT 20", &[])
}

pub(crate) fn set_published(host: &Host, revision: u64) -> Statement {
    Statement::new(
        "UPDATE hosts SET published = max(published, ?2) WHERE host = ?1 AND revision >= ?2",
        &[&host.as_str(), &revision],
    )
}

/// Gives a host back once nothing is under it.
pub(crate) fn release(host: &Host, revision: u64) -> Statement {
    Statement::new(
        "DELETE FROM hosts WHERE host = ?1 AND revision = ?2
         AND NOT EXISTS (SELECT 1 FROM managed_urls WHERE host = ?1)",
        &[&host.as_str(), &revision],
    )
}
