//! An API server in memory: what is applied is kept, what is owned goes with its owner, and nothing is made of it by anybody
//! but the test.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::{
    Client,
    client::{Body, ClientBuilder},
};
use serde_json::{Value, json};
use tower::Service;

use super::{Term, rights};

/// Of replicas, and of agents.
pub(super) const NAMESPACE: &str = "patr-acme";
pub(super) const AGENTS: &str = "patr-acme-agent";

#[derive(Clone)]
pub(super) struct Server(Arc<Mutex<State>>);

impl Default for Server {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { granted: rights::granted(), ..State::default() })))
    }
}

#[derive(Default)]
struct State {
    /// What may be done, and what was.
    granted: BTreeSet<String>,
    used: BTreeSet<String>,
    /// By `plural/name`.
    objects: BTreeMap<String, Value>,
    /// Every change that was asked for, such as `apply deployments`.
    changes: Vec<String>,
    made: u32,
    /// What becomes of a container, by its policy and image.
    nodes: HashMap<String, Value>,
    /// A cluster that is too old leaves fields out.
    forgets_signals: bool,
    away: bool,
    /// Why no pod is admitted.
    refuses: Option<String>,
}

/// What a request is about.
struct Asked {
    namespace: String,
    group: String,
    kind: String,
    name: Option<String>,
    /// Such as `log`.
    of: Option<String>,
    selector: Option<String>,
    watch: bool,
    dry_run: bool,
    method: Method,
}

impl Asked {
    fn of(request: &Request<Body>) -> Self {
        let (before, rest) = request.uri().path().split_once("/namespaces/").expect("only of namespaces");
        let group = match before.strip_prefix("/apis/") {
            Some(group) => group.split('/').next().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let mut words = rest.split('/').map(str::to_owned);
        let namespace = words.next().unwrap_or_default();
        let kind = words.next().unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        let pairs: HashMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Self {
            namespace,
            group,
            kind,
            name: words.next(),
            of: words.next(),
            selector: pairs.get("labelSelector").map(|value| value.replace("%2F", "/").replace("%3D", "=")),
            watch: pairs.contains_key("watch"),
            dry_run: pairs.contains_key("dryRun"),
            method: request.method().clone(),
        }
    }

    /// As the server's authorisation has it.
    fn right(&self, verb: &str) -> String {
        rights::right(
            &self.namespace,
            (&self.group, &self.kind, self.of.as_deref()),
            self.name.as_deref(),
            verb,
        )
    }

    fn verb(&self) -> &'static str {
        match (&self.method, &self.name) {
            (&Method::GET, Some(_)) => "get",
            (&Method::GET, None) if self.watch => "watch",
            (&Method::GET, None) => "list",
            (&Method::POST, _) => "create",
            (&Method::PATCH, _) => "patch",
            (&Method::PUT, _) => "update",
            (&Method::DELETE, _) => "delete",
            (other, _) => panic!("{other}"),
        }
    }
}

impl Server {
    pub(super) fn client(&self) -> Client {
        Client::new(self.service(), NAMESPACE)
    }

    /// A client that changes nothing out of a term.
    pub(super) fn client_of(&self, term: &Term) -> Client {
        term.client(ClientBuilder::new(self.service(), NAMESPACE))
    }

    fn service(
        &self,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Send + 'static
    {
        let server = self.clone();
        tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        })
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

    /// Somebody deletes all of a kind.
    pub(super) fn loses(&self, kind: &str) {
        let of = format!("{kind}/");
        self.state().objects.retain(|key, _| !key.starts_with(&of));
    }

    pub(super) fn changes(&self) -> Vec<String> {
        std::mem::take(&mut self.state().changes)
    }

    /// What was done until now, of all that has to be granted.
    pub(super) fn used(&self) -> BTreeSet<String> {
        self.state().used.clone()
    }

    pub(super) fn runs(&self, image: &str, status: Value) {
        self.state().nodes.insert(image.to_owned(), status);
    }

    pub(super) fn forgets_signals(&self) {
        self.state().forgets_signals = true;
    }

    pub(super) fn refuses(&self, why: &str) {
        self.state().refuses = Some(why.to_owned());
    }

    pub(super) fn admits(&self) {
        self.state().refuses = None;
    }

    pub(super) fn is_away(&self) {
        self.state().away = true;
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let asked = Asked::of(&request);
        let is_apply =
            request.headers().get("content-type").is_some_and(|kind| kind == "application/apply-patch+yaml");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut state = self.state();
        let (code, answer) = if state.away {
            failed(503, "the server is currently unable to handle the request")
        } else {
            let body = serde_json::from_slice(&body).unwrap_or_default();
            state.answer(&asked, is_apply, body)
        };
        let answer = Body::from(serde_json::to_vec(&answer).unwrap());
        Response::builder().status(code).body(answer).unwrap()
    }
}

fn failed(code: u16, message: &str) -> (u16, Value) {
    let reason = match code {
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        _ => "ServiceUnavailable",
    };
    (
        code,
        json!({ "kind": "Status", "status": "Failure", "code": code, "message": message, "reason": reason }),
    )
}

impl State {
    /// Whether something may be done, which is remembered.
    fn may(&mut self, right: String) -> bool {
        let may = self.granted.contains(&right);
        self.used.insert(right);
        may
    }

    fn answer(&mut self, asked: &Asked, is_apply: bool, body: Value) -> (u16, Value) {
        if !self.may(asked.right(asked.verb())) {
            return failed(403, &format!("{} is forbidden", asked.right(asked.verb())));
        }
        if asked.dry_run {
            return self.refuses.as_ref().map_or((200, body), |why| failed(403, why));
        }
        if asked.watch || asked.of.is_some() {
            return failed(404, "that is not here");
        }
        let Some(name) = asked.name.clone().or_else(|| Some(body["metadata"]["name"].as_str()?.to_owned()))
        else {
            return (200, self.list(asked));
        };
        let key = format!("{}/{name}", asked.kind);
        let missing = || failed(404, &format!("{key} not found"));
        match asked.method {
            Method::GET => self.objects.get(&key).map_or_else(missing, |object| (200, object.clone())),
            Method::DELETE => {
                self.changes.push(format!("delete {}", asked.kind));
                self.remove(&key)
                    .map_or_else(missing, |_| (200, json!({ "kind": "Status", "status": "Success" })))
            }
            // Whoever applies what is not there yet makes it.
            Method::PATCH
                if is_apply && !self.objects.contains_key(&key) && !self.may(asked.right("create")) =>
            {
                failed(403, &format!("{} is forbidden", asked.right("create")))
            }
            Method::PUT
                if self.objects[&key]["metadata"]["resourceVersion"]
                    != body["metadata"]["resourceVersion"] =>
            {
                failed(409, "the object has been modified")
            }
            _ if self.objects.contains_key(&key) || is_apply || asked.method == Method::POST => {
                self.changes.push(format!("{} {}", if is_apply { "apply" } else { "change" }, asked.kind));
                (200, self.write(&key, body, asked.method == Method::PUT))
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
        json!({ "metadata": { "resourceVersion": "1" }, "items": items.map(|(_, object)| object).collect::<Vec<_>>() })
    }

    fn write(&mut self, key: &str, body: Value, replaces: bool) -> Value {
        self.made += 1;
        let uid = format!("uid-{}", self.made);
        let object =
            self.objects.entry(key.to_owned()).or_insert_with(|| json!({ "metadata": { "uid": uid } }));
        let before = object.clone();
        if replaces {
            *object = body;
        } else {
            merge(object, body);
        }
        if *object != before {
            object["metadata"]["resourceVersion"] = json!(self.made.to_string());
        }
        if self.forgets_signals {
            let lifecycle = object.pointer_mut("/spec/template/spec/containers/0/lifecycle");
            if let Some(lifecycle) = lifecycle.and_then(Value::as_object_mut) {
                lifecycle.remove("stopSignal");
            }
        }
        if key.starts_with("pods/") && object["status"].is_null() {
            object["status"] = of_node(&self.nodes, &object["spec"]);
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

/// What a node says of a pod: of each container what was said before of such an image.
fn of_node(nodes: &HashMap<String, Value>, pod: &Value) -> Value {
    let containers = pod["containers"].as_array().into_iter().flatten();
    let statuses = containers.map(|one| {
        let asked = [&one["imagePullPolicy"], &one["image"]].map(|word| word.as_str().unwrap_or_default());
        let missing = || json!({ "imageID": "", "state": { "waiting": { "reason": "ErrImageNeverPull" } } });
        let mut status = nodes.get(&asked.join(" ")).cloned().unwrap_or_else(missing);
        let name = json!({ "name": one["name"], "image": one["image"], "ready": false, "restartCount": 0 });
        merge(&mut status, name);
        status
    });
    json!({ "phase": "Failed", "containerStatuses": statuses.collect::<Vec<_>>() })
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
