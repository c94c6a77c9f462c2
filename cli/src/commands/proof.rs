//! Showing again who one is, when the API wants that before something dangerous.

use patr_models::{
    auth::prefix,
    endpoint::{ApiEndpoint, Call, Reply},
    user::{
        proof::Proof,
        prove::{self, Prove},
    },
};

use super::access::prompt;
use crate::{client::with_body, context::Context, failure::Outcome};

/// Performs a call; if it wants a proof, asks for one and performs it again.
pub(super) async fn proved<E: ApiEndpoint>(ctx: &Context, call: impl Fn() -> Call<E>) -> Outcome<Reply<E>> {
    match ctx.client.call(call()).await {
        Err(error) if error.is("proof_needed") => {}
        other => return Ok(other?),
    }
    ctx.printer.note("this needs a proof that it is you");
    prompt::need_terminal("run `patr login` again: for ten minutes no other proof is asked for")?;
    let given = prompt::hidden("Your password, or a code: ")?;
    let body = prove::Body { proof: proof(given) };
    ctx.client.call(with_body::<Prove, _>(prove::Path {}, body)).await?;
    Ok(ctx.client.call(call()).await?)
}

/// No password is as short as a code of an app, and none begins as a recovery code does.
fn proof(given: String) -> Proof {
    let digits: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_code || digits.to_lowercase().starts_with(prefix::RECOVERY) {
        Proof::Code(digits)
    } else {
        Proof::Password(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_and_recovery_codes_are_codes_and_everything_else_is_a_password() {
        for code in ["123456", "123 456", "patr_c_abc", "PATR_C_ABC"] {
            assert!(matches!(proof(code.to_owned()), Proof::Code(_)), "{code}");
        }
        for password in ["12345678", "1234567", "correct horse", "patr_m_x"] {
            assert!(matches!(proof(password.to_owned()), Proof::Password(_)), "{password}");
        }
    }
}
