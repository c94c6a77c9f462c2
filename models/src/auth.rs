//! Who may call an endpoint, as types.
//!
//! An endpoint names one of these in its declaration. There is no default: an endpoint without one does not
//! compile, and the server derives its check from nothing else.

/// How a caller proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthKind {
    /// Nobody is asked.
    NoAuth,
    /// A person: a session or an API token of a user.
    User,
    /// A person who is a member of the workspace in the path and holds the declared permission there.
    Member,
    /// A runner, by its token.
    Runner,
    /// The other Worker script, over a service binding, by the installation's internal secret.
    Internal,
}

/// An authentication scheme, as a type that an endpoint names.
pub trait Auth: 'static {
    const KIND: AuthKind;
}

/// Anyone may call.
pub enum NoAuth {}
/// Any person with an account.
pub enum User {}
/// A member of the workspace in the path, with the declared [`Permission`].
pub enum Member {}
/// The runner whose token it is.
pub enum Runner {}
/// Only our own scripts.
pub enum Internal {}

impl Auth for NoAuth {
    const KIND: AuthKind = AuthKind::NoAuth;
}
impl Auth for User {
    const KIND: AuthKind = AuthKind::User;
}
impl Auth for Member {
    const KIND: AuthKind = AuthKind::Member;
}
impl Auth for Runner {
    const KIND: AuthKind = AuthKind::Runner;
}
impl Auth for Internal {
    const KIND: AuthKind = AuthKind::Internal;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What a member may be allowed to do. Each endpoint with [`Member`] declares exactly one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            /// Every permission, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name, `noun:verb`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

permissions! {
    WorkspaceView = "workspace:view";
    WorkspaceEdit = "workspace:edit";
    WorkspaceDelete = "workspace:delete";
    RunnerView = "runner:view";
    RunnerCreate = "runner:create";
    RunnerEdit = "runner:edit";
    /// Replace the secret with which a machine joins.
    RunnerRotateToken = "runner:rotate-token";
    RunnerDelete = "runner:delete";
    DeploymentView = "deployment:view";
    DeploymentCreate = "deployment:create";
    DeploymentEdit = "deployment:edit";
    DeploymentDelete = "deployment:delete";
    DeploymentLogs = "deployment:logs";
    /// Run commands in its replicas.
    DeploymentExec = "deployment:exec";
    /// Connect to ports of its replicas.
    DeploymentConnect = "deployment:connect";
    /// See that a secret exists; nobody can read its value.
    SecretView = "secret:view";
    SecretEdit = "secret:edit";
    SecretDelete = "secret:delete";
    VolumeView = "volume:view";
    VolumeCreate = "volume:create";
    /// Make and restore snapshots.
    VolumeEdit = "volume:edit";
    /// Take what is in it.
    VolumeRead = "volume:read";
    VolumeDelete = "volume:delete";
    SiteView = "site:view";
    SiteCreate = "site:create";
    /// Say who may see it.
    SiteEdit = "site:edit";
    /// Upload versions and choose the live one.
    SiteDeploy = "site:deploy";
    SiteDelete = "site:delete";
    UrlView = "url:view";
    UrlCreate = "url:create";
    UrlEdit = "url:edit";
    UrlDelete = "url:delete";
    AuditView = "audit:view";
}

/// What begins every secret that Patr hands out, so that a scanner recognises one in a commit.
pub mod prefix {
    /// A login of a person.
    pub const SESSION: &str = "patr_s_";
    /// An API token of a person.
    pub const TOKEN: &str = "patr_t_";
    /// A runner's token.
    pub const RUNNER: &str = "patr_r_";
}
