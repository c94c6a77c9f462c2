//! A folder to publish, with what it says of itself.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use patr_folder::rules::{HEADERS, REDIRECTS, RuleFiles, Trouble, Upstream};
use patr_models::site::{
    Access,
    config::{HtmlHandling, NotFound, ServeConfig},
    manifest::CONFIG_MAX,
};

use super::{
    site_file::{self, SiteFile},
    walk::{Found, walk},
};
use crate::{
    failure::{Failure, doing},
    text,
};

/// What flags say instead of the folder.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Overrides {
    pub(crate) html_handling: Option<HtmlHandling>,
    pub(crate) not_found: Option<NotFound>,
}

/// See the module.
pub(crate) struct Folder {
    root: PathBuf,
    html_handling: HtmlHandling,
    not_found: NotFound,
    access: Option<Access>,
    rules: RuleFiles,
    immutable: Gitignore,
    ignore: Gitignore,
}

impl Folder {
    /// Reads what the folder says of itself, and checks all of it.
    pub(crate) fn open(root: &Path, overrides: Overrides) -> Result<Self, Failure> {
        if !root.is_dir() {
            return Err(Failure::usage(format!("{} is not a folder", root.display())));
        }
        let file = read(root, site_file::NAME)?.map(|content| SiteFile::read(&content)).transpose();
        let file = file.map_err(|troubles| refused(root, &troubles))?.unwrap_or_default();
        let folder = Self {
            root: root.to_owned(),
            html_handling: overrides.html_handling.or(file.html_handling).unwrap_or_default(),
            not_found: overrides.not_found.or(file.not_found).unwrap_or_default(),
            access: file.access,
            rules: RuleFiles { redirects: read(root, REDIRECTS)?, headers: read(root, HEADERS)? },
            immutable: globs("immutable", &file.immutable)?,
            ignore: globs("ignore", &file.ignore)?,
        };
        folder.config(&HashMap::new())?;
        Ok(folder)
    }

    /// The files to publish, sorted by path.
    pub(crate) fn walk(&self) -> Result<Vec<Found>, Failure> {
        let found = walk(&self.root, &|path, is_folder| self.is_ignored(path, is_folder))?;
        if found.is_empty() {
            let message = format!("{} has no files to publish", self.root.display());
            return Err(Failure::usage(message).hint("is it the folder that your build writes to?"));
        }
        Ok(found)
    }

    fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        [site_file::NAME, REDIRECTS, HEADERS].contains(&path)
            || self.ignore.matched(path, is_folder).is_ignore()
    }

    /// Whether the folder says that a file's name changes with its content; `None` when it says nothing.
    pub(crate) fn is_immutable(&self, path: &str) -> Option<bool> {
        match self.immutable.matched_path_or_any_parents(path, false) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        }
    }

    /// Who may see the site, if the folder says so.
    pub(crate) fn access(&self) -> Option<Access> {
        self.access
    }

    /// The deployments that its redirects name.
    pub(crate) fn upstreams(&self) -> Vec<Upstream> {
        self.rules.upstreams()
    }

    /// How the version is served, with the addresses of [`Self::upstreams`]; or everything that is wrong with it.
    pub(crate) fn config(&self, addresses: &HashMap<Upstream, String>) -> Result<ServeConfig, Failure> {
        let rules = self.rules.rules(self.html_handling, addresses);
        let (redirects, headers) = rules.map_err(|troubles| refused(&self.root, &troubles))?;
        let (html_handling, not_found) = (self.html_handling, self.not_found);
        let config = ServeConfig { html_handling, not_found, redirects, headers };
        let bytes = config.write();
        if bytes.len() > CONFIG_MAX {
            let (size, most) = (text::bytes(bytes.len() as u64), text::bytes(CONFIG_MAX as u64));
            return Err(Failure::usage(format!("the rules take {size}; at most {most} are possible")));
        }
        // Their number is checked where they are read.
        ServeConfig::read(&bytes).map_err(|error| Failure::usage(error.to_string()))
    }

    /// What a person may want to know although it is no mistake.
    pub(crate) fn warnings(&self, config: &ServeConfig, found: &[Found]) -> Vec<String> {
        let never = self.rules.never_reached(&config.redirects);
        let mut warnings: Vec<String> = never.iter().map(ToString::to_string).collect();
        let has_index = found.iter().any(|found| found.path == "index.html");
        let at_root = |rule: &patr_models::site::rules::Redirect| rule.from.matches("", "/").is_some();
        if !has_index && self.not_found == NotFound::SinglePage {
            warnings.push("there is no index.html, which a single-page application answers with".to_owned());
        } else if !has_index && !config.redirects.iter().any(at_root) {
            warnings.push("there is no index.html: the address of the site itself answers 404".to_owned());
        }
        let secret = |found: &&Found| {
            found.path.rsplit('/').next().is_some_and(|name| name == ".env" || name.starts_with(".env."))
        };
        let secrets = found.iter().filter(secret);
        warnings.extend(secrets.map(|found| {
            format!(
                "{} is published: name it in `ignore` of {} if it has secrets",
                found.path,
                site_file::NAME
            )
        }));
        warnings
    }
}

fn read(root: &Path, name: &str) -> Result<Option<String>, Failure> {
    let file = root.join(name);
    match std::fs::read_to_string(&file) {
        Ok(content) => Ok(Some(content.strip_prefix('\u{feff}').unwrap_or(&content).to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(doing(format_args!("read {}", file.display()), error)),
    }
}

/// Patterns over paths of the folder, in the syntax and with the meaning of `.gitignore`.
fn globs(key: &str, lines: &[String]) -> Result<Gitignore, Failure> {
    let wrong = |error: ignore::Error| Failure::usage(format!("{}: `{key}`: {error}", site_file::NAME));
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        builder.add_line(None, line).map_err(wrong)?;
    }
    builder.build().map_err(wrong)
}

fn refused(root: &Path, troubles: &[Trouble]) -> Failure {
    let lines: Vec<String> = troubles.iter().map(|trouble| format!("  {trouble}")).collect();
    let count = text::counted(troubles.len(), "problem");
    Failure::usage(format!("{count} in {}; nothing was uploaded\n{}", root.display(), lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    fn open(root: &tempfile::TempDir) -> Result<Folder, Failure> {
        Folder::open(root.path(), Overrides::default())
    }

    fn paths(folder: &Folder) -> Vec<String> {
        folder.walk().unwrap().into_iter().map(|found| found.path).collect()
    }

    fn warnings(root: &tempfile::TempDir) -> Vec<String> {
        let folder = open(root).unwrap();
        folder.warnings(&folder.config(&HashMap::new()).unwrap(), &folder.walk().unwrap())
    }

    #[test]
    fn what_is_for_us_is_not_published() {
        let root = folder(&[
            ("index.html", ""),
            ("patr.site.toml", "ignore = [\"*.map\", \"drafts/\", \"!keep.map\"]"),
            ("_redirects", "/a /b"),
            ("_headers", "/*\n  X-A: 1"),
            ("a/_redirects", ""),
            ("a/app.js.map", ""),
            ("a/keep.map", ""),
            ("drafts/x", ""),
        ]);
        assert_eq!(paths(&open(&root).unwrap()), ["a/_redirects", "a/keep.map", "index.html"]);
    }

    #[test]
    fn flags_win_over_the_file() {
        let root = folder(&[("patr.site.toml", "html_handling = \"none\"\nnot_found = \"none\"")]);
        let overrides = Overrides { html_handling: Some(HtmlHandling::ForceTrailingSlash), not_found: None };
        let config = Folder::open(root.path(), overrides).unwrap().config(&HashMap::new()).unwrap();
        assert_eq!(
            (config.html_handling, config.not_found),
            (HtmlHandling::ForceTrailingSlash, NotFound::None)
        );
    }

    #[test]
    fn the_folder_may_say_which_names_change_with_their_content() {
        let root = folder(&[("patr.site.toml", "immutable = [\"assets/\", \"!assets/config.js\"]")]);
        let folder = open(&root).unwrap();
        assert_eq!(folder.is_immutable("assets/a/b.js"), Some(true));
        assert_eq!(folder.is_immutable("assets/config.js"), Some(false));
        assert_eq!(folder.is_immutable("index.js"), None);
    }

    #[test]
    fn all_problems_are_said_at_once() {
        let root = folder(&[("_redirects", "/a\n/b\n"), ("_headers", "/x\n")]);
        let failure = open(&root).err().unwrap();
        assert!(failure.message.starts_with("3 problems in "), "{}", failure.message);
        assert_eq!(failure.message.matches("_redirects:").count(), 2);
    }

    #[test]
    fn an_empty_folder_is_refused_and_a_missing_index_is_worth_a_word() {
        assert!(open(&folder(&[("_headers", "")])).unwrap().walk().is_err());
        assert_eq!(warnings(&folder(&[("index.html", "")])), [""; 0]);
        assert!(warnings(&folder(&[("a.html", "")]))[0].contains("no index.html"));
        assert_eq!(warnings(&folder(&[("a.html", ""), ("_redirects", "/ /a")])), [""; 0]);
        assert!(
            warnings(&folder(&[("index.html", ""), ("a/.env", "X=1")]))[0].contains("a/.env is published")
        );
    }
}
