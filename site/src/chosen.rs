//! What of a folder that somebody chose is published, and what says how.

use patr_folder::{
    file::{is_never_meant, why_not},
    rules::{HEADERS, REDIRECTS},
};
use patr_models::site::manifest::check_path;

use crate::text::upload as words;

/// What only the command line reads.
const SITE_FILE: &str = "patr.site.toml";

/// Files with their paths; `S` is where their bytes are.
#[derive(Debug, PartialEq)]
pub struct Chosen<S> {
    /// What the folder is called, where one was chosen.
    pub name: Option<String>,
    /// Sorted by path, with slashes, relative to the folder.
    pub files: Vec<(String, S)>,
    pub redirects: Option<S>,
    pub headers: Option<S>,
}

impl<S> Chosen<S> {
    /// Of the files that a browser names: below their folder where one was chosen, else by their names.
    pub fn of(mut all: Vec<(String, S)>) -> Result<Self, String> {
        let name = common_folder(&all).map(str::to_owned);
        if let Some(name) = &name {
            all.iter_mut().for_each(|(path, _)| drop(path.drain(..=name.len())));
        }
        let mut chosen = Self { name, files: Vec::new(), redirects: None, headers: None };
        for (path, source) in all {
            match path.as_str() {
                SITE_FILE => return Err(words::SITE_FILE.to_owned()),
                REDIRECTS => chosen.redirects = Some(source),
                HEADERS => chosen.headers = Some(source),
                _ if path.split('/').any(is_never_meant) => {}
                _ if check_path(&path).is_err() => return Err(words::not_published(&path, why_not(&path))),
                _ => chosen.files.push((path, source)),
            }
        }
        chosen.files.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
        if chosen.files.is_empty() { Err(words::NO_FILES.to_owned()) } else { Ok(chosen) }
    }
}

/// The one folder that all of it is in.
fn common_folder<S>(all: &[(String, S)]) -> Option<&str> {
    let (first, _) = all.first()?.0.split_once('/')?;
    let is_in = |(path, _): &(String, S)| path.split_once('/').is_some_and(|(folder, _)| folder == first);
    all.iter().all(is_in).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(paths: &[&str]) -> Result<Chosen<()>, String> {
        Chosen::of(paths.iter().map(|path| ((*path).to_owned(), ())).collect())
    }

    fn paths(chosen: &Chosen<()>) -> Vec<&str> {
        chosen.files.iter().map(|(path, ())| path.as_str()).collect()
    }

    #[test]
    fn paths_are_those_within_the_folder_that_was_chosen() {
        let folder = chosen(&["public/index.html", "public/a/b.css", "public/A.txt"]).unwrap();
        assert_eq!(
            (folder.name.as_deref(), paths(&folder)),
            (Some("public"), vec!["A.txt", "a/b.css", "index.html"])
        );
        let several = chosen(&["index.html", "a/b.css"]).unwrap();
        assert_eq!((several.name.as_deref(), paths(&several)), (None, vec!["a/b.css", "index.html"]));
    }

    #[test]
    fn what_nobody_means_to_publish_is_left_out_and_rules_are_no_files() {
        let folder =
            chosen(&["p/.git/config", "p/a/.DS_Store", "p/_redirects", "p/_headers", "p/x"]).unwrap();
        assert_eq!((paths(&folder), folder.redirects, folder.headers), (vec!["x"], Some(()), Some(())));
        // Only at the top are they rules.
        assert_eq!(paths(&chosen(&["p/a/_headers", "p/b"]).unwrap()), ["a/_headers", "b"]);
    }

    #[test]
    fn what_cannot_be_published_is_said_by_name() {
        assert_eq!(chosen(&["p/.git/config"]), Err(words::NO_FILES.to_owned()));
        assert_eq!(chosen(&["p/patr.site.toml", "p/x"]), Err(words::SITE_FILE.to_owned()));
        let backslash = chosen(&["p/a\\b", "p/x"]).unwrap_err();
        assert!(backslash.contains("a\\b") && backslash.contains("backslash"), "{backslash}");
    }
}
