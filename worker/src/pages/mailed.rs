//! Where links in mails lead. What they prove stands in the fragment of the address, which the script puts into the form:
//! only a person who presses the button uses a link, and no program that looks at mails in advance.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::Page;
use crate::{answer::Fault, ctx::Ctx};

const NEEDS_SCRIPT: &str =
    "<noscript><p class=wrong>This page needs JavaScript to read the link.</p></noscript>";

pub(super) fn verify(ctx: &Ctx) -> Result<Response<Bytes>, Fault> {
    let body = format!(
        "<h1>Is this your address?</h1>{NEEDS_SCRIPT}\
         <form data-method=POST data-path=\"/api/v1/verify-email\" data-done=\"Thank you. The address is yours.\">\
         <input type=hidden name=token data-fragment><button>Yes, it is mine</button></form>"
    );
    Page { title: "Your address", body, ..Page::default() }.respond(ctx, StatusCode::OK)
}

/// Asks for the address first, and for the new password where a link has led here.
pub(super) fn reset(ctx: &Ctx) -> Result<Response<Bytes>, Fault> {
    let body = format!(
        "<h1>Choose a new password</h1>{NEEDS_SCRIPT}\
         <form data-method=POST data-path=\"/api/v1/password-reset\" data-without-fragment \
         data-done=\"If there is an account with this address, a link is on its way to it.\">\
         <label>E-mail<input type=email name=email autocomplete=username required></label>\
         <button>Send a link</button></form>\
         <form data-method=POST data-path=\"/api/v1/password-reset/finish\" data-with-fragment hidden \
         data-done=\"Your password is another now.\" data-next=\"/login\">\
         <input type=hidden name=token data-fragment>\
         <label>New password<input type=password name=password autocomplete=new-password minlength=8 maxlength=256 \
         required></label><button>Set the password</button></form>"
    );
    Page { title: "A new password", body, ..Page::default() }.respond(ctx, StatusCode::OK)
}
