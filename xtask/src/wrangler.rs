//! The two wrangler.toml as what Miniflare wants, so that a binding is named in one place.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::root;
use crate::scripts::Script;

/// The Worker of the local edge that has the files of the dashboard.
pub(crate) const ASSETS_WORKER: &str = "patr-assets";
const ASSETS_SCRIPT: &str = "export default { fetch: (request, env) => env.FILES.fetch(request) };";

/// The part of a wrangler.toml that the local edge needs.
#[derive(Deserialize)]
pub(crate) struct Config {
    name: String,
    compatibility_date: String,
    #[serde(default)]
    compatibility_flags: Vec<String>,
    #[serde(default)]
    vars: BTreeMap<String, String>,
    #[serde(default)]
    d1_databases: Vec<D1>,
    #[serde(default)]
    kv_namespaces: Vec<Kv>,
    #[serde(default)]
    durable_objects: Objects,
    #[serde(default)]
    services: Vec<Service>,
    #[serde(default)]
    triggers: Triggers,
    assets: Option<Assets>,
}

/// The files that are uploaded with a script.
#[derive(Deserialize)]
struct Assets {
    directory: String,
    binding: String,
    html_handling: String,
    not_found_handling: String,
}

#[derive(Deserialize)]
struct D1 {
    binding: String,
    database_name: String,
    migrations_dir: String,
}

#[derive(Deserialize)]
struct Kv {
    binding: String,
}

#[derive(Default, Deserialize)]
struct Objects {
    bindings: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    name: String,
    class_name: String,
    script_name: Option<String>,
}

#[derive(Deserialize)]
struct Service {
    binding: String,
    service: String,
}

#[derive(Default, Deserialize)]
struct Triggers {
    crons: Vec<String>,
}

impl Config {
    /// # Errors
    /// The file cannot be read, or lacks something.
    pub(crate) fn read(script: &Script) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root().join(script.config))
            .with_context(|| format!("reading {}", script.config))?;
        toml::from_str(&text).with_context(|| format!("in {}", script.config))
    }

    /// The worker options of Miniflare; `own` replaces vars of the same name and adds secrets.
    pub(crate) fn miniflare(&self, script: &Script, own: &BTreeMap<&str, String>) -> Value {
        let build = script.build_dir();
        let mut bindings: Map<String, Value> =
            self.vars.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        bindings.extend(own.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        json!({
            "name": self.name,
            "compatibilityDate": self.compatibility_date,
            "compatibilityFlags": self.compatibility_flags,
            "modulesRoot": build,
            "modules": [
                { "type": "ESModule", "path": build.join("index.js") },
                { "type": "CompiledWasm", "path": build.join("index_bg.wasm") },
            ],
            "bindings": bindings,
            // The ids under which the state is kept are the names: they outlive any id of an account.
            "d1Databases": named(self.d1_databases.iter().map(|d1| (&d1.binding, json!(d1.database_name)))),
            "kvNamespaces": named(self.kv_namespaces.iter().map(|kv| (&kv.binding, json!(kv.binding)))),
            "durableObjects": named(self.durable_objects.bindings.iter().map(|o| (&o.name, o.miniflare()))),
            "serviceBindings": named(self.services.iter().map(|s| (&s.binding, json!(s.service)))),
        })
    }

    /// The files of the script behind a Worker of their own, and the binding that leads to it. Miniflare would else put its
    /// router before the script, which `run_worker_first` does without: every request to a managed URL would pay for it. They
    /// are those of another folder where one is given.
    pub(crate) fn assets(&self, folder: Option<PathBuf>) -> Option<(&str, Value)> {
        let assets = self.assets.as_ref()?;
        let worker = json!({
            "name": ASSETS_WORKER,
            "compatibilityDate": self.compatibility_date,
            "modules": [{ "type": "ESModule", "path": "assets.js", "contents": ASSETS_SCRIPT }],
            "assets": {
                "directory": folder.unwrap_or_else(|| root().join(&assets.directory)),
                "binding": "FILES",
                "workerName": ASSETS_WORKER,
                "assetConfig": {
                    "html_handling": assets.html_handling,
                    "not_found_handling": assets.not_found_handling,
                },
            },
        });
        Some((&assets.binding, worker))
    }

    /// What the start script does besides running the script.
    pub(crate) fn duties(&self) -> Value {
        json!({
            "worker": self.name,
            "crons": self.triggers.crons,
            "databases": self.d1_databases.iter().map(|d1| json!({
                "binding": d1.binding,
                "migrations": root().join(&d1.migrations_dir),
            })).collect::<Vec<_>>(),
        })
    }
}

impl Object {
    fn miniflare(&self) -> Value {
        let mut object = json!({ "className": self.class_name, "useSQLite": true });
        if let Some(script) = &self.script_name {
            object["scriptName"] = json!(script);
        }
        object
    }
}

fn named<'a>(pairs: impl Iterator<Item = (&'a String, Value)>) -> Value {
    Value::Object(pairs.map(|(name, value)| (name.clone(), value)).collect())
}
