//! Builds of the dashboard, as an edge serves them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// Where the one that was built is; `cargo xtask edge` serves what this names.
pub(crate) const FOLDER: &str = "PATR_DASHBOARD";

/// A build that differs from the one under test: no file but the page has the name that it has there.
pub struct Dashboard {
    folder: TempDir,
    script: String,
}

impl Dashboard {
    /// The build under test under other names, as each build has them that changed anything.
    pub fn other() -> Self {
        let built = PathBuf::from(std::env::var_os(FOLDER).expect("run the stories with `cargo xtask test`"));
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        let assets = fs::read_dir(built.join("assets")).unwrap();
        let names: Vec<String> =
            assets.map(|asset| asset.unwrap().file_name().into_string().unwrap()).collect();
        let plain = names.iter().filter(|name| !name.ends_with(".br"));
        let stems: Vec<&str> = plain.filter_map(|name| name.rsplit_once('.')).map(|(stem, _)| stem).collect();
        let renamed = |text: String| {
            stems.iter().fold(text, |text, stem| text.replace(&format!("{stem}."), &format!("{stem}0.")))
        };
        let mut script = None;
        for name in &names {
            let (file, to) =
                (built.join("assets").join(name), folder.path().join("assets").join(renamed(name.clone())));
            if name.ends_with(".js") {
                let text = renamed(fs::read_to_string(&file).unwrap());
                compress(&text, &to);
                fs::write(&to, text).unwrap();
                if name.starts_with("patr-") {
                    script = Some(format!("/assets/{}", renamed(name.clone())));
                }
            } else if !name.ends_with(".js.br") {
                fs::copy(&file, &to).unwrap();
            }
        }
        let page = fs::read_to_string(built.join("index.html")).unwrap();
        fs::write(folder.path().join("index.html"), renamed(page)).unwrap();
        Self { folder, script: script.expect("a dashboard has a script") }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the script that its page begins with.
    pub fn script(&self) -> &str {
        &self.script
    }
}

/// Writes what is served to who takes brotli.
fn compress(text: &str, beside: &Path) {
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut text.as_bytes(), &mut coded, &brotli::enc::BrotliEncoderParams::default())
        .unwrap();
    fs::write(format!("{}.br", beside.display()), coded).unwrap();
}
