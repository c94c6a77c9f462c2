//! The parameters of a request (RFC 6749, 3.2): a form, in which none is twice and an empty one is as good as none.

use std::collections::BTreeMap;

use http::{header, request::Parts};

use super::problem::Problem;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Of the body.
    pub(super) fn read(parts: &Parts, body: &[u8]) -> Result<Self, Problem> {
        let media = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::invalid_request("the body has to be application/x-www-form-urlencoded"));
        }
        Self::parse(body)
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, Problem> {
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text).filter(|(_, value)| !value.is_empty()) {
            let name = name.into_owned();
            if fields.insert(name.clone(), value.into_owned()).is_some() {
                let name: String = name.chars().take(64).collect();
                return Err(Problem::invalid_request(format!("{name} is there more than once")));
            }
        }
        Ok(Self(fields))
    }

    /// The rest of each name that begins so.
    pub(super) fn named<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |name| name.strip_prefix(prefix))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::invalid_request(format!("{name} is missing")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_and_empty_ones_are_not() {
        let form = Form::parse(b"a=1+%26&b=&c=%C3%A9").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1 &"), None, Some("é")));
        assert_eq!(form.required("b"), Err(Problem::invalid_request("b is missing")));
        assert!(Form::parse(b"a=1&a=1").is_err());
    }
}
