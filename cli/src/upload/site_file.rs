//! `patr.site.toml`: how a folder wants to be served. It is not published.

use std::collections::BTreeMap;

use patr_folder::rules::Trouble;
use patr_models::site::{
    Access,
    config::{HtmlHandling, NotFound},
};
use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

use crate::text;

/// The name of the file.
pub(crate) const NAME: &str = "patr.site.toml";

/// Its keys; what is absent is left to flags and defaults.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SiteFile {
    pub(crate) html_handling: Option<HtmlHandling>,
    pub(crate) not_found: Option<NotFound>,
    /// Who may see the site. A password itself never stands here.
    pub(crate) access: Option<Access>,
    /// Files whose names change with their content, as `.gitignore` would name them.
    pub(crate) immutable: Vec<String>,
    /// Files that are not published, as `.gitignore` would name them.
    pub(crate) ignore: Vec<String>,
}

const KEYS: [&str; 5] = ["html_handling", "not_found", "access", "immutable", "ignore"];

impl SiteFile {
    pub(crate) fn read(content: &str) -> Result<Self, Vec<Trouble>> {
        let wrong = |error: toml::de::Error| {
            let line = line_of(content, error.span().map_or(0, |span| span.start));
            vec![Trouble::new(NAME, line, error.message())]
        };
        let keys: BTreeMap<Spanned<String>, IgnoredAny> = toml::from_str(content).map_err(wrong)?;
        let unknown = keys.keys().filter(|key| !KEYS.contains(&key.get_ref().as_str()));
        let troubles: Vec<Trouble> = unknown
            .map(|key| Trouble::new(NAME, line_of(content, key.span().start), &unknown_key(key.get_ref())))
            .collect();
        if troubles.is_empty() { toml::from_str(content).map_err(wrong) } else { Err(troubles) }
    }
}

fn unknown_key(key: &str) -> String {
    match text::nearest(key, KEYS.into_iter()) {
        Some(known) => format!("there is no key `{key}`: did you mean `{known}`?"),
        None => format!("there is no key `{key}`: the keys are `{}`", KEYS.join("`, `")),
    }
}

/// From 1.
fn line_of(content: &str, at: usize) -> usize {
    content.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troubles(content: &str) -> Vec<String> {
        SiteFile::read(content).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_key_is_read_and_none_is_needed() {
        assert_eq!(SiteFile::read("# nothing\n").unwrap(), SiteFile::default());
        let file = SiteFile::read(
            "html_handling = \"drop-trailing-slash\"\nnot_found = \"single-page-application\"\n\
             access = \"members\"\nimmutable = [\"assets/\"]\nignore = [\"*.map\", \"!keep.map\"]\n",
        );
        let wanted = SiteFile {
            html_handling: Some(HtmlHandling::DropTrailingSlash),
            not_found: Some(NotFound::SinglePage),
            access: Some(Access::Members),
            immutable: vec!["assets/".to_owned()],
            ignore: vec!["*.map".to_owned(), "!keep.map".to_owned()],
        };
        assert_eq!(file.unwrap(), wanted);
    }

    #[test]
    fn unknown_keys_are_refused_by_name_and_line() {
        assert_eq!(
            troubles("# c\nhtml-handling = \"none\"\n\n[build]\nx = 1\n"),
            [
                "patr.site.toml:4: there is no key `build`: the keys are `html_handling`, `not_found`, `access`, \
                 `immutable`, `ignore`",
                "patr.site.toml:2: there is no key `html-handling`: did you mean `html_handling`?",
            ]
        );
    }

    #[test]
    fn a_wrong_value_and_wrong_syntax_have_their_line() {
        let [wrong] = &troubles("ignore = []\nnot_found = \"spa\"\n")[..] else { panic!() };
        assert!(
            wrong.starts_with("patr.site.toml:2: ") && wrong.contains("`single-page-application`"),
            "{wrong}"
        );
        let [wrong] = &troubles("ignore = []\nnot_found = ")[..] else { panic!() };
        assert!(wrong.starts_with("patr.site.toml:2: "), "{wrong}");
    }
}
