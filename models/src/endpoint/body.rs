//! Bodies that endpoints declare.

use bytes::Bytes;
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use crate::limits::{JSON_BODY_MAX, PACK_MAX};

/// The media type of JSON bodies.
pub const JSON: &str = "application/json";
/// The media type of bodies of which each line is JSON.
pub const NDJSON: &str = "application/x-ndjson";
/// The media type of bodies that are only bytes.
pub const OCTETS: &str = "application/octet-stream";

/// A body could not be read as its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct BadBody {
    /// Where in the body, as `spec.ports[0].port`; `body` for the whole.
    pub place: String,
    pub problem: String,
}

/// A request's body.
pub trait RequestBody: Sized {
    /// `None` when there is no body.
    const MEDIA: Option<&'static str>;
    /// Bytes; a longer body is refused with 413 before it is read.
    const LIMIT: usize;
    fn encode(&self) -> Bytes;
    fn decode(bytes: Bytes) -> Result<Self, BadBody>;
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;
}

/// A response's body and status.
pub trait ResponseBody: Sized {
    const MEDIA: Option<&'static str>;
    const STATUS: StatusCode;
    fn encode(&self) -> Bytes;
    fn decode(bytes: Bytes) -> Result<Self, BadBody>;
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;
}

/// No body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoBody;

impl RequestBody for NoBody {
    const MEDIA: Option<&'static str> = None;
    const LIMIT: usize = 0;
    fn encode(&self) -> Bytes {
        Bytes::new()
    }
    fn decode(_: Bytes) -> Result<Self, BadBody> {
        Ok(Self)
    }
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// A JSON body; answered with 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

fn to_json(value: &impl Serialize) -> Bytes {
    // Our nouns have string keys only, the one thing that serde_json refuses besides IO.
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_default()
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadBody> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { "body".to_owned() } else { path };
        BadBody { place, problem: error.into_inner().to_string() }
    })?;
    json.end().map_err(|error| BadBody { place: "body".to_owned(), problem: error.to_string() })?;
    Ok(value)
}

/// Reads an answer. Its place is not looked for: nobody who reads this has written it, and it would double what a browser has
/// to load of each type.
fn from_answer<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadBody> {
    serde_json::from_slice(bytes)
        .map_err(|error| BadBody { place: "body".to_owned(), problem: error.to_string() })
}

impl<T: Serialize + DeserializeOwned + JsonSchema> RequestBody for Json<T> {
    const MEDIA: Option<&'static str> = Some(JSON);
    const LIMIT: usize = JSON_BODY_MAX;
    fn encode(&self) -> Bytes {
        to_json(&self.0)
    }
    fn decode(bytes: Bytes) -> Result<Self, BadBody> {
        from_json(&bytes).map(Self)
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

impl<T: Serialize + DeserializeOwned + JsonSchema> ResponseBody for Json<T> {
    const MEDIA: Option<&'static str> = Some(JSON);
    const STATUS: StatusCode = StatusCode::OK;
    fn encode(&self) -> Bytes {
        to_json(&self.0)
    }
    fn decode(bytes: Bytes) -> Result<Self, BadBody> {
        from_answer(&bytes).map(Self)
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

/// The JSON of something that was made; answered with 201.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created<T>(pub T);

impl<T: Serialize + DeserializeOwned + JsonSchema> ResponseBody for Created<T> {
    const MEDIA: Option<&'static str> = Some(JSON);
    const STATUS: StatusCode = StatusCode::CREATED;
    fn encode(&self) -> Bytes {
        to_json(&self.0)
    }
    fn decode(bytes: Bytes) -> Result<Self, BadBody> {
        from_answer(&bytes).map(Self)
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

/// Done, with nothing to say; answered with 204.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoContent;

impl ResponseBody for NoContent {
    const MEDIA: Option<&'static str> = None;
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    fn encode(&self) -> Bytes {
        Bytes::new()
    }
    fn decode(_: Bytes) -> Result<Self, BadBody> {
        Ok(Self)
    }
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// Bytes, at most one pack of them or as many as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Octets<const MAX: usize = PACK_MAX>(pub Bytes);

impl<const MAX: usize> RequestBody for Octets<MAX> {
    const MEDIA: Option<&'static str> = Some(OCTETS);
    const LIMIT: usize = MAX;
    fn encode(&self) -> Bytes {
        self.0.clone()
    }
    fn decode(bytes: Bytes) -> Result<Self, BadBody> {
        Ok(Self(bytes))
    }
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        Some(schemars::json_schema!({ "type": "string", "format": "binary" }))
    }
}

impl<const MAX: usize> ResponseBody for Octets<MAX> {
    const MEDIA: Option<&'static str> = Some(OCTETS);
    const STATUS: StatusCode = StatusCode::OK;
    fn encode(&self) -> Bytes {
        self.0.clone()
    }
    fn decode(bytes: Bytes) -> Result<Self, BadBody> {
        Ok(Self(bytes))
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        <Self as RequestBody>::schema(generator)
    }
}

/// Responses that go on while they are read. The platform's own type carries them, so they have no encoding here.
macro_rules! streamed {
    ($($(#[$doc:meta])* $name:ident: $media:expr, $status:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl ResponseBody for $name {
            const MEDIA: Option<&'static str> = $media;
            const STATUS: StatusCode = StatusCode::$status;
            fn encode(&self) -> Bytes {
                Bytes::new()
            }
            fn decode(_: Bytes) -> Result<Self, BadBody> {
                Ok(Self)
            }
            fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
                Self::MEDIA.map(|_| schemars::json_schema!({ "type": "string", "format": "binary" }))
            }
        }
    )*};
}
streamed! {
    /// Bytes.
    Streamed: Some(OCTETS), OK;
    /// A line of JSON each.
    Lines: Some(NDJSON), OK;
    /// A WebSocket.
    Upgraded: None, SWITCHING_PROTOCOLS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Body {
        ports: Vec<u16>,
    }

    fn problem(text: &'static str) -> BadBody {
        <Json<Body> as RequestBody>::decode(Bytes::from_static(text.as_bytes())).unwrap_err()
    }

    #[test]
    fn a_wrong_type_names_its_place() {
        assert_eq!(problem(r#"{"ports":[1,"x"]}"#).place, "ports[1]");
    }

    #[test]
    fn an_unknown_field_and_trailing_text_are_refused() {
        assert!(problem(r#"{"ports":[],"prots":[]}"#).problem.contains("prots"));
        assert!(problem(r#"{"ports":[]} x"#).problem.contains("trailing"));
    }
}
