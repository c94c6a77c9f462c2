//! The OpenAPI 3.1 document, from the route table.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    auth::{Auth, AuthKind},
    endpoint::{
        ApiEndpoint,
        body::{JSON, RequestBody, ResponseBody},
        headers::{HeaderDoc, Headers},
        path::PathParams,
    },
    error::{ApiError, Common, ErrorBody, ErrorDoc},
    routes::Route,
};

/// The document of the public API.
pub fn document() -> Value {
    let mut builder = Builder::new();
    for route in Route::ALL {
        route.describe(&mut builder);
    }
    builder.finish()
}

/// Collects operations and the schemas that they share.
pub struct Builder {
    generator: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Builder {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self { generator: settings.into_generator(), paths: Map::new() }
    }

    /// Adds the operation of one endpoint.
    pub fn add<E: ApiEndpoint>(&mut self, tag: &str) {
        let operation = self.operation::<E>(tag);
        let path = self.paths.entry(E::PATH.as_str()).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(E::METHOD.as_str().to_ascii_lowercase(), operation);
        }
    }

    fn operation<E: ApiEndpoint>(&mut self, tag: &str) -> Value {
        let mut operation = json!({
            "operationId": E::NAME,
            "summary": E::SUMMARY,
            "tags": [tag],
            "parameters": self.parameters::<E>(),
            "responses": self.responses::<E>(),
        });
        if let (Some(media), Some(schema)) = (E::Request::MEDIA, E::Request::schema(&mut self.generator)) {
            operation["requestBody"] =
                json!({ "required": true, "content": { media: { "schema": schema } } });
        }
        operation["security"] = match <E::Auth as Auth>::KIND {
            AuthKind::NoAuth => json!([]),
            AuthKind::Runner => json!([{ "runner": [] }]),
            AuthKind::User | AuthKind::Member | AuthKind::Internal => json!([{ "user": [] }]),
        };
        if let Some(permission) = E::PERMISSION {
            operation["x-permission"] = json!(permission.as_str());
        }
        operation
    }

    fn parameters<E: ApiEndpoint>(&mut self) -> Vec<Value> {
        let path = E::Path::NAMES.iter().map(
            |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        );
        let headers = E::RequestHeaders::DOCS.iter().map(|doc| {
            json!({ "name": doc.name, "in": "header", "required": doc.required, "schema": { "type": "string" } })
        });
        let mut parameters: Vec<Value> = path.chain(headers).collect();
        parameters.extend(self.query::<E>());
        parameters
    }

    fn query<E: ApiEndpoint>(&mut self) -> Vec<Value> {
        // Inlined: a query's fields become parameters, never a component of their own.
        let schema = <E::Query as schemars::JsonSchema>::json_schema(&mut self.generator).to_value();
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name))
        };
        let fields = schema["properties"].as_object().cloned().unwrap_or_default();
        fields
            .into_iter()
            .map(|(name, field)| json!({ "required": required(&name), "name": name, "in": "query", "schema": field }))
            .collect()
    }

    fn responses<E: ApiEndpoint>(&mut self) -> Value {
        let mut responses = Map::new();
        let mut success = json!({ "description": "Success" });
        if let (Some(media), Some(schema)) = (E::Response::MEDIA, E::Response::schema(&mut self.generator)) {
            success["content"] = json!({ media: { "schema": schema } });
        }
        let headers: Map<String, Value> = E::ResponseHeaders::DOCS.iter().map(header).collect();
        if !headers.is_empty() {
            success["headers"] = Value::Object(headers);
        }
        responses.insert(E::Response::STATUS.as_str().to_owned(), success);
        self.generator.subschema_for::<ErrorBody>();
        for (status, codes) in errors::<E>() {
            responses.insert(status, failure(&codes));
        }
        responses.insert("default".to_owned(), failure(&["internal"]));
        Value::Object(responses)
    }

    fn finish(mut self) -> Value {
        let schemas = self.generator.take_definitions(true);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Patr",
                "version": env!("CARGO_PKG_VERSION"),
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "user": { "type": "http", "scheme": "bearer", "description": "A session or an API token" },
                    "runner": { "type": "http", "scheme": "bearer", "description": "A runner's token" },
                },
            },
        })
    }
}

fn header(doc: &HeaderDoc) -> (String, Value) {
    (doc.name.to_owned(), json!({ "required": doc.required, "schema": { "type": "string" } }))
}

fn failure(codes: &[&str]) -> Value {
    json!({
        "description": codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", "),
        "content": { JSON: { "schema": { "$ref": "#/components/schemas/ErrorBody" } } },
    })
}

/// The codes of an endpoint by status: its own, and those of [`Common`].
fn errors<E: ApiEndpoint>() -> std::collections::BTreeMap<String, Vec<&'static str>> {
    let mut all = std::collections::BTreeMap::<String, Vec<&'static str>>::new();
    for ErrorDoc { status, code } in E::Error::DOCS.iter().chain(Common::DOCS) {
        all.entry(status.get().to_string()).or_default().push(code);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_the_one_that_the_declarations_make() {
        let committed = include_str!("../openapi.json");
        let committed: Value = serde_json::from_str(committed).unwrap();
        assert!(committed == document(), "run `cargo xtask openapi` and review the change of the API");
    }

    #[test]
    fn no_two_operations_share_a_name() {
        let mut names: Vec<_> = Route::ALL.iter().map(|route| route.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Route::ALL.len());
    }
}
