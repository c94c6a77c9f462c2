//! Header fields of a request or an answer.

use worker::Headers;

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

#[cfg(test)]
impl Fields for &[(&str, &str)] {
    fn get(&self, name: &str) -> Option<String> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}
