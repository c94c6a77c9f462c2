//! Trust in the identities that somebody else gives to jobs: an issuer of ID tokens (OpenID Connect), what those must say,
//! and the roles that whoever shows one has for an hour.

use std::{collections::BTreeMap, fmt, str::FromStr};

use url::Url;

use crate::{
    ids::{FederationId, UserId},
    name::{Name, string_type},
    role::HeldRole,
    time::Millis,
};

pub mod create;
pub mod delete;
pub mod get;
pub mod list;

/// How long a token is good that an ID token was exchanged for, in seconds.
pub const TOKEN_LIFE_S: u32 = 3600;
/// Claims that one federation may ask for.
pub const CONDITIONS_MAX: usize = 16;

/// Claims that say whose job it is. At common issuers anybody has the others as they like.
pub const WHOSE: [&str; 10] = [
    "sub",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
    "email",
];

/// Who is trusted, and with what.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Federation {
    pub id: FederationId,
    pub name: Name,
    pub issuer: Issuer,
    /// What the ID token must be for (`aud`).
    pub audience: Audience,
    /// What its claims must be, all of them.
    pub conditions: BTreeMap<String, Pattern>,
    pub roles: Vec<HeldRole>,
    /// Whoever made it: nobody gets more by it than this person may at that moment.
    pub created_by: UserId,
    pub created_at: Millis,
}

/// A text is no issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no issuer: expected an address such as `https://token.actions.githubusercontent.com`")]
pub struct IssuerError(String);

fn issuer(text: &str) -> Result<String, IssuerError> {
    let wrong = || IssuerError(text.chars().take(128).collect());
    let url: Url = text.parse().map_err(|_| wrong())?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    // Compared letter by letter with what a token says: nothing is made more beautiful here.
    let known = url.scheme() == "https" || (url.scheme() == "http" && local);
    if plain && known && text.len() <= 512 { Ok(text.to_owned()) } else { Err(wrong()) }
}

string_type! {
    /// The address of an issuer of ID tokens, exactly as its tokens have it. Unencrypted on this machine only.
    Issuer, IssuerError, issuer,
    { "type": "string", "format": "uri" }
}

/// A text is no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an audience has 1 to 256 characters")]
pub struct AudienceError;

fn audience(text: &str) -> Result<String, AudienceError> {
    if (1..=256).contains(&text.len()) { Ok(text.to_owned()) } else { Err(AudienceError) }
}

string_type! {
    /// What an ID token is for, letter by letter.
    Audience, AudienceError, audience,
    { "type": "string", "minLength": 1, "maxLength": 256 }
}

/// A text in which `*` stands for any number of any characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pattern(String);

/// Nothing, or too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a condition has 1 to 256 characters")]
pub struct PatternError;

impl Pattern {
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }

    /// Whether it says something about how a text begins.
    pub fn begins(&self) -> bool {
        !self.0.starts_with('*')
    }

    /// Whether one of the values of a claim is as it says.
    pub fn matches_claim(&self, claim: &serde_json::Value) -> bool {
        use serde_json::Value;
        match claim {
            Value::String(text) => self.matches(text),
            Value::Number(number) => self.matches(&number.to_string()),
            Value::Bool(truth) => self.matches(if *truth { "true" } else { "false" }),
            Value::Array(values) => values.iter().any(|value| !value.is_array() && self.matches_claim(value)),
            Value::Null | Value::Object(_) => false,
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        if (1..=256).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(PatternError) }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl schemars::JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": 256 })
    }
}

/// Whether conditions say whose jobs are meant.
pub fn say_whose(conditions: &BTreeMap<String, Pattern>) -> bool {
    conditions.iter().any(|(claim, pattern)| WHOSE.contains(&claim.as_str()) && pattern.begins())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_is_any_number_of_any_characters() {
        let sub = "repo:acme/web:ref:refs/heads/main";
        for yes in [sub, "repo:acme/*", "*", "repo:*:ref:refs/heads/*", "*main", "**", "repo:acme/*:*:*main"]
        {
            assert!(pattern(yes).matches(sub), "{yes}");
        }
        for no in
            ["repo:acme", "repo:acme/web:ref:refs/heads/mai", "*:refs", "repo:*x*main", "Repo:*", "*mainmain"]
        {
            assert!(!pattern(no).matches(sub), "{no}");
        }
        assert!(pattern("a*a").matches("aa") && !pattern("a*a").matches("a"), "no letter is used twice");
        assert!(!pattern("ab").matches("abab"));
    }

    #[test]
    fn a_claim_may_be_a_number_a_truth_or_a_list() {
        assert!(pattern("12*").matches_claim(&json!(1234)) && pattern("true").matches_claim(&json!(true)));
        assert!(
            pattern("b").matches_claim(&json!(["a", "b"])) && !pattern("c").matches_claim(&json!(["a", "b"]))
        );
        for never in [json!(null), json!({ "a": 1 }), json!([]), json!([["a"]])] {
            assert!(!pattern("*").matches_claim(&never), "{never}");
        }
    }

    #[test]
    fn conditions_say_whose_jobs_are_meant() {
        let say = |claim: &str, text: &str| say_whose(&[(claim.to_owned(), pattern(text))].into());
        assert!(say("sub", "repo:acme/web:*") && say("repository_owner", "acme"));
        assert!(!say("sub", "*") && !say("sub", "*:ref:refs/heads/main") && !say("ref", "refs/heads/main"));
        assert!(!say_whose(&BTreeMap::new()));
    }

    #[test]
    fn an_issuer_is_an_address_that_cannot_be_listened_to() {
        for good in [
            "https://gitlab.com",
            "https://ci.example.com/a/b/",
            "http://localhost:8080",
            "http://127.0.0.1:1",
        ] {
            assert!(good.parse::<Issuer>().is_ok(), "{good}");
        }
        for bad in [
            "gitlab.com",
            "http://gitlab.com",
            "https://a@gitlab.com",
            "https://gitlab.com?a",
            "ftp://localhost",
            "",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_for_the_stars_matches(parts in proptest::collection::vec("[a-c]{0,3}", 1..4), put in "[a-c/]{0,3}") {
            let text = parts.join(&put);
            let pattern = parts.join("*");
            prop_assume!(!pattern.is_empty());
            prop_assert!(pattern.parse::<Pattern>().unwrap().matches(&text));
        }
    }
}
