//! Who may call an endpoint, as types.
//!
//! An endpoint names one of these in its declaration. There is no default: an endpoint without one does not
//! compile, and the server derives its check from nothing else.

mod access;
pub mod secret;

pub use access::{Access, Grant, Scope};

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
    ($($(#[$type_doc:meta])* $type:ident = $type_text:literal { $($(#[$doc:meta])* $name:ident = $text:literal;)* })*) => {
        /// What permissions are about. The path of an endpoint names the one that it is about by this name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub enum ResourceType {
            $($(#[$type_doc])* $type,)*
        }

        impl ResourceType {
            pub const ALL: &[Self] = &[$(Self::$type,)*];

            /// As in paths and in the names of permissions.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$type => $type_text,)*
                }
            }
        }

        /// What a member may be allowed to do. Each endpoint with [`Member`] declares exactly one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub enum Permission {
            $($($(#[$doc])* $name,)*)*
        }

        impl Permission {
            /// Every permission, in the order of the list.
            pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

            /// The stable name, `noun:verb`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$name => concat!($type_text, ":", $text),)*)*
                }
            }

            /// What it is about.
            pub fn resource_type(self) -> ResourceType {
                match self {
                    $($(Self::$name => ResourceType::$type,)*)*
                }
            }
        }
    };
}

permissions! {
    /// The workspace itself.
    Workspace = "workspace" {
        WorkspaceView = "view";
        WorkspaceEdit = "edit";
        WorkspaceDelete = "delete";
    }
    /// People in the workspace, and invitations to it.
    Member = "member" {
        MemberView = "view";
        MemberInvite = "invite";
        /// Say which roles somebody has.
        MemberEdit = "edit";
        MemberRemove = "remove";
    }
    Role = "role" {
        RoleView = "view";
        RoleCreate = "create";
        RoleEdit = "edit";
        RoleDelete = "delete";
    }
    Runner = "runner" {
        RunnerView = "view";
        RunnerCreate = "create";
        RunnerEdit = "edit";
        /// Replace the secret with which a machine joins.
        RunnerRotateToken = "rotate-token";
        RunnerDelete = "delete";
    }
    Deployment = "deployment" {
        DeploymentView = "view";
        DeploymentCreate = "create";
        DeploymentEdit = "edit";
        DeploymentDelete = "delete";
        DeploymentLogs = "logs";
        /// Run commands in its replicas.
        DeploymentExec = "exec";
        /// Connect to ports of its replicas.
        DeploymentConnect = "connect";
    }
    Secret = "secret" {
        /// See that a secret exists, and use it in a deployment; nobody can read its value.
        SecretView = "view";
        SecretEdit = "edit";
        SecretDelete = "delete";
    }
    Volume = "volume" {
        VolumeView = "view";
        VolumeCreate = "create";
        /// Make and restore snapshots.
        VolumeEdit = "edit";
        /// Take what is in it.
        VolumeRead = "read";
        VolumeDelete = "delete";
    }
    Site = "site" {
        SiteView = "view";
        SiteCreate = "create";
        /// Say who may see it.
        SiteEdit = "edit";
        /// Upload versions and choose the live one.
        SiteDeploy = "deploy";
        SiteDelete = "delete";
    }
    /// A managed URL.
    Url = "url" {
        UrlView = "view";
        UrlCreate = "create";
        UrlEdit = "edit";
        UrlDelete = "delete";
    }
    /// The audit log.
    Audit = "audit" {
        AuditView = "view";
    }
}

impl ResourceType {
    /// What somebody needs to know of one at all.
    pub fn view(self) -> Permission {
        match self {
            Self::Workspace => Permission::WorkspaceView,
            Self::Member => Permission::MemberView,
            Self::Role => Permission::RoleView,
            Self::Runner => Permission::RunnerView,
            Self::Deployment => Permission::DeploymentView,
            Self::Secret => Permission::SecretView,
            Self::Volume => Permission::VolumeView,
            Self::Site => Permission::SiteView,
            Self::Url => Permission::UrlView,
            Self::Audit => Permission::AuditView,
        }
    }

    /// As in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Url => "managed URL",
            Self::Audit => "audit log",
            other => other.as_str(),
        }
    }
}

impl Permission {
    /// Whether it can be given for single resources, and not only for all of the type: those that have a name of their
    /// own in paths, and are there before somebody is allowed something about them.
    pub fn is_per_resource(self) -> bool {
        use ResourceType::{Deployment, Runner, Secret, Site, Url, Volume};
        matches!(self.resource_type(), Runner | Deployment | Secret | Volume | Site | Url)
            && !self.as_str().ends_with(":create")
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No permission is called this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a permission")]
pub struct PermissionError(String);

impl std::str::FromStr for Permission {
    type Err = PermissionError;
    fn from_str(text: &str) -> Result<Self, PermissionError> {
        let found = Self::ALL.iter().find(|permission| permission.as_str() == text);
        found.copied().ok_or_else(|| PermissionError(text.chars().take(64).collect()))
    }
}

impl TryFrom<String> for Permission {
    type Error = PermissionError;
    fn try_from(text: String) -> Result<Self, PermissionError> {
        text.parse()
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.as_str().to_owned()
    }
}

/// Nothing that permissions are about is called this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of resource")]
pub struct ResourceTypeError(String);

impl TryFrom<String> for ResourceType {
    type Error = ResourceTypeError;
    fn try_from(text: String) -> Result<Self, ResourceTypeError> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| ResourceTypeError(text.chars().take(64).collect()))
    }
}

impl From<ResourceType> for String {
    fn from(kind: ResourceType) -> Self {
        kind.as_str().to_owned()
    }
}

impl schemars::JsonSchema for ResourceType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ResourceType".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

impl schemars::JsonSchema for Permission {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Permission".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|permission| permission.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// What begins every secret that Patr hands out, so that a scanner recognises one in a commit.
pub mod prefix {
    /// A login of a person.
    pub const SESSION: &str = "patr_s_";
    /// An API token of a person.
    pub const TOKEN: &str = "patr_t_";
    /// A runner's token.
    pub const RUNNER: &str = "patr_r_";
    /// What opens an invitation to a workspace.
    pub const INVITATION: &str = "patr_i_";
    /// What a person is sent to prove an address, or to choose a new password.
    pub const MAILED: &str = "patr_m_";
    /// What a person is let in with who is out of other ways.
    pub const RECOVERY: &str = "patr_c_";
    /// An access token of a client that a person has let act for it (OAuth).
    pub const ACCESS: &str = "patr_a_";
    /// What such a client gets a new access token with.
    pub const REFRESH: &str = "patr_f_";
    /// What a device asks with whether somebody has let it in.
    pub const DEVICE: &str = "patr_d_";
    /// What such a client gets its first tokens with.
    pub const CODE: &str = "patr_o_";
    /// What such a client proves itself with.
    pub const CLIENT: &str = "patr_k_";

    /// All of them.
    pub const ALL: [&str; 11] =
        [SESSION, TOKEN, RUNNER, INVITATION, MAILED, RECOVERY, ACCESS, REFRESH, DEVICE, CODE, CLIENT];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_viewed_by_a_permission_about_it() {
        for &kind in ResourceType::ALL {
            assert_eq!(kind.view().as_str(), format!("{}:view", kind.as_str()));
        }
    }

    #[test]
    fn what_is_made_anew_and_what_has_no_name_is_given_for_all_only() {
        use Permission as P;
        for whole in [P::SiteCreate, P::MemberView, P::RoleEdit, P::WorkspaceEdit, P::AuditView] {
            assert!(!whole.is_per_resource(), "{whole:?}");
        }
        for single in [P::SiteView, P::UrlEdit, P::SecretDelete, P::DeploymentExec, P::VolumeRead] {
            assert!(single.is_per_resource(), "{single:?}");
        }
    }
}
