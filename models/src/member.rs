//! People in a workspace, with the roles that say what they may do there.

use std::{fmt, str::FromStr};

use crate::{
    ids::{IdError, UserId},
    name::{Email, EmailError},
    role::HeldRole,
    time::Millis,
};

pub mod get;
pub mod list;
pub mod remove;
pub mod set_roles;

/// Somebody in a workspace.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Member {
    pub user: UserId,
    pub email: Email,
    /// What any of them allows is allowed.
    pub roles: Vec<HeldRole>,
    pub joined_at: Millis,
}

/// A person, named by id or by address.
///
/// The two never collide: an address has an `@`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PersonRef {
    Id(UserId),
    Email(Email),
}

/// Neither an id nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonRefError {
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Email(#[from] EmailError),
}

impl FromStr for PersonRef {
    type Err = PersonRefError;
    fn from_str(text: &str) -> Result<Self, PersonRefError> {
        // What looks like neither is told what an address looks like, which people mostly type.
        if text.starts_with("usr_") && !text.contains('@') {
            Ok(Self::Id(text.parse()?))
        } else {
            Ok(Self::Email(text.parse()?))
        }
    }
}

impl fmt::Display for PersonRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Email(email) => email.fmt(f),
        }
    }
}

impl From<PersonRef> for String {
    fn from(reference: PersonRef) -> Self {
        format!("{reference}")
    }
}

impl TryFrom<String> for PersonRef {
    type Error = PersonRefError;
    fn try_from(text: String) -> Result<Self, PersonRefError> {
        text.parse()
    }
}

impl From<UserId> for PersonRef {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_by_id_or_address() {
        assert!(matches!("usr_00000000000000000000000000".parse(), Ok(PersonRef::Id(_))));
        assert!(matches!("Ada@Example.com".parse(), Ok(PersonRef::Email(_))));
        assert!(matches!("usr_1@example.com".parse(), Ok(PersonRef::Email(_))));
        assert!("ada".parse::<PersonRef>().is_err() && "usr_1".parse::<PersonRef>().is_err());
    }
}
