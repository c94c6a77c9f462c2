//! An answer of a site as a value.

use std::ops::Range;

use patr_models::site::manifest::{Coding, Entry, Manifest, Representation};

use super::{
    asked::{Asked, Method},
    condition::{etag, if_range_holds, none_match_fails},
    fields::Headers,
    negotiate::{choose, takes_identity},
    range,
};

/// Of a file whose name changes with its content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Of anything else: a browser may keep it, and asks each time whether it is still so.
const REVALIDATE: &str = "public, max-age=0, must-revalidate";

pub(super) struct Reply<'s> {
    pub(super) status: u16,
    pub(super) headers: Headers<'s>,
    pub(super) body: Body<'s>,
}

pub(super) enum Body<'s> {
    Empty,
    Text(&'static str),
    Bytes {
        /// Whose packs they are in.
        of: &'s Manifest<Vec<u8>>,
        representation: Representation<'s>,
        /// Which of the representation's bytes.
        range: Range<u64>,
    },
}

/// A file that was found for a request.
pub(super) struct File<'s> {
    pub(super) manifest: &'s Manifest<Vec<u8>>,
    pub(super) entry: Entry<'s>,
    pub(super) status: u16,
    /// Whether it was asked for by its own address; in place of something else it is never immutable.
    pub(super) own: bool,
}

impl<'s> Reply<'s> {
    fn new(status: u16) -> Self {
        Self { status, headers: Headers::default(), body: Body::Empty }
    }

    pub(super) fn redirect(status: u16, location: String) -> Self {
        let mut reply = Self::new(status);
        reply.headers.append("location", location);
        reply
    }

    /// A redirect that not everybody gets: no cache may give it to another.
    pub(super) fn personal_redirect(status: u16, location: String) -> Self {
        let mut reply = Self::redirect(status, location);
        reply.headers.append("cache-control", "no-store");
        reply
    }

    pub(super) fn method_not_allowed() -> Self {
        let mut reply = Self::new(405);
        reply.headers.append("allow", "GET, HEAD");
        reply
    }

    /// A line of text where a site has no page for it.
    pub(super) fn not_found(asked: &Asked<'_>) -> Self {
        const LINE: &str = "Not found\n";
        let mut reply = Self::new(404);
        reply.headers.append("content-type", "text/plain; charset=utf-8");
        reply.headers.append("cache-control", REVALIDATE);
        reply.headers.append("x-content-type-options", "nosniff");
        reply.send(asked, LINE.len() as u64, Body::Text(LINE));
        reply
    }

    /// The file, or as much of it as is asked for.
    pub(super) fn file(asked: &Asked<'_>, file: &File<'s>) -> Self {
        let ranged =
            if file.status == 200 && asked.method == Method::Get { asked.fields.get("range") } else { None };
        let representation = select(asked, &file.entry, ranged.is_some());
        let tag = etag(&representation);
        if file.status == 200
            && asked.fields.get("if-none-match").is_some_and(|tags| none_match_fails(&tags, &tag))
        {
            let mut reply = Self::new(304);
            reply.validators(asked, file, tag);
            return reply;
        }
        let size = representation.size;
        let part = match ranged.filter(|_| representation.coding == Coding::Identity) {
            Some(header) if asked.fields.get("if-range").is_none_or(|given| if_range_holds(&given, &tag)) => {
                range::read(&header, size)
            }
            _ => range::Asked::Whole,
        };
        let (status, range) = match part {
            range::Asked::Unsatisfiable => return Self::unsatisfiable(asked, file, size),
            range::Asked::Whole => (file.status, 0..size),
            range::Asked::Part(range) => (206, range),
        };
        let mut reply = Self::new(status);
        reply.headers.append("content-type", file.entry.content_type);
        reply.validators(asked, file, tag);
        reply.headers.append("x-content-type-options", "nosniff");
        reply.describe(&representation, file.status, (status == 206).then_some(&range));
        let length = range.end - range.start;
        reply.send(asked, length, Body::Bytes { of: file.manifest, representation, range });
        reply
    }

    fn unsatisfiable(asked: &Asked<'_>, file: &File<'s>, size: u64) -> Self {
        let mut reply = Self::new(416);
        reply.headers.append("content-range", format!("bytes */{size}"));
        reply.caching(asked, file);
        reply
    }

    /// What a 304 has too (RFC 9110, 15.4.5).
    fn validators(&mut self, asked: &Asked<'_>, file: &File<'s>, tag: String) {
        // A tag would be for nothing where conditions do not count.
        if file.status == 200 {
            self.headers.append("etag", tag);
        }
        self.caching(asked, file);
    }

    fn caching(&mut self, asked: &Asked<'_>, file: &File<'s>) {
        // As the asset server: without a word of ours no shared cache keeps what was answered to a user
        // (RFC 9111, 3.5).
        if asked.fields.get("authorization").is_none() {
            let immutable = file.entry.immutable && file.own && file.status == 200;
            self.headers.append("cache-control", if immutable { IMMUTABLE } else { REVALIDATE });
        }
        if file.entry.representations().nth(1).is_some() {
            self.headers.append("vary", "Accept-Encoding");
        }
    }

    fn describe(&mut self, representation: &Representation<'_>, status: u16, part: Option<&Range<u64>>) {
        match representation.coding {
            Coding::Identity if status == 200 => self.headers.append("accept-ranges", "bytes"),
            Coding::Identity => {}
            coding => self.headers.append("content-encoding", coding.as_str()),
        }
        if let Some(Range { start, end }) = part {
            let range = format!("bytes {start}-{}/{}", end - 1, representation.size);
            self.headers.append("content-range", range);
        }
    }

    /// The body; its length alone for `HEAD`.
    fn send(&mut self, asked: &Asked<'_>, length: u64, body: Body<'s>) {
        if asked.method == Method::Head {
            self.headers.append("content-length", length.to_string());
        } else {
            self.body = body;
        }
    }
}

/// A range is one of the file's own bytes, so who asks for one gets those.
fn select<'s>(asked: &Asked<'_>, entry: &Entry<'s>, ranged: bool) -> Representation<'s> {
    if entry.representations().nth(1).is_none() {
        return entry.identity;
    }
    let accept = asked.fields.accept_encoding();
    if ranged && takes_identity(accept.as_deref()) {
        return entry.identity;
    }
    choose(entry, accept.as_deref())
}
