//! One function per endpoint: look up, decide, write, tell, answer. A file holds those of one noun.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod automatic;
pub(crate) mod connect;
pub(crate) mod deployments;
pub(crate) mod device;
pub(crate) mod exec;
pub(crate) mod federations;
mod giving;
pub(crate) mod info;
pub(crate) mod invitations;
pub(crate) mod live;
pub(crate) mod logs;
pub(crate) mod managed_urls;
pub(crate) mod members;
pub(crate) mod metrics;
pub(crate) mod oauth;
pub(crate) mod passkeys;
pub(crate) mod requests;
pub(crate) mod roles;
pub(crate) mod runners;
pub(crate) mod second_factor;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod sites;
pub(crate) mod targets;
pub(crate) mod tokens;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod versions;
pub(crate) mod volumes;
pub(crate) mod workspaces;

use std::str::FromStr;

use patr_models::{
    error::Common,
    page::{Cursor, CursorError, ListQuery, Page},
};
use worker::Response;

/// Where links of invitations lead. What makes them good is in the fragment, which no server is told.
const JOIN: &str = "/join";
/// What they show.
const JOIN_PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Join a workspace of Patr</title>\
<meta name=viewport content=\"width=device-width\">\
<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}</style>\
<h1>You were invited</h1><p>Join the workspace with the command line, and the whole address of this page:</p>\
<p><code>patr join 'ADDRESS'</code></p>\
<p>It asks for an address and a password if you have no account yet. The link works once: keep it to yourself.</p>";

/// A page of the control host that is neither the dashboard nor one of an account.
pub(crate) fn home(path: &str) -> worker::Result<Response> {
    let mut response = match path {
        JOIN => Response::from_html(JOIN_PAGE)?,
        _ => Response::error("not found", 404)?,
    };
    let headers = response.headers_mut();
    headers.set(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )?;
    Ok(response)
}

/// What answers for a resource that is not there, or is a stranger's.
pub(crate) fn absent(noun: &str, name: impl ToString) -> Common {
    Common::NotFound { noun: noun.to_owned(), name: name.to_string() }
}

/// Refuses a cursor that no page of this list ends with: it would answer an empty page, as if there were no more.
pub(crate) fn check_cursor<C: FromStr>(query: &ListQuery) -> Result<(), Common> {
    match &query.cursor {
        Some(cursor) if cursor.as_str().parse::<C>().is_err() => {
            Err(Common::Invalid { place: "query `cursor`".to_owned(), problem: CursorError.to_string() })
        }
        _ => Ok(()),
    }
}

/// A page of rows, one of which may be there only to show that there is another page.
pub(crate) fn page<R, T>(
    mut rows: Vec<R>,
    query: &ListQuery,
    cursor: impl Fn(&R) -> String,
    model: impl Fn(R) -> T,
) -> Page<T> {
    let limit = usize::from(query.limit());
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).and_then(|last| cursor(last).parse::<Cursor>().ok());
    Page { items: rows.into_iter().map(model).collect(), next }
}
