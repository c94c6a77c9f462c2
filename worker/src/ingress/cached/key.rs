//! The names of what is kept. They are addresses under the host that was asked: the platform looks those up fastest.

use patr_models::managed_url::Route;
use sha2::{Digest, Sha256};

use super::{super::address::Address, fields::Fields};

/// What an answer is kept under: nothing of another managed URL, or of this one before a change of it, has the same.
pub(super) struct Key<'a> {
    pub(super) route: &'a Route,
    pub(super) origin: &'a Address,
    /// Of the request.
    pub(super) fields: &'a dyn Fields,
}

impl Key<'_> {
    /// Of the answer, or of the note that says which fields it depends on.
    pub(super) fn primary(&self) -> String {
        self.with("-")
    }

    /// Of the answer to a request with these values in these fields. `since` is of the note that named them: after
    /// another note, nothing that was kept under this one is found.
    pub(super) fn variant(&self, since: u64, vary: &[String]) -> String {
        let mut hash = Sha256::new();
        for name in vary {
            // A field that is not there is not the same as an empty one; no value has a line break.
            let value = self.fields.get(name).unwrap_or_else(|| "\r".to_owned());
            hash.update(format!("{name}\n{value}\n"));
        }
        let hash: String = hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        self.with(&format!("{since}-{hash}"))
    }

    fn with(&self, variant: &str) -> String {
        let Self { route, origin, .. } = self;
        format!(
            "{}://{}/{}/{}/{variant}{}",
            origin.scheme(),
            origin.authority(),
            route.url,
            route.generation,
            origin.target()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use patr_models::{
        ids::{Id, ManagedUrlId},
        managed_url::{RouteTarget, UrlOptions},
        time::Millis,
    };

    use super::*;

    fn primary(url: u128, generation: u64, address: &str) -> String {
        let fields: &[(&str, &str)] = &[];
        let (route, origin) = (route(url, generation), Address::new(address.to_owned()));
        Key { route: &route, origin: &origin, fields: &fields }.primary()
    }

    fn route(url: u128, generation: u64) -> Route {
        Route {
            url: ManagedUrlId::from_parts(Millis(0), url),
            generation,
            path: "/".parse().unwrap(),
            options: UrlOptions::default(),
            to: RouteTarget::Stopped { what: String::new() },
        }
    }

    fn variant(since: u64, fields: &[(&str, &str)]) -> String {
        let (route, origin) = (route(1, 1), Address::new("http://a.example/x".to_owned()));
        let vary = ["accept".to_owned(), "accept-language".to_owned()];
        Key { route: &route, origin: &origin, fields: &fields }.variant(since, &vary)
    }

    #[test]
    fn another_url_generation_scheme_host_path_or_query_has_another_key() {
        let all = [
            primary(1, 1, "http://a.example/x?q"),
            primary(2, 1, "http://a.example/x?q"),
            primary(1, 2, "http://a.example/x?q"),
            primary(1, 1, "https://a.example/x?q"),
            primary(1, 1, "http://b.example/x?q"),
            primary(1, 1, "http://a.example/y?q"),
            primary(1, 1, "http://a.example/x?r"),
            primary(1, 1, "http://a.example/x"),
            primary(1, 1, "http://a.example/x?"),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn a_variant_is_of_the_values_that_the_answer_depends_on() {
        let all = [
            variant(1, &[]),
            variant(1, &[("accept", "")]),
            variant(1, &[("accept-language", "")]),
            variant(1, &[("accept", "a")]),
            variant(1, &[("accept-language", "a")]),
            variant(1, &[("accept", "a"), ("accept-language", "a")]),
            variant(2, &[]),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(variant(1, &[]), variant(1, &[("user-agent", "x")]));
    }
}
