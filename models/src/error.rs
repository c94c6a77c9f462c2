//! Errors on the wire: one envelope, one documented code per case.

use crate::{ids::RequestId, time::Millis};

/// A status between 400 and 499: what a caller can be blamed for. Or 503: what is right, and comes too soon. An endpoint
/// cannot declare a 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientStatus(u16);

impl ClientStatus {
    /// Fails to compile (in a `const`) for any other.
    #[track_caller]
    pub const fn new(status: u16) -> Self {
        assert!(
            status >= 400 && status <= 499 || status == 503,
            "an endpoint's error is a client error, 400 to 499, or 503 for what may be repeated a moment later"
        );
        Self(status)
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ErrorBody {
    /// Stable, in `snake_case`; programs compare this.
    pub code: String,
    /// What is wrong, in a sentence that names the field or the resource.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The request; quote it when asking for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

/// One line of an error's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorDoc {
    pub status: ClientStatus,
    pub code: &'static str,
}

/// What can go wrong at an endpoint.
pub trait ApiError: std::fmt::Debug + 'static {
    /// Every code that this type can answer.
    const DOCS: &'static [ErrorDoc];
    fn doc(&self) -> ErrorDoc;
    fn message(&self) -> String;
    fn hint(&self) -> Option<String>;

    /// The envelope for this error.
    fn body(&self, id: RequestId) -> ErrorBody {
        ErrorBody {
            code: self.doc().code.to_owned(),
            message: self.message(),
            hint: self.hint(),
            id: Some(id),
        }
    }
}

/// Declares an error enum: each variant with its status, its code, its sentence and perhaps a hint.
///
/// ```
/// patr_models::api_errors! {
///     /// What can go wrong when a name is chosen.
///     pub enum Error {
///         NameTaken { name: String } = 409 "name_taken", "a site named `{name}` already exists",
///             hint "choose another name";
///     }
/// }
/// ```
#[macro_export]
macro_rules! api_errors {
    (
        $(#[$doc:meta])*
        $vis:vis enum $enum:ident {
            $(
                $(#[$variant_doc:meta])*
                $variant:ident $({ $($field:ident : $type:ty),* $(,)? })? = $status:literal $code:literal,
                $message:literal $(, hint $hint:literal)?;
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis enum $enum {
            $($(#[$variant_doc])* $variant $({ $($field: $type),* })?,)*
        }

        impl $crate::error::ApiError for $enum {
            const DOCS: &'static [$crate::error::ErrorDoc] = &[$(
                $crate::error::ErrorDoc {
                    status: const { $crate::error::ClientStatus::new($status) },
                    code: $code,
                },
            )*];

            fn doc(&self) -> $crate::error::ErrorDoc {
                match self {
                    $(Self::$variant $({ $($field: _),* })? => $crate::error::ErrorDoc {
                        status: const { $crate::error::ClientStatus::new($status) },
                        code: $code,
                    },)*
                }
            }

            #[allow(unused_variables, reason = "not every field is quoted")]
            fn message(&self) -> String {
                match self {
                    $(Self::$variant $({ $($field),* })? => format!($message),)*
                }
            }

            #[allow(unused_variables, reason = "not every field is quoted")]
            fn hint(&self) -> Option<String> {
                match self {
                    $(Self::$variant $({ $($field),* })? => $crate::api_errors!(@hint $($hint)?),)*
                }
            }
        }
    };
    (@hint) => { None };
    (@hint $hint:literal) => { Some(format!($hint)) };
}

/// An endpoint at which nothing can go wrong besides [`Common`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoError {}

impl ApiError for NoError {
    const DOCS: &'static [ErrorDoc] = &[];
    fn doc(&self) -> ErrorDoc {
        match *self {}
    }
    fn message(&self) -> String {
        match *self {}
    }
    fn hint(&self) -> Option<String> {
        match *self {}
    }
}

api_errors! {
    /// What every endpoint can answer.
    pub enum Common {
        /// The body, the query, a header or the path is not what the endpoint declares.
        Invalid { place: String, problem: String } = 400 "invalid_request", "{place}: {problem}";
        Unauthenticated = 401 "unauthenticated", "this needs a valid token",
            hint "run `patr login`, or send `Authorization: Bearer …` with a token that is neither expired nor revoked";
        NotYetGood { at: Millis } = 401 "token_not_yet_valid", "this token is good from {at} on";
        /// An API token that is for other networks.
        NotFromHere { address: String } = 403 "network_not_allowed", "this token may not be used from {address}",
            hint "`patr token show` says from where it may";
        /// `place` says for what it is missing, as in "for the site `docs`".
        Forbidden { permission: String, place: String } = 403 "forbidden",
            "this needs the permission `{permission}` {place}",
            hint "an owner of the workspace can give you a role with it (`patr member list` shows who is one); \
a token has at most what it was made with";
        WrongKind { wanted: String } = 403 "wrong_kind_of_token", "this needs {wanted}";
        /// Before something dangerous, from a login that has not shown for ten minutes who it is.
        ProofNeeded = 403 "proof_needed", "this needs a proof of the last ten minutes that it is you",
            hint "send your password, a code or a passkey to `POST /api/v1/me/proof`, then the same again";
        /// Also what a resource of another workspace answers.
        NotFound { noun: String, name: String } = 404 "not_found", "there is no {noun} `{name}` here",
            hint "check the name, and the workspace with `patr workspace list`";
        NoSuchRoute { method: String, path: String } = 404 "no_such_route", "there is no `{method} {path}`",
            hint "the OpenAPI document lists what there is";
        MethodNotAllowed { method: String, allowed: String } = 405 "method_not_allowed",
            "`{method}` is not possible here, only {allowed}";
        TooLarge { limit: usize } = 413 "too_large", "the body is larger than {limit} bytes";
        NotJson { found: String } = 415 "unsupported_media_type",
            "expected a body of type `application/json`, found `{found}`",
            hint "send the header `Content-Type: application/json`";
        KeyReused = 422 "idempotency_key_reused",
            "this `Idempotency-Key` was used with another request", hint "use a new key for each request";
        KeyInUse = 409 "idempotency_key_in_use",
            "the first request with this `Idempotency-Key` has not been answered",
            hint "look at the resource before you repeat the request with a new key";
        /// The resource changed since the caller read it.
        Stale { current: String } = 412 "stale", "the resource has changed: its ETag is now {current}",
            hint "read it again, repeat the change and send the new ETag in `If-Match`";
        /// Others write at the same time, and were first each time.
        Busy = 503 "busy", "too many write here at the same time", hint "repeat the request a moment later";
        QuotaExceeded { quota: String, used: u64, limit: u64 } = 403 "quota_exceeded",
            "this workspace may have {limit} {quota}, and has {used}",
            hint "remove what is not needed, or ask who operates this installation for more";
        TooManyRequests { seconds: u64 } = 429 "too_many_requests", "too many attempts",
            hint "try again in {seconds} seconds";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_quotes_its_fields_and_a_code_is_stable() {
        let error = Common::NotFound { noun: "runner".to_owned(), name: "home".to_owned() };
        assert_eq!(error.message(), "there is no runner `home` here");
        assert_eq!((error.doc().status.get(), error.doc().code), (404, "not_found"));
    }

    #[test]
    fn no_code_stands_twice() {
        let mut codes: Vec<_> = Common::DOCS.iter().map(|doc| doc.code).collect();
        codes.sort_unstable();
        let before = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), before);
    }
}
