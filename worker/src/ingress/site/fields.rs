//! The header fields of an answer, while it is being decided.

use std::borrow::Cow;

/// Names in lower case, in the order in which they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Headers<'a>(Vec<Field<'a>>);

/// Name and value.
type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

impl<'a> Headers<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    #[cfg(test)]
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// In place of every field of this name.
    pub(super) fn set(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    /// Beside those of this name.
    pub(super) fn append(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.0.push((name.into(), value.into()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The same, without borrowing from anything.
    pub(super) fn into_owned(self) -> Headers<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        Headers(self.0.into_iter().map(|(name, value)| (owned(name), owned(value))).collect())
    }
}
