//! How much a workspace may have.

pub mod usage;

macro_rules! quotas {
    ($($(#[$doc:meta])* $name:ident = $text:literal $noun:literal;)*) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Quota {
            $($(#[$doc])* $name,)*
        }

        impl Quota {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As in JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// In a sentence, after a number.
            pub fn noun(self) -> &'static str {
                match self {
                    $(Self::$name => $noun,)*
                }
            }
        }
    };
}

quotas! {
    Runners = "runners" "runners";
    Deployments = "deployments" "deployments";
    /// Of all deployments, on all of their runners; of one that scales by itself the most that it may have.
    Replicas = "replicas" "replicas";
    Sites = "sites" "sites";
    /// What is stored of all sites, once however many versions have it.
    SiteBytes = "site_bytes" "bytes of sites";
    Volumes = "volumes" "volumes";
    Secrets = "secrets" "secrets";
    /// Automatic ones too; not those of previews.
    Urls = "urls" "managed URLs";
    Members = "members" "members";
}

/// How much there is of something, and how much there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Usage {
    pub quota: Quota,
    pub used: u64,
    /// Absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}
