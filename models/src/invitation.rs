//! Invitations: links with which people become members.

use crate::{ids::InvitationId, name::Email, role::HeldRole, time::Millis};

pub mod accept;
pub mod create;
pub mod list;
pub mod revoke;
pub mod sign_up;

/// A link that has not been used.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Invitation {
    pub id: InvitationId,
    /// The only address whose account can use it; whoever has the link when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// What whoever uses it will have.
    pub roles: Vec<HeldRole>,
    /// Who made it. It is good as long as they may invite with these roles.
    pub created_by: Email,
    pub created_at: Millis,
    pub expires_at: Millis,
}
