//! People, how they log in, and how they show that it is them.

use crate::{ids::UserId, name::Email, time::Millis};

pub mod change_email;
pub mod change_password;
pub mod delete;
pub mod log_in;
pub mod log_out;
pub mod proof;
pub mod prove;
pub mod request_password_reset;
pub mod reset_password;
pub mod send_verification;
pub mod sign_up;
pub mod update;
pub mod verify_email;
pub mod who_am_i;

/// A person's account.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    /// Whether somebody has opened a link that was sent there.
    #[serde(default)]
    pub email_verified: bool,
    /// What others see beside the address; empty where none was chosen.
    #[serde(default, skip_serializing_if = "PersonName::is_empty")]
    pub name: PersonName,
    pub created_at: Millis,
}

impl User {
    /// An account as it is first.
    pub fn new(id: UserId, email: Email, created_at: Millis) -> Self {
        Self { id, email, email_verified: false, name: PersonName::default(), created_at }
    }
}

/// A login: the token is shown this once.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Session {
    pub user: User,
    /// Sent as `Authorization: Bearer …`.
    pub token: String,
    pub expires_at: Millis,
}

/// The text is no name of a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has at most {PERSON_NAME_MAX} characters, on one line")]
pub struct PersonNameError;

/// Longest name of a person, in characters.
const PERSON_NAME_MAX: usize = 80;

fn person_name(text: &str) -> Result<String, PersonNameError> {
    let text = text.trim();
    if text.chars().count() > PERSON_NAME_MAX || text.chars().any(char::is_control) {
        return Err(PersonNameError);
    }
    Ok(text.to_owned())
}

crate::name::string_type! {
    /// What a person is called, in their own spelling; may be empty.
    #[derive(Default)]
    PersonName, PersonNameError, person_name,
    { "type": "string", "maxLength": 80 }
}

impl PersonName {
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_called_what_they_like_on_one_line() {
        assert_eq!(" Ada Łovelace ".parse::<PersonName>().unwrap().as_str(), "Ada Łovelace");
        assert!("".parse::<PersonName>().unwrap().is_empty());
        for bad in ["a\nb", &"x".repeat(PERSON_NAME_MAX + 1)] {
            assert!(bad.parse::<PersonName>().is_err(), "{bad}");
        }
    }
}
