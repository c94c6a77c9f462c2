//! Logging a device in from a browser elsewhere (RFC 8628): the device shows a code, a person compares it and approves.

use std::{fmt, str::FromStr};

pub mod authorize;
pub mod exchange;

/// How long a code is good, in seconds.
pub const CODE_LIFE_S: u32 = 900;
/// How long to wait between two questions, in seconds, and how much longer after each that came too soon (RFC 8628, 3.5).
pub const INTERVAL_S: u32 = 5;

/// What a person compares and may type: eight letters without vowels, which make no words, and without what is easily
/// taken for another (RFC 8628, 6.1). 20^8 is 34 bits.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UserCode(String);

/// A text is no such code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected eight letters such as `BCDF-GHJK`")]
pub struct UserCodeError;

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

impl UserCode {
    /// The code that this randomness makes. 20^8 does not divide 2^64: the bias is below one in 10^8.
    pub fn from_random(random: u64) -> Self {
        let mut rest = random;
        let letters = (0..LENGTH).map(|_| {
            let at = usize::try_from(rest % 20).unwrap_or_default();
            rest /= 20;
            LETTERS.get(at).copied().map_or('B', char::from)
        });
        Self(letters.collect())
    }
}

/// As it was typed: in any case, with the hyphen or anything else between.
impl FromStr for UserCode {
    type Err = UserCodeError;
    fn from_str(text: &str) -> Result<Self, UserCodeError> {
        let letters: String = text
            .chars()
            .filter(char::is_ascii_alphabetic)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let known = letters.bytes().all(|letter| LETTERS.contains(&letter));
        if letters.len() == LENGTH && known { Ok(Self(letters)) } else { Err(UserCodeError) }
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at_checked(LENGTH / 2).unwrap_or_default();
        write!(f, "{first}-{second}")
    }
}

impl From<UserCode> for String {
    fn from(code: UserCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for UserCode {
    type Error = UserCodeError;
    fn try_from(text: String) -> Result<Self, UserCodeError> {
        text.parse()
    }
}

impl schemars::JsonSchema for UserCode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UserCode".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[B-Z]{4}-[B-Z]{4}$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code: UserCode = "BCDF-GHJK".parse().unwrap();
        for typed in ["bcdfghjk", " bcdf ghjk\n", "BcDf.GhJk"] {
            assert_eq!(typed.parse(), Ok(code.clone()));
        }
        for wrong in ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "ÉCDF-GHJK"] {
            assert_eq!(wrong.parse::<UserCode>(), Err(UserCodeError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_code_that_is_made_can_be_read(random: u64) {
            let code = UserCode::from_random(random);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
        }
    }
}
