//! An API server in memory: what is applied is kept, what is owned goes with its owner, and nothing is made of it by anybody
//! but the test.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde_json::{Value, json};

pub(super) const NAMESPACE: &str = "patr-acme";

#[derive(Clone, Default)]
pub(super) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// By `plural/name`.
    objects: BTreeMap<String, Value>,
    /// Every change that was asked for, such as `apply deployments`.
    changes: Vec<String>,
    made: u32,
    /// What becomes of a pod that is made, by its image.
    nodes: HashMap<String, Value>,
    /// A cluster that is too old leaves fields out.
    forgets_signals: bool,
    away: bool,
}

/// What a request is about.
struct Asked {
    kind: String,
    name: Option<String>,
    selector: Option<String>,
}

impl Asked {
    fn of(request: &Request<Body>) -> Self {
        let path = request.uri().path();
        let (_, rest) = path.split_once(&format!("/namespaces/{NAMESPACE}/")).expect("only of its namespace");
        let mut words = rest.split('/');
        let kind = words.next().unwrap_or_default().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let selector = pairs
            .find(|(name, _)| *name == "labelSelector")
            .map(|(_, value)| value.replace("%2F", "/").replace("%3D", "="));
        Self { kind, name: words.next().map(str::to_owned), selector }
    }
}

impl Server {
    pub(super) fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        Client::new(service, NAMESPACE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn puts(&self, kind: &str, object: Value) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        self.state().objects.insert(format!("{kind}/{name}"), object);
    }

    pub(super) fn all(&self, kind: &str) -> Vec<Value> {
        let of = format!("{kind}/");
        self.state()
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(&of))
            .map(|(_, one)| one.clone())
            .collect()
    }

    /// Changes the only object of a kind.
    pub(super) fn change(&self, kind: &str, change: impl FnOnce(&mut Value)) {
        let of = format!("{kind}/");
        let mut state = self.state();
        let (_, object) = state.objects.iter_mut().find(|(key, _)| key.starts_with(&of)).unwrap();
        change(object);
    }

    pub(super) fn changes(&self) -> Vec<String> {
        std::mem::take(&mut self.state().changes)
    }

    pub(super) fn runs(&self, image: &str, status: Value) {
        self.state().nodes.insert(image.to_owned(), status);
    }

    pub(super) fn forgets_signals(&self) {
        self.state().forgets_signals = true;
    }

    pub(super) fn is_away(&self) {
        self.state().away = true;
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (asked, method) = (Asked::of(&request), request.method().clone());
        let is_apply =
            request.headers().get("content-type").is_some_and(|kind| kind == "application/apply-patch+yaml");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut state = self.state();
        let (code, answer) = if state.away {
            failed(503, "the server is currently unable to handle the request")
        } else {
            let body = serde_json::from_slice(&body).unwrap_or_default();
            state.answer(&method, &asked, is_apply, body)
        };
        let answer = Body::from(serde_json::to_vec(&answer).unwrap());
        Response::builder().status(code).body(answer).unwrap()
    }
}

fn failed(code: u16, message: &str) -> (u16, Value) {
    (code, json!({ "kind": "Status", "status": "Failure", "code": code, "message": message, "reason": "x" }))
}

impl State {
    fn answer(&mut self, method: &Method, asked: &Asked, is_apply: bool, body: Value) -> (u16, Value) {
        let Some(name) = asked.name.clone().or_else(|| Some(body["metadata"]["name"].as_str()?.to_owned()))
        else {
            return (200, self.list(asked));
        };
        let key = format!("{}/{name}", asked.kind);
        let missing = || failed(404, &format!("{key} not found"));
        match *method {
            Method::GET => self.objects.get(&key).map_or_else(missing, |object| (200, object.clone())),
            Method::DELETE => {
                self.changes.push(format!("delete {}", asked.kind));
                self.remove(&key)
                    .map_or_else(missing, |_| (200, json!({ "kind": "Status", "status": "Success" })))
            }
            _ if self.objects.contains_key(&key) || is_apply || *method == Method::POST => {
                self.changes.push(format!("{} {}", if is_apply { "apply" } else { "change" }, asked.kind));
                (200, self.write(&key, body))
            }
            _ => missing(),
        }
    }

    fn list(&self, asked: &Asked) -> Value {
        let of = format!("{}/", asked.kind);
        let fits =
            |object: &Value| match asked.selector.as_deref().map(|text| text.split_once('=').ok_or(text)) {
                None => true,
                Some(Ok((label, value))) => object["metadata"]["labels"][label] == value,
                Some(Err(label)) => !object["metadata"]["labels"][label].is_null(),
            };
        let items = self.objects.iter().filter(|(key, object)| key.starts_with(&of) && fits(object));
        json!({ "metadata": {}, "items": items.map(|(_, object)| object).collect::<Vec<_>>() })
    }

    fn write(&mut self, key: &str, body: Value) -> Value {
        self.made += 1;
        let uid = format!("uid-{}", self.made);
        let object =
            self.objects.entry(key.to_owned()).or_insert_with(|| json!({ "metadata": { "uid": uid } }));
        merge(object, body);
        if self.forgets_signals {
            let lifecycle = object.pointer_mut("/spec/template/spec/containers/0/lifecycle");
            if let Some(lifecycle) = lifecycle.and_then(Value::as_object_mut) {
                lifecycle.remove("stopSignal");
            }
        }
        let image = object.pointer("/spec/containers/0/image").and_then(Value::as_str);
        let policy = object.pointer("/spec/containers/0/imagePullPolicy").and_then(Value::as_str);
        let of_node =
            image.zip(policy).and_then(|(image, policy)| self.nodes.get(&format!("{policy} {image}")));
        if let Some(status) = of_node {
            object["status"] = status.clone();
        }
        object.clone()
    }

    fn remove(&mut self, key: &str) -> Option<Value> {
        let gone = self.objects.remove(key)?;
        let uid = gone["metadata"]["uid"].clone();
        self.objects
            .retain(|_, object| object["metadata"]["ownerReferences"][0]["uid"] != uid || uid.is_null());
        Some(gone)
    }
}

/// RFC 7396.
fn merge(into: &mut Value, from: Value) {
    match from {
        Value::Object(from) => {
            if !into.is_object() {
                *into = json!({});
            }
            let Some(into) = into.as_object_mut() else { return };
            for (name, value) in from {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        other => *into = other,
    }
}
