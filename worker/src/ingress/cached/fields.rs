//! Header fields of a request or an answer.

use worker::{Headers, web_sys};

use crate::platform;

/// Where header fields are read from. Repeated ones are one, with commas between.
pub(super) trait Fields {
    fn get(&self, name: &str) -> Option<String>;

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl Fields for Headers {
    fn get(&self, name: &str) -> Option<String> {
        // A name that is none is on no message.
        Self::get(self, name).ok().flatten()
    }
}

/// The fields of a request as its target gets them: the encodings are those that the client takes, not the platform's.
pub(super) struct AsAsked<'a>(pub(super) &'a web_sys::Request);

impl Fields for AsAsked<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let of_client = (name == "accept-encoding").then(|| platform::cf(self.0, "clientAcceptEncoding"));
        of_client.flatten().or_else(|| Headers(self.0.headers()).get(name).ok().flatten())
    }
}

#[cfg(test)]
impl Fields for &[(&str, &str)] {
    fn get(&self, name: &str) -> Option<String> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}
