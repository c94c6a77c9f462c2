//! `cargo xtask tidy`: rules of this repository that no lint knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{root, sh};

/// Which of our crates a crate may use. Every other edge is refused.
const EDGES: &[(&str, &[&str])] = &[
    ("patr-models", &[]),
    ("patr-tunnel", &[]),
    ("patr-durable-objects", &["patr-models", "patr-tunnel"]),
    ("patr-worker", &["patr-models"]),
    ("patr-runner", &["patr-models", "patr-tunnel"]),
    ("patr-folder", &["patr-models"]),
    ("patr-cli", &["patr-folder", "patr-models"]),
    ("patr-site", &["patr-folder", "patr-models"]),
    ("patr-example-web", &[]),
    ("patr-example-processes", &["patr-models", "patr-runner"]),
    ("patr-stories", &["patr-models", "patr-worker", "patr-runner"]),
    ("xtask", &["patr-models"]),
];

/// What the crates without IO never use.
const PURE: &[&str] = &["patr-models", "patr-tunnel", "patr-folder"];
const PLATFORMS: &[&str] = &["tokio", "worker", "reqwest", "hyper", "axum", "bollard"];

/// What decides in an object.
const CORE: [&str; 5] = [
    "durable-objects/src/session/core.rs",
    "durable-objects/src/session/saved.rs",
    "durable-objects/src/session/changes.rs",
    "durable-objects/src/feed/gather.rs",
    "durable-objects/src/feed/tab.rs",
];

/// Lines of a file before its tests.
const MAX_LINES: usize = 400;

/// The page about the wire, and the files that it is about.
const WIRE_PAGE: &str = "docs/wire.md";
const WIRE_FILES: [&str; 2] = ["models/src/wire.rs", "tunnel/src/frame.rs"];

/// # Errors
/// Lists everything that breaks a rule.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut found = edges()?;
    for path in sources()? {
        // A file that was deleted and is still in git's index.
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        found.extend(source(&path, &text));
    }
    found.extend(wire()?);
    if !found.is_empty() {
        bail!("{}", found.join("\n"));
    }
    println!("tidy");
    Ok(())
}

fn edges() -> anyhow::Result<Vec<String>> {
    let said = sh::output(sh::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&said)?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    Ok(packages.iter().flat_map(package).collect())
}

fn package(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some((_, allowed)) = EDGES.iter().find(|(crate_name, _)| *crate_name == name) else {
        return vec![format!("{name}: say in xtask/src/tidy.rs which of our crates it may use")];
    };
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies
        .filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| {
            let used = dependency["name"].as_str().unwrap_or_default();
            let ours = dependency["path"].is_string();
            let wrong = if ours {
                !allowed.contains(&used)
            } else {
                PURE.contains(&name) && PLATFORMS.contains(&used)
            };
            wrong.then(|| format!("{name} must not use {used}"))
        })
        .collect()
}

fn sources() -> anyhow::Result<Vec<String>> {
    let said = sh::output(
        Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
            .current_dir(root()),
    )?;
    // This file says the words that it looks for.
    Ok(said.lines().filter(|path| *path != "xtask/src/tidy.rs").map(str::to_owned).collect())
}

/// What is wrong with one file.
fn source(path: &str, text: &str) -> Vec<String> {
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
    let mut found = Vec::new();
    if !is_test(path) && code > MAX_LINES {
        found.push(format!("{path}: {code} lines before its tests, the limit is {MAX_LINES}"));
    }
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let said = line.split("//").next().unwrap_or_default();
        if said.contains("todo!(") || said.contains("unimplemented!(") {
            found.push(format!("{path}:{number}: finish it or leave it out"));
        }
        // The harness waits for conditions, which it has to look at again and again; on tokio's paused clock no time
        // passes at all, and the line says that it is meant.
        if said.contains("sleep(")
            && !line.contains("// On the paused clock.")
            && (index > code || is_test(path))
            && !path.starts_with("tests/src/")
        {
            found.push(format!("{path}:{number}: a test waits for a condition, never for a duration"));
        }
        if CORE.contains(&path) && said.contains("worker::") {
            found.push(format!("{path}:{number}: the core knows no platform"));
        }
    }
    found
}

/// Whether the page about the wire was looked at since its files changed.
fn wire() -> anyhow::Result<Option<String>> {
    let read = |path: &str| fs::read_to_string(root().join(path)).with_context(|| path.to_owned());
    let files = WIRE_FILES.iter().map(|path| read(path)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(stale(&read(WIRE_PAGE)?, &files))
}

fn stale(page: &str, files: &[String]) -> Option<String> {
    let hash: String =
        Sha256::digest(files.concat()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let said = format!("<!-- hash of {}: {hash} -->", WIRE_FILES.join(" and "));
    let problem =
        || format!("{WIRE_PAGE}: what it is about has changed. Is it still true? Then its header is {said}");
    (!page.lines().any(|line| line == said)).then(problem)
}

fn is_test(path: &str) -> bool {
    let mut folders = Path::new(path).components().map(|part| part.as_os_str());
    folders.any(|part| part == "tests" || part == "tests.rs") || path.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_found_in_tests_only() {
        let text = "fn a() { sleep(1) }\n#[cfg(test)]\nmod tests {\nfn b() { sleep(1) }\n}\n";
        assert_eq!(source("cli/src/a.rs", text).len(), 1);
        assert_eq!(source("tests/it/a.rs", text).len(), 2);
        assert_eq!(source("tests/it/a.rs", "sleep(1); // On the paused clock.").len(), 0);
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_tests() {
        let text = "\n".repeat(MAX_LINES + 1);
        assert_eq!(source("cli/src/a.rs", &text).len(), 1);
        assert_eq!(source("cli/tests/a.rs", &text), Vec::<String>::new());
        assert_eq!(source("cli/src/a.rs", &format!("#[cfg(test)]\n{text}")), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_is_not_drawn_is_found() {
        let worker = serde_json::json!({ "name": "patr-worker", "dependencies": [
            { "name": "patr-tunnel", "path": "tunnel", "kind": null },
            { "name": "patr-models", "path": "models", "kind": null },
        ]});
        assert_eq!(package(&worker), ["patr-worker must not use patr-tunnel"]);
    }

    #[test]
    fn a_page_about_other_files_than_there_are_is_found_and_told_its_header() {
        let files = ["a".to_owned(), "b".to_owned()];
        let problem = stale("# The wire\n", &files).unwrap();
        let header = &problem[problem.find("<!--").unwrap()..];
        assert_eq!(stale(&format!("# The wire\n{header}\n"), &files), None);
        assert!(stale(header, &["a".to_owned(), "c".to_owned()]).is_some());
    }
}
