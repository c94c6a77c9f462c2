//! Headers that endpoints declare.

use std::{fmt::Display, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::name::string_type;

/// A header is missing or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadHeader {
    pub name: &'static str,
    pub problem: String,
}

/// One header of an endpoint, for the OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderDoc {
    pub name: &'static str,
    pub required: bool,
}

/// The headers of one endpoint, in one direction.
pub trait Headers: Sized {
    const DOCS: &'static [HeaderDoc];
    fn write(&self, to: &mut HeaderMap);
    fn read(from: &HeaderMap) -> Result<Self, BadHeader>;
}

/// A type that can be one header; `Option` of it is an optional header.
pub trait HeaderField: Sized {
    const REQUIRED: bool;
    fn to_text(&self) -> Option<String>;
    fn from_text(text: Option<&str>) -> Result<Self, String>;
}

impl<T: Display + FromStr<Err: Display>> HeaderField for Option<T> {
    const REQUIRED: bool = false;
    fn to_text(&self) -> Option<String> {
        self.as_ref().map(T::to_string)
    }
    fn from_text(text: Option<&str>) -> Result<Self, String> {
        text.map(|text| text.parse().map_err(|error: T::Err| error.to_string())).transpose()
    }
}

/// Writes one field; used by [`headers!`](crate::headers).
pub fn write_field(to: &mut HeaderMap, name: &'static str, field: &impl HeaderField) {
    let value = field.to_text().and_then(|text| HeaderValue::from_str(&text).ok());
    if let Some(value) = value {
        to.insert(HeaderName::from_static(name), value);
    }
}

/// Reads one field; used by [`headers!`](crate::headers).
pub fn read_field<F: HeaderField>(from: &HeaderMap, name: &'static str) -> Result<F, BadHeader> {
    let bad = |problem: String| BadHeader { name, problem };
    let mut values = from.get_all(name).iter();
    let text = match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().map_err(|_| bad("is not visible ASCII".to_owned()))?),
        (Some(_), Some(_)) => return Err(bad("is there more than once".to_owned())),
    };
    F::from_text(text).map_err(bad)
}

/// Declares a struct of headers: `headers! { pub struct Create { key: Option<IdempotencyKey> = "idempotency-key" } }`.
#[macro_export]
macro_rules! headers {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($field:ident : $type:ty = $header:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name { $(pub $field: $type,)* }

        impl $crate::endpoint::headers::Headers for $name {
            const DOCS: &'static [$crate::endpoint::headers::HeaderDoc] = &[$(
                $crate::endpoint::headers::HeaderDoc {
                    name: $header,
                    required: <$type as $crate::endpoint::headers::HeaderField>::REQUIRED,
                },
            )*];
            fn write(&self, to: &mut http::HeaderMap) {
                $($crate::endpoint::headers::write_field(to, $header, &self.$field);)*
            }
            fn read(from: &http::HeaderMap) -> Result<Self, $crate::endpoint::headers::BadHeader> {
                Ok(Self { $($field: $crate::endpoint::headers::read_field(from, $header)?,)* })
            }
        }
    };
}

/// None besides the usual ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoHeaders;

impl Headers for NoHeaders {
    const DOCS: &'static [HeaderDoc] = &[];
    fn write(&self, _: &mut HeaderMap) {}
    fn read(_: &HeaderMap) -> Result<Self, BadHeader> {
        Ok(Self)
    }
}

/// A header does not have the form its type wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("expected an ETag as it was answered, such as `\"7\"`")]
    ETag,
    #[error("expected 1 to 128 visible characters")]
    IdempotencyKey,
}

fn etag(text: &str) -> Result<String, FieldError> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let visible = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte);
    let fine = inner.is_some_and(|inner| inner.len() <= 128 && inner.bytes().all(visible));
    if fine { Ok(text.to_owned()) } else { Err(FieldError::ETag) }
}

string_type! {
    /// A strong entity tag (RFC 9110, 8.8.3), quotes included.
    ETag, FieldError, etag,
    { "type": "string", "pattern": "^\"[!#-~]*\"$" }
}

impl ETag {
    /// The tag of a resource at a generation.
    pub fn of(generation: u64) -> Self {
        Self(format!("\"{generation}\""))
    }
}

fn idempotency_key(text: &str) -> Result<String, FieldError> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=128).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(FieldError::IdempotencyKey)
    }
}

string_type! {
    /// A key that makes a repeated write happen once; remembered for 24 hours.
    IdempotencyKey, FieldError, idempotency_key,
    { "type": "string", "minLength": 1, "maxLength": 128 }
}

headers! {
    /// Sent with a write that must not happen twice.
    pub struct Once { key: Option<IdempotencyKey> = "idempotency-key" }
}

headers! {
    /// Sent with an update: it happens only if the resource is still as the caller read it.
    pub struct IfMatch {
        if_match: Option<ETag> = "if-match",
        key: Option<IdempotencyKey> = "idempotency-key",
    }
}

impl HeaderField for ETag {
    const REQUIRED: bool = true;
    fn to_text(&self) -> Option<String> {
        Some(self.to_string())
    }
    fn from_text(text: Option<&str>) -> Result<Self, String> {
        text.ok_or("is required")?.parse().map_err(|error: FieldError| error.to_string())
    }
}

headers! {
    /// Answered with a resource that can be updated.
    pub struct Tagged { etag: ETag = "etag" }
}

impl Tagged {
    /// The tag of a resource at a generation.
    pub fn of(generation: u64) -> Self {
        Self { etag: ETag::of(generation) }
    }
}

impl Once {
    /// A write without a key.
    pub const NONE: Self = Self { key: None };
}

impl IfMatch {
    /// An update whatever the resource has become.
    pub const ANY: Self = Self { if_match: None, key: None };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_required_header_that_is_missing_is_named() {
        let error = Tagged::read(&HeaderMap::new()).unwrap_err();
        assert_eq!((error.name, error.problem.as_str()), ("etag", "is required"));
    }

    #[test]
    fn a_header_that_comes_twice_is_refused_and_not_chosen_from() {
        let mut map = HeaderMap::new();
        Tagged::of(7).write(&mut map);
        map.append("etag", HeaderValue::from_static("\"8\""));
        assert_eq!(Tagged::read(&map).unwrap_err().problem, "is there more than once");
    }

    #[test]
    fn headers_survive_being_written_and_read() {
        let mut map = HeaderMap::new();
        Tagged::of(7).write(&mut map);
        assert_eq!(Tagged::read(&map), Ok(Tagged::of(7)));
        assert_eq!(map["etag"], "\"7\"");
    }

    #[test]
    fn an_unquoted_tag_is_refused() {
        assert!("7".parse::<ETag>().is_err());
        assert!("W/\"7\"".parse::<ETag>().is_err());
    }
}
