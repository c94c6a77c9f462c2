//! What a browser is told that a file is, from the end of its name.

/// Where the registry has something else than browsers need (WHATWG MIME Sniffing, HTML), or nothing.
const OURS: [(&str, &str); 37] = [
    ("apk", "application/vnd.android.package-archive"),
    ("atom", "application/atom+xml"),
    ("avif", "image/avif"),
    ("cjs", "text/javascript"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("gpx", "application/gpx+xml"),
    ("ico", "image/x-icon"),
    ("ics", "text/calendar"),
    ("ipynb", "application/json"),
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
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("rss", "application/rss+xml"),
    ("toml", "text/plain"),
    // Segments of HTTP live streaming; what a person means by a TypeScript source, no browser runs.
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("usdz", "model/vnd.usdz+zip"),
    ("vtt", "text/vtt"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webmanifest", "application/manifest+json"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("yaml", "text/yaml"),
    ("yml", "text/yaml"),
];

/// The value of `Content-Type`. Text is UTF-8; what says its own encoding (XML), or has only one (JSON), is left alone.
pub(crate) fn content_type(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let essence = essence(name);
    if essence.starts_with("text/") && essence != "text/xml" {
        format!("{essence}; charset=utf-8")
    } else {
        essence
    }
}

fn essence(name: &str) -> String {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let ours = OURS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind);
    match (name, ours) {
        // Apple asks for these two by name, and wants JSON.
        ("apple-app-site-association" | "assetlinks.json", _) => "application/json".to_owned(),
        (_, Some(kind)) => kind.to_owned(),
        (_, None) => {
            mime_guess::from_ext(&extension).first_raw().unwrap_or("application/octet-stream").to_owned()
        }
    }
}

/// Whether bytes of this type mostly become smaller when they are coded.
pub(crate) fn is_compressible(content_type: &str) -> bool {
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
            assert_eq!(content_type(path), wanted, "{path}");
        }
    }

    #[test]
    fn what_is_compressed_already_is_left_alone() {
        for path in
            ["a.html", "a.js", "a.json", "a.svg", "a.wasm", "a.map", "a.xml", "a.ttf", "a.webmanifest"]
        {
            assert!(is_compressible(&content_type(path)), "{path}");
        }
        for path in ["a.png", "a.webp", "a.woff2", "a.mp4", "a.zip", "a.gz", "a.pdf", "a"] {
            assert!(!is_compressible(&content_type(path)), "{path}");
        }
    }
}
