//! What a tab is told while it is open: which resources have changed, and never what they are. It reads them again as it
//! read them first, so that what it shows has gone through the same checks.
//!
//! The messages are JSON text, a [`ToTab`] each. A tab says nothing but [`PING`](crate::wire::PING), every
//! [`PING_EVERY_S`](crate::wire::PING_EVERY_S) seconds and not before the [`PONG`](crate::wire::PONG) to the one before
//! has come: so a heartbeat also says that the tab keeps up with what it is told. Fields and kinds may be added; a tab that
//! cannot read a message takes it for [`ToTab::Connected`].

pub mod follow;

use crate::{
    auth::{Access, ResourceType},
    time::Millis,
};

/// How long a tab may be silent before it is taken for dead, in seconds: three heartbeats.
pub const SILENCE_S: u64 = 60;

/// How long a connection lasts at most, in seconds. Then it is made anew, and with it what may be heard: should the word be
/// lost that somebody may do less, it counts after this time all the same.
pub const LIFE_S: u64 = 15 * 60;

/// Codes with which the edge closes the connection (RFC 6455, 7.4.2: 4000–4999 are ours).
pub mod close {
    /// What the caller may do has changed, or the connection has served its time. Connect again, at once.
    pub const RENEW: u16 = 4005;
    /// Nothing was heard for [`SILENCE_S`](super::SILENCE_S). Connect again, at once.
    pub const SILENT: u16 = 4006;
}

/// To a tab.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToTab {
    /// The first message. Every change from here on is told; what was read before is to be read again.
    Connected { now: Millis },
    /// These are to be read again. A resource is named once, however often it has changed.
    Changed { now: Millis, resources: Vec<Changed> },
}

/// What has changed: come, gone, or become another.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
pub struct Changed {
    pub kind: ResourceType,
    /// What scopes of permissions know it by: its id, or the name of a secret. When absent it may be any of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Changed {
    /// One resource.
    pub fn one(kind: ResourceType, id: impl ToString) -> Self {
        Self { kind, id: Some(id.to_string()) }
    }

    /// Any of a kind.
    pub fn any(kind: ResourceType) -> Self {
        Self { kind, id: None }
    }

    /// Whether somebody with this access may know of it.
    pub fn is_seen_by(&self, access: &Access) -> bool {
        let view = self.kind.view();
        match &self.id {
            Some(id) => access.allows_on(view, id),
            None => access.allows(view),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Grant, Permission, Scope};

    #[test]
    fn a_message_stays_as_it_is_on_the_wire() {
        let resources = vec![Changed::one(ResourceType::Secret, "db"), Changed::any(ResourceType::Audit)];
        for (message, text) in [
            (ToTab::Connected { now: Millis(7) }, r#"{"type":"connected","now":"1970-01-01T00:00:00.007Z"}"#),
            (
                ToTab::Changed { now: Millis(7), resources },
                concat!(
                    r#"{"type":"changed","now":"1970-01-01T00:00:00.007Z","#,
                    r#""resources":[{"kind":"secret","id":"db"},{"kind":"audit"}]}"#
                ),
            ),
        ] {
            assert_eq!(serde_json::to_string(&message).unwrap(), text);
            assert_eq!(serde_json::from_str::<ToTab>(text).unwrap(), message);
        }
        let newer = r#"{"type":"connected","now":"1970-01-01T00:00:00.007Z","more":{}}"#;
        assert_eq!(serde_json::from_str::<ToTab>(newer).unwrap(), ToTab::Connected { now: Millis(7) });
    }

    #[test]
    fn a_change_is_seen_by_who_may_view_the_resource() {
        let sees = |resources: Scope| -> Access {
            [Grant { permission: Permission::SiteView, resources }].into_iter().collect()
        };
        let this = sees(Scope::Only(["site_1".to_owned()].into()));
        let but = sees(Scope::Except(["site_1".to_owned()].into()));
        let (one, any) = (Changed::one(ResourceType::Site, "site_1"), Changed::any(ResourceType::Site));
        assert!(one.is_seen_by(&this) && any.is_seen_by(&this));
        assert!(!one.is_seen_by(&but) && any.is_seen_by(&but));
        assert!(!Changed::one(ResourceType::Deployment, "site_1").is_seen_by(&this));
        assert!(!any.is_seen_by(&sees(Scope::NONE)) && one.is_seen_by(&Access::full()));
        // Seen whole or not at all.
        assert!(!Changed::any(ResourceType::Audit).is_seen_by(&this));
    }
}
