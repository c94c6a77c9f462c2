use HtmlHandling::{AutoTrailingSlash, DropTrailingSlash, ForceTrailingSlash};

use super::*;
use crate::ingress::site::fixture;

/// What answers at `path`: a file, `-> address`, or `nothing`.
fn answer(files: &[&str], mode: HtmlHandling, path: &str) -> String {
    let manifest = fixture::manifest(files);
    match resolve(&manifest, mode, path) {
        Found::File(entry) => entry.path.to_owned(),
        Found::Elsewhere(to) => format!("-> {to}"),
        Found::Nothing => "nothing".to_owned(),
    }
}

fn table(mode: HtmlHandling, files: &[&str], rows: &[(&str, &str)]) {
    for (path, expected) in rows {
        assert_eq!(answer(files, mode, path), *expected, "{path} of {files:?}, {mode:?}");
    }
}

/// A page, a folder with an index, both at once, and files without extension.
const FILES: &[&str] = &[
    "index.html",
    "page.html",
    "folder/index.html",
    "both.html",
    "both/index.html",
    "binary",
    "odd/index",
    "style.css",
    "404.html",
];

#[test]
fn auto_trailing_slash_gives_each_page_the_address_of_its_file() {
    table(
        AutoTrailingSlash,
        FILES,
        &[
            ("/", "index.html"),
            ("/index", "-> /"),
            ("/index.html", "-> /"),
            ("/page", "page.html"),
            ("/page.html", "-> /page"),
            ("/page/", "-> /page"),
            ("/page/index", "-> /page"),
            ("/page/index.html", "-> /page"),
            ("/folder", "-> /folder/"),
            ("/folder/", "folder/index.html"),
            ("/folder.html", "-> /folder/"),
            ("/folder/index", "-> /folder/"),
            ("/folder/index.html", "-> /folder/"),
            ("/both", "both.html"),
            ("/both.html", "-> /both"),
            ("/both/", "both/index.html"),
            ("/both/index", "-> /both/"),
            ("/both/index.html", "-> /both/"),
            ("/binary", "binary"),
            ("/binary/", "nothing"),
            ("/binary.html", "nothing"),
            ("/odd/index", "odd/index"),
            ("/odd/", "nothing"),
            ("/style.css", "style.css"),
            ("/style.css/", "nothing"),
            ("/404", "404.html"),
            ("/404.html", "-> /404"),
            ("/missing", "nothing"),
        ],
    );
}

#[test]
fn force_trailing_slash_ends_every_page_with_one() {
    table(
        ForceTrailingSlash,
        FILES,
        &[
            ("/", "index.html"),
            ("/index", "-> /"),
            ("/index.html", "-> /"),
            ("/page", "-> /page/"),
            ("/page.html", "-> /page/"),
            ("/page/", "page.html"),
            ("/page/index", "-> /page/"),
            ("/page/index.html", "-> /page/"),
            ("/folder", "-> /folder/"),
            ("/folder/", "folder/index.html"),
            ("/folder.html", "-> /folder/"),
            ("/folder/index.html", "-> /folder/"),
            // The folder has the address; the page is left with its own name.
            ("/both", "-> /both/"),
            ("/both/", "both/index.html"),
            ("/both.html", "both.html"),
            ("/both/index.html", "-> /both/"),
            ("/binary", "binary"),
            ("/binary/", "nothing"),
            ("/style.css", "style.css"),
            ("/404.html", "-> /404/"),
            ("/missing/", "nothing"),
        ],
    );
}

#[test]
fn drop_trailing_slash_ends_no_page_with_one() {
    table(
        DropTrailingSlash,
        FILES,
        &[
            ("/", "index.html"),
            ("/index", "-> /"),
            ("/index.html", "-> /"),
            ("/page", "page.html"),
            ("/page.html", "-> /page"),
            ("/page/", "-> /page"),
            ("/page/index", "-> /page"),
            ("/page/index.html", "-> /page"),
            ("/folder", "folder/index.html"),
            ("/folder/", "-> /folder"),
            ("/folder.html", "-> /folder"),
            ("/folder/index", "-> /folder"),
            ("/folder/index.html", "-> /folder"),
            ("/both", "both.html"),
            ("/both/", "-> /both"),
            ("/both.html", "-> /both"),
            // The page has the address; the folder's index is left with its own name.
            ("/both/index.html", "both/index.html"),
            ("/both/index", "-> /both"),
            ("/binary", "binary"),
            ("/binary/", "nothing"),
            ("/style.css", "style.css"),
            ("/missing", "nothing"),
        ],
    );
}

#[test]
fn without_handling_a_file_is_at_its_own_path_and_nowhere_else() {
    table(
        HtmlHandling::None,
        FILES,
        &[
            ("/", "nothing"),
            ("/index.html", "index.html"),
            ("/page", "nothing"),
            ("/page.html", "page.html"),
            ("/folder/", "nothing"),
            ("/folder/index.html", "folder/index.html"),
            ("/binary", "binary"),
        ],
    );
}

#[test]
fn nothing_is_led_to_an_address_that_another_file_has() {
    // `/page` is a file of its own, so `page.html` keeps its name.
    let files = &["page", "page.html"];
    table(AutoTrailingSlash, files, &[("/page", "page"), ("/page.html", "page.html"), ("/page/", "nothing")]);
    table(DropTrailingSlash, files, &[("/page", "page"), ("/page.html", "page.html")]);
}

#[test]
fn a_path_that_climbs_finds_nothing() {
    let files = &["index.html", "secret.html"];
    for mode in [AutoTrailingSlash, ForceTrailingSlash, DropTrailingSlash, HtmlHandling::None] {
        for path in ["/x/../secret", "/../secret.html", "/./secret.html", "/secret.html\\"] {
            assert_eq!(answer(files, mode, path), "nothing", "{path:?}");
        }
    }
}

#[test]
fn a_redirect_leads_to_where_its_file_is_served_whatever_else_there_is() {
    let names = ["index.html", "a", "a.html", "a/index", "a/index.html", "a/b.html"];
    let paths = ["/", "/a", "/a/", "/a.html", "/a/index", "/a/index.html", "/a/b", "/a/b/", "/index"];
    for chosen in 0..1_u32 << names.len() {
        let files: Vec<&str> =
            (0..).zip(names).filter(|(bit, _)| chosen >> bit & 1 == 1).map(|(_, name)| name).collect();
        // A file `a` and a folder `a` cannot be in one folder, but can in a manifest.
        let manifest = fixture::manifest(&files);
        for mode in [AutoTrailingSlash, ForceTrailingSlash, DropTrailingSlash] {
            for path in paths {
                if let Found::Elsewhere(to) = resolve(&manifest, mode, path) {
                    assert!(
                        matches!(resolve(&manifest, mode, &to), Found::File(_)),
                        "{path} -> {to}: {files:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_nearest_404_page_answers() {
    let manifest = fixture::manifest(&["404.html", "docs/404.html"]);
    let nearest = |path| nearest_404(&manifest, path).map(|entry| entry.path);
    assert_eq!(nearest("/docs/x/y"), Some("docs/404.html"));
    assert_eq!(nearest("/docs/"), Some("docs/404.html"));
    assert_eq!(nearest("/docs"), Some("404.html"));
    assert_eq!(nearest("/other/x"), Some("404.html"));
    assert_eq!(nearest_404(&fixture::manifest(&["docs/404.html"]), "/x"), None);
}
