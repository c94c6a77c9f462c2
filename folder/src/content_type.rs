//! What a browser is told that a file is, from the end of its name.

/// What sites are made of, and where others say something else than browsers need (WHATWG MIME Sniffing, HTML), or nothing.
const OURS: [(&str, &str); 63] = [
    ("apk", "application/vnd.android.package-archive"),
    ("atom", "application/atom+xml"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("cjs", "text/javascript"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("eot", "application/vnd.ms-fontobject"),
    ("gif", "image/gif"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("gpx", "application/gpx+xml"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ico", "image/x-icon"),
    ("ics", "text/calendar"),
    ("ipynb", "application/json"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("json5", "application/json5"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("mkv", "video/x-matroska"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rss", "application/rss+xml"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("toml", "text/plain"),
    // Segments of HTTP live streaming; what a person means by a TypeScript source, no browser runs.
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain"),
    ("usdz", "model/vnd.usdz+zip"),
    ("vtt", "text/vtt"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xml", "text/xml"),
    ("yaml", "text/yaml"),
    ("yml", "text/yaml"),
    ("zip", "application/zip"),
];

/// The value of `Content-Type`; `guess` is what others take such a file for. Text is UTF-8; what says its own encoding (XML), or
/// has only one (JSON), is left alone.
pub fn content_type(path: &str, guess: Option<&str>) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let essence = essence(name, guess);
    if essence.starts_with("text/") && essence != "text/xml" {
        format!("{essence}; charset=utf-8")
    } else {
        essence
    }
}

fn essence(name: &str, guess: Option<&str>) -> String {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let ours = OURS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind);
    match (name, ours) {
        // Apple asks for these two by name, and wants JSON.
        ("apple-app-site-association" | "assetlinks.json", _) => "application/json".to_owned(),
        (_, Some(kind)) => kind.to_owned(),
        (_, None) => {
            let guess = guess.filter(|guess| !guess.is_empty() && !extension.is_empty());
            guess.unwrap_or("application/octet-stream").to_owned()
        }
    }
}

/// Whether bytes of this type mostly become smaller when they are coded.
pub fn is_compressible(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let (kind, rest) = essence.split_once('/').unwrap_or_default();
    match kind {
        "text" => true,
        "font" => matches!(rest, "ttf" | "otf" | "collection"),
        "image" => matches!(rest, "bmp" | "svg+xml" | "x-icon" | "x-ms-bmp"),
        "model" => matches!(rest, "gltf+json" | "gltf-binary" | "obj"),
        "application" => {
            rest.ends_with("json")
                || rest.ends_with("xml")
                || matches!(
                    rest,
                    "javascript" | "json5" | "rtf" | "vnd.ms-fontobject" | "wasm" | "x-sh" | "xhtml+xml"
                )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_what_they_need() {
        for (path, wanted) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/page.HTM", "text/html; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.mjs", "text/javascript; charset=utf-8"),
            ("app.js.map", "application/json"),
            ("app.css", "text/css; charset=utf-8"),
            ("app.wasm", "application/wasm"),
            ("site.webmanifest", "application/manifest+json"),
            ("data.json", "application/json"),
            ("feed.xml", "text/xml"),
            ("feed.rss", "application/rss+xml"),
            ("robots.txt", "text/plain; charset=utf-8"),
            ("subtitles.vtt", "text/vtt; charset=utf-8"),
            ("logo.svg", "image/svg+xml"),
            ("photo.avif", "image/avif"),
            ("photo.webp", "image/webp"),
            ("photo.jpeg", "image/jpeg"),
            ("favicon.ico", "image/x-icon"),
            ("font.woff2", "font/woff2"),
            ("font.woff", "font/woff"),
            ("film.mp4", "video/mp4"),
            ("segment.ts", "video/mp2t"),
            ("song.mp3", "audio/mpeg"),
            ("paper.pdf", "application/pdf"),
            (".well-known/apple-app-site-association", "application/json"),
            ("LICENSE", "application/octet-stream"),
            ("html", "application/octet-stream"),
            ("x.unknown", "application/octet-stream"),
        ] {
            assert_eq!(content_type(path, None), wanted, "{path}");
        }
    }

    #[test]
    fn what_is_not_known_is_what_somebody_takes_it_for() {
        let guessed = |path| content_type(path, Some("chemical/x-pdb"));
        assert_eq!(
            (guessed("a.pdb"), guessed("a.png")),
            ("chemical/x-pdb".to_owned(), "image/png".to_owned())
        );
        assert_eq!(content_type("a.pdb", Some("")), "application/octet-stream");
    }

    #[test]
    fn what_is_compressed_already_is_left_alone() {
        for path in
            ["a.html", "a.js", "a.json", "a.svg", "a.wasm", "a.map", "a.xml", "a.ttf", "a.webmanifest"]
        {
            assert!(is_compressible(&content_type(path, None)), "{path}");
        }
        for path in ["a.png", "a.webp", "a.woff2", "a.mp4", "a.zip", "a.gz", "a.pdf", "a"] {
            assert!(!is_compressible(&content_type(path, None)), "{path}");
        }
    }
}
