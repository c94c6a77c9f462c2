//! Which files have names that change with their content, so that a browser may keep them for a year.
//!
//! A file that is taken for one and is not would stay stale in browsers for that year; one that is missed is only asked
//! about again. So a name has to look like the work of a bundler, and not like words, dates, versions or identifiers,
//! and mostly its neighbours have to look the same:
//!
//! | token | as made by | counts |
//! |---|---|---|
//! | 8 to 64 hexadecimal digits | webpack, Parcel, Next, Hugo, rustdoc, mdBook | in scripts and styles |
//! | 8 of `A-Z2-7` | esbuild, Angular | where two neighbours have one, and half of the scripts and styles |
//! | 8 of base64url | Vite, Rollup, Astro, SvelteKit, Nuxt | the same |
//!
//! Images and fonts count beside a script or style that does. In folders that a framework keeps for its own output
//! the shape of the token is enough. `immutable` in `patr.site.toml` says what this cannot know.

use std::collections::HashMap;

/// What bundlers name by content and browsers load with a page. Documents and data are often named by identifiers that
/// look the same.
const SCRIPTS: [&str; 5] = ["css", "js", "map", "mjs", "wasm"];
const MEDIA: [&str; 19] = [
    "avif", "eot", "gif", "ico", "jpeg", "jpg", "jxl", "m4a", "mp3", "mp4", "ogg", "otf", "png", "svg",
    "ttf", "webm", "webp", "woff", "woff2",
];

/// What tools write after the token: of a map, the extension of what it maps.
const AFTER: [&str; 10] =
    [".min", ".chunk", ".bundle", ".iframe", ".module", ".ttf", ".js", ".mjs", ".css", "_bg"];

/// Folders that a framework keeps for files that it names itself.
const FRAMEWORKS: [&str; 4] = ["_app/immutable/", "_astro/", "_next/static/", "_nuxt/"];

/// Lengths to which tools cut digests. 24 is that of identifiers of MongoDB.
const HEX_LENGTHS: [usize; 7] = [8, 10, 12, 16, 20, 40, 64];
const MD5: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Token {
    Hex,
    Base32,
    Base64,
}

/// For each path, whether its name says what the file holds.
pub fn hashed_names<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Vec<bool> {
    let mut folders: HashMap<&str, Neighbours> = HashMap::new();
    for name in paths.clone().map(Name::of) {
        folders.entry(name.folder).or_default().add(&name);
    }
    paths.map(Name::of).map(|name| name.is_hashed(&folders[name.folder])).collect()
}

/// What is seen of a folder.
#[derive(Default)]
struct Neighbours {
    scripts: usize,
    /// Scripts and styles with a token of each kind.
    hashed_scripts: HashMap<Token, usize>,
    hashed: HashMap<Token, usize>,
}

impl Neighbours {
    fn add(&mut self, name: &Name<'_>) {
        let token = name.token();
        if name.is_script() {
            self.scripts += 1;
            token.into_iter().for_each(|token| *self.hashed_scripts.entry(token).or_default() += 1);
        }
        token.into_iter().for_each(|token| *self.hashed.entry(token).or_default() += 1);
    }

    /// Whether a bundler that makes such tokens has written here.
    fn agree_on(&self, token: Token) -> bool {
        let count = |of: &HashMap<Token, usize>| of.get(&token).copied().unwrap_or_default();
        let scripts = count(&self.hashed_scripts);
        match token {
            Token::Hex => scripts > 0,
            Token::Base32 | Token::Base64 => {
                scripts > 0 && scripts * 2 >= self.scripts && count(&self.hashed) >= 2
            }
        }
    }
}

struct Name<'p> {
    folder: &'p str,
    /// Without what follows the token.
    stem: &'p str,
    extension: String,
}

impl<'p> Name<'p> {
    fn of(path: &'p str) -> Self {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (mut stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let extension = extension.to_ascii_lowercase();
        while let Some(rest) = AFTER.iter().find_map(|after| stem.strip_suffix(after)) {
            stem = rest;
        }
        Self { folder, stem, extension }
    }

    fn is_script(&self) -> bool {
        SCRIPTS.contains(&self.extension.as_str())
    }

    fn is_hashed(&self, neighbours: &Neighbours) -> bool {
        let known = self.is_script() || MEDIA.contains(&self.extension.as_str());
        if self.is_of_a_framework() {
            return known && (self.token().is_some() || self.has_framework_token());
        }
        known && self.token().is_some_and(|token| neighbours.agree_on(token))
    }

    fn token(&self) -> Option<Token> {
        let separated = |c: char| matches!(c, '.' | '-' | '_' | '~');
        let last = self.stem.rsplit(separated).next().unwrap_or_default();
        if is_hex(last, self.is_script()) && !self.is_uuid() {
            return Some(Token::Hex);
        }
        let word = self.eight_after_separator()?;
        if is_base32(word) {
            Some(Token::Base32)
        } else if is_base64(word) {
            Some(Token::Base64)
        } else {
            None
        }
    }

    /// The last eight characters: a token may itself have `-` and `_`, which separate elsewhere.
    fn eight_after_separator(&self) -> Option<&'p str> {
        let at = self.stem.len().checked_sub(8).filter(|&at| self.stem.is_char_boundary(at))?;
        self.stem[..at].ends_with(['.', '-']).then(|| &self.stem[at..])
    }

    fn is_uuid(&self) -> bool {
        let lengths: Vec<usize> = self.stem.rsplit('-').take(5).map(str::len).collect();
        matches!(lengths[..], [12, 4, 4, 4, first] if first >= 8)
    }

    fn is_of_a_framework(&self) -> bool {
        let folder = format!("/{}/", self.folder);
        FRAMEWORKS.iter().any(|known| folder.contains(&format!("/{known}")))
    }

    /// In such a folder a name is also all token (SvelteKit, Nuxt, Next), has something after it (Astro's images,
    /// Next's fonts), and may look like a word by chance.
    fn has_framework_token(&self) -> bool {
        let mixed = |word: &str| {
            word.bytes().all(is_base64url)
                && (word.bytes().any(|byte| byte.is_ascii_digit())
                    || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()))
        };
        let is_token = |part: &str| {
            let begins = part.get(..8).filter(|_| part.len() == 8 || part[8..].starts_with(['_', '-']));
            begins.is_some_and(mixed) || part.split('-').next().is_some_and(|first| is_hex(first, true))
        };
        self.eight_after_separator().is_some_and(mixed) || self.stem.split('.').any(is_token)
    }
}

/// A digest of some tool. Pure numbers are dates and counts; one word of `a` to `f` beside one number is a name.
fn is_hex(token: &str, is_script: bool) -> bool {
    let hex = token.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    // In scripts and styles MD5 is a digest; elsewhere so many digits are as often an identifier.
    let length = HEX_LENGTHS.contains(&token.len()) || (is_script && token.len() == MD5);
    let turns = token.as_bytes().windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit());
    hex && length && turns.count() >= 2 && !begins_with_date(token)
}

fn begins_with_date(token: &str) -> bool {
    let number = |range| token.get(range).and_then(|digits: &str| digits.parse::<u32>().ok());
    let (year, month, day) = (number(0..4), number(4..6), number(6..8));
    year.is_some_and(|year| (1900..2100).contains(&year))
        && month.is_some_and(|month| (1..=12).contains(&month))
        && day.is_some_and(|day| (1..=31).contains(&day))
}

/// A number at the end of a word, as in `VERSION2`, is no digest.
fn is_base32(word: &str) -> bool {
    let base32 = word.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte));
    base32
        && word.trim_end_matches(|c: char| c.is_ascii_digit()).contains(|c: char| c.is_ascii_digit())
        && word.contains(|c: char| c.is_ascii_uppercase())
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Letters in both cases that make no words: `ReadMore` and `Html5App` are words, `C0tHkqmO` and `DiwrgTda` less so.
fn is_base64(word: &str) -> bool {
    word.bytes().all(is_base64url)
        && word.contains(|c: char| c.is_ascii_uppercase())
        && word.contains(|c: char| c.is_ascii_lowercase())
        && !is_words(word)
}

/// Whether camel case makes words of this: every run of letters has two or more, but for the `i` of `iPadMini`, and one
/// has three.
fn is_words(word: &str) -> bool {
    let bytes = word.as_bytes();
    let mut runs: Vec<usize> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let goes_on = before.is_some_and(|before| {
            before.is_ascii_alphabetic() && (before.is_ascii_uppercase() || byte.is_ascii_lowercase())
        });
        match runs.last_mut() {
            _ if !byte.is_ascii_alphabetic() => {}
            Some(run) if goes_on => *run += 1,
            _ => runs.push(1),
        }
    }
    let first_counts = bytes.first().is_none_or(|byte| !byte.is_ascii_lowercase());
    runs.iter().skip(usize::from(!first_counts)).all(|&run| run >= 2) && runs.iter().any(|&run| run >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed<'p>(paths: &[&'p str]) -> Vec<&'p str> {
        let hashed = hashed_names(paths.iter().copied());
        paths.iter().zip(hashed).filter(|(_, hashed)| *hashed).map(|(path, _)| *path).collect()
    }

    /// Each list is the output of one tool.
    #[test]
    fn what_bundlers_name_by_content_is_known() {
        let tools: [&[&str]; 16] = [
            // Vite, Rollup
            &["assets/index-C0tHkqmO.css", "assets/index-BxYz12Ab.js", "assets/react-CHdo91hT.svg"],
            &["assets/vendor-_x1-9aBc.js", "assets/index-D8fKq2Lm.js", "assets/Inter-roman-x_9Zk1Qa.woff2"],
            // webpack, Create React App
            &[
                "static/js/main.073c9b0a.js",
                "static/js/main.073c9b0a.js.map",
                "static/js/787.c4e7f8f9.chunk.js",
            ],
            &["runtime~main.a1b2c3d4e5f6.js", "vendors-node_modules_x.8e0d62a03b1b4a0a9f3c.js"],
            // esbuild, Angular
            &["chunk-4UT5OVYM.js", "main-KXQYB3QW.js", "styles-5INURTSO.css", "polyfills-FFHMD2TL.js"],
            // Next
            &["_next/static/chunks/main-5a2e0bd4d0c0bd9c.js", "_next/static/css/876d048b5dab7c28.css"],
            &["_next/static/chunks/pages/blog/[slug]-1a2b3c4d5e6f7a8b.js"],
            &["_next/static/media/e4af272ccee01ff0-s.p.woff2"],
            // Astro
            &["_astro/index.DfE9cK2p.css", "_astro/photo.Cxyz1234_Z1abcde.webp", "_astro/page.DiwrgTda.js"],
            // SvelteKit
            &["_app/immutable/entry/start.DpNx0bKj.js", "_app/immutable/chunks/BxYz12Ab.js"],
            // Nuxt
            &["_nuxt/entry.C1d2e3f4.js", "_nuxt/B1aT2cZx.js"],
            // Parcel
            &["index.8d1f9f0a.js", "index.6a2bb4e0.css", "logo.0a1b2c3d.svg"],
            // Hugo, Sprockets
            &["main.min.5f2c1e9ab0d4c3f6e7a8b9c0d1e2f3a45f2c1e9ab0d4c3f6e7a8b9c0d1e2f3a4.css"],
            // Django
            &["static/base.55e7cbb9ba48.css"],
            // rustdoc, mdBook
            &["static.files/main-5013f961.js", "static.files/SourceSerif4-Bold-6d4fd4c0.ttf.woff2"],
            // Trunk
            &["app-1a2b3c4d5e6f7a8b.js", "app-1a2b3c4d5e6f7a8b_bg.wasm"],
        ];
        for names in tools {
            assert_eq!(hashed(names), names);
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        let alone = [
            "report-20240101.pdf",
            "js/report-20240101.js",
            "js/release-20240101ab.js",
            "jquery-3.7.1.min.js",
            "bootstrap-5.3.2.bundle.min.js",
            "my-ReadMore.js",
            "my-Html5App.js",
            "my-iPadMini.js",
            "SettingsPage.js",
            "page-VERSION2.js",
            "theme-cafe2024.css",
            "index.html",
            "index.C0tHkqmO.html",
            "sw.js",
            "IMG-20240101.jpg",
            "avatar-5f3e2a1b.png",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg",
            "550e8400-e29b-41d4-a716-44665544a0b0.js",
            "post-64f1c2e9a7b3d5e8f0a1b2c3.js",
            "data-1a2b3c4d.json",
            "archive-1a2b3c4d.zip",
            "notes-1a2b3c4d.txt",
            "_nuxt/builds/latest.json",
            "_next/static/chunks/webpack.js",
            "_astro/Settings.js",
            "logo-facebook.svg",
            "lib/index-C0tHkqmO.js",
        ];
        for name in alone {
            assert_eq!(hashed(&[name]), [""; 0], "{name}");
        }
    }

    #[test]
    fn words_stay_words_beside_digests() {
        let vite = ["assets/index-C0tHkqmO.css", "assets/index-BxYz12Ab.js"];
        for name in
            ["assets/my-ReadMore.js", "assets/Settings.js", "assets/my-Html5App.js", "assets/my-iPadMini.js"]
        {
            assert_eq!(hashed(&[vite[0], vite[1], name]), vite, "{name}");
        }
    }

    #[test]
    fn tokens_that_most_scripts_of_a_folder_lack_are_not_of_a_bundler() {
        let by_hand = ["js/a-C0tHkqmO.js", "js/b-BxYz12Ab.js", "js/c.js", "js/d.js", "js/e.js"];
        assert_eq!(hashed(&by_hand), [""; 0]);
    }
}
