//! What an endpoint is.
//!
//! [`ApiEndpoint`] ties a method and a path to everything that crosses them. [`declare_api_endpoint!`] writes
//! an implementation. The trait knows `http` and serde; converting to and from requests is in [`client`] and
//! [`server`].
//!
//! [`declare_api_endpoint!`]: crate::declare_api_endpoint

pub mod body;
pub mod client;
pub mod headers;
pub mod path;
pub mod server;

use http::Method;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    auth::{Auth, Permission},
    error::ApiError,
};
use body::{RequestBody, ResponseBody};
use headers::Headers;
use path::{PathParams, PathTemplate};

/// One route of the API, and the types that cross it.
pub trait ApiEndpoint: Sized + 'static {
    /// The operation's name, in the OpenAPI document and in the audit log, as in `CreateRunner`.
    const NAME: &'static str;
    /// What it does, in a sentence.
    const SUMMARY: &'static str;
    const METHOD: Method;
    const PATH: PathTemplate;
    /// What a member must be allowed to do. `Some` exactly when [`Self::Auth`] is [`crate::auth::Member`].
    const PERMISSION: Option<Permission>;

    type Auth: Auth;
    type Path: PathParams;
    type Query: Serialize + DeserializeOwned + schemars::JsonSchema;
    type RequestHeaders: Headers;
    type Request: RequestBody;
    type ResponseHeaders: Headers;
    type Response: ResponseBody;
    type Error: ApiError;
}

/// Everything that a caller of `E` supplies besides proof of who it is.
pub struct Call<E: ApiEndpoint> {
    pub path: E::Path,
    pub query: E::Query,
    pub headers: E::RequestHeaders,
    pub body: E::Request,
}

/// Everything that `E` answers on success.
pub struct Reply<E: ApiEndpoint> {
    pub headers: E::ResponseHeaders,
    pub body: E::Response,
}

impl<E: ApiEndpoint<ResponseHeaders = headers::NoHeaders>> Reply<E> {
    /// An answer without headers of its own.
    pub fn new(body: E::Response) -> Self {
        Self { headers: headers::NoHeaders, body }
    }
}

/// No query parameters. Unknown ones are refused, so that a typo is not ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// Declares an endpoint: its route, who may call it, and every type that crosses it.
///
/// `query`, `request_headers`, `request`, `response_headers` and `errors` may be left out, in this order, and
/// then stand for "none". Authentication may not. A path whose parameters differ from the `path` fields, and
/// a `Member` endpoint without `{workspace}`, fail to compile with a sentence that says so.
///
/// ```
/// use patr_models::{endpoint::body::NoContent, ids::{Ref, WorkspaceId}};
///
/// patr_models::declare_api_endpoint! {
///     /// Delete a workspace.
///     DeleteThing: DELETE "/api/v1/workspaces/{workspace}/thing" {
///         auth: Member(WorkspaceDelete),
///         path: { workspace: Ref<WorkspaceId> },
///         response: NoContent,
///     }
/// }
/// ```
#[macro_export]
macro_rules! declare_api_endpoint {
    (
        #[doc = $summary:literal]
        $name:ident : $method:ident $path:literal {
            auth: $auth:ident $(($permission:ident))?,
            path: { $($param:ident : $param_type:ty),* $(,)? },
            $(query: $query:ty,)?
            $(request_headers: $request_headers:ty,)?
            $(request: $request:ty,)?
            $(response_headers: $response_headers:ty,)?
            response: $response:ty,
            $(errors: $error:ty,)?
        }
    ) => {
        #[doc = $summary]
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        #[doc = concat!("The parameters of `", $path, "`.")]
        #[derive(Debug, Clone, PartialEq)]
        pub struct Path {
            $(pub $param: $param_type,)*
        }

        impl $crate::endpoint::path::PathParams for Path {
            const NAMES: &'static [&'static str] = &[$(stringify!($param)),*];

            fn values(&self) -> Vec<String> {
                vec![$(self.$param.to_string()),*]
            }

            fn from_values(values: &[String]) -> Result<Self, $crate::endpoint::path::BadParam> {
                #[allow(unused_mut, unused_variables, reason = "a path may have no parameters")]
                let mut values = values.iter();
                Ok(Self { $($param: $crate::endpoint::path::param(stringify!($param), values.next())?,)* })
            }
        }

        impl $crate::endpoint::ApiEndpoint for $name {
            const NAME: &'static str = stringify!($name);
            const SUMMARY: &'static str = $summary.trim_ascii();
            const METHOD: $crate::endpoint::path::Method = $crate::endpoint::path::Method::$method;
            const PATH: $crate::endpoint::path::PathTemplate =
                $crate::endpoint::path::PathTemplate::new(
                    $path,
                    &[$(stringify!($param)),*],
                    concat!(
                        "the parameters of `", $path, "` and the fields of `path: {", $(" ", stringify!($param), ",",)*
                        " }` differ: name the same ones in the same order",
                    ),
                );
            const PERMISSION: Option<$crate::auth::Permission> =
                $crate::declare_api_endpoint!(@permission $($permission)?);

            type Auth = $crate::auth::$auth;
            type Path = Path;
            type Query = $crate::declare_api_endpoint!(@or $crate::endpoint::NoQuery $(, $query)?);
            type RequestHeaders =
                $crate::declare_api_endpoint!(@or $crate::endpoint::headers::NoHeaders $(, $request_headers)?);
            type Request = $crate::declare_api_endpoint!(@or $crate::endpoint::body::NoBody $(, $request)?);
            type ResponseHeaders =
                $crate::declare_api_endpoint!(@or $crate::endpoint::headers::NoHeaders $(, $response_headers)?);
            type Response = $response;
            type Error = $crate::declare_api_endpoint!(@or $crate::error::NoError $(, $error)?);
        }

        const _: () = $crate::endpoint::path::check_auth(
            <$crate::auth::$auth as $crate::auth::Auth>::KIND,
            <$name as $crate::endpoint::ApiEndpoint>::PERMISSION.is_some(),
            &<$name as $crate::endpoint::ApiEndpoint>::PATH,
        );
    };
    (@or $default:ty) => { $default };
    (@or $default:ty, $given:ty) => { $given };
    (@permission) => { None };
    (@permission $permission:ident) => { Some($crate::auth::Permission::$permission) };
    (#[doc = $summary:literal] $name:ident : $method:ident $path:literal { path: $($rest:tt)* }) => {
        compile_error!(concat!(
            "`", stringify!($name), "` does not say who may call it: begin with `auth: Member(..)` and a permission, \
             `auth: User`, `auth: Runner`, `auth: Internal` or `auth: NoAuth`",
        ));
    };
    ($($anything:tt)*) => {
        compile_error!(
            "this is no declaration of an endpoint. It is one line of `///`, then `Name: METHOD \"/path\" { .. }` with \
             `auth`, `path`, `query`, `request_headers`, `request`, `response_headers`, `response` and `errors` in this \
             order, each ended by a comma; all but `auth`, `path` and `response` may be left out"
        );
    };
}
