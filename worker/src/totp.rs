//! Authenticator apps: time-based one-time passwords (TOTP, RFC 6238) with what every app supports, six digits of
//! HMAC-SHA-1 every 30 seconds.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use patr_models::time::Millis;
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::{answer::Fault, env};

/// Half a minute, in milliseconds.
const STEP: u64 = 30_000;
/// As long as the hash (RFC 4226, 4: R6).
const SEED: usize = 20;

/// What an app and we have in common. It has no `Display` and no `Debug`.
pub(crate) struct Seed([u8; SEED]);

impl Seed {
    pub(crate) fn random() -> Result<Self, Fault> {
        Ok(Self(env::random()?))
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, Fault> {
        bytes.try_into().map(Self).map_err(|_| Fault::new("a seed has another length"))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// In base32, as people type it.
    pub(crate) fn to_text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What a QR code for an app says.
    pub(crate) fn url(&self, installation: &str, account: &str) -> String {
        let escape = |text| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let (installation, account) = (escape(installation), escape(account));
        let secret = self.to_text();
        format!("otpauth://totp/{installation}:{account}?secret={secret}&issuer={installation}")
    }

    /// The number of the half minute that a code is of: this one, or for a clock that is a little off the one before or
    /// after, if it comes after the last that was used.
    pub(crate) fn step_of(&self, code: &str, now: Millis, last: u64) -> Option<u64> {
        let current = now.0 / STEP;
        let near = [current, current.saturating_sub(1), current + 1];
        near.into_iter().find(|&step| step > last && self.code(step).as_bytes().ct_eq(code.as_bytes()).into())
    }

    /// RFC 4226, 5.3.
    pub(crate) fn code(&self, step: u64) -> String {
        let mut mac = <Hmac<Sha1> as KeyInit>::new(&Default::default());
        if let Ok(keyed) = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0) {
            mac = keyed;
        }
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let at = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
        let word = hash.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

/// An image of a text as a QR code (ISO/IEC 18004), with the quiet zone that it asks for.
pub(crate) fn qr(text: &str) -> Result<String, Fault> {
    const QUIET: i32 = 4;
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium)
        .map_err(|error| Fault::new(format!("a QR code: {error}")))?;
    let dark = |&(x, y): &(i32, i32)| code.get_module(x, y);
    let modules = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y))).filter(dark);
    let path: String = modules.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    let side = code.size() + 2 * QUIET;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         aria-label=\"QR code\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238, appendix B.
    fn seed() -> Seed {
        Seed(*b"12345678901234567890")
    }

    /// The table there has eight digits; six are the last six of them.
    #[test]
    fn codes_are_those_of_the_specification() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(seed().code(second / 30), code, "{second}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_clock_that_is_half_a_minute_off_and_no_more() {
        let now = Millis(1_700_000_000_000);
        let step = now.0 / STEP;
        for (of, good) in
            [(step - 2, false), (step - 1, true), (step, true), (step + 1, true), (step + 2, false)]
        {
            assert_eq!(seed().step_of(&seed().code(of), now, 0), good.then_some(of), "{of}");
        }
    }

    #[test]
    fn a_code_that_was_used_and_those_before_it_are_good_no_more() {
        let now = Millis(1_700_000_000_000);
        let step = now.0 / STEP;
        let code = |of: u64| seed().code(of);
        assert_eq!(seed().step_of(&code(step), now, step), None);
        assert_eq!(seed().step_of(&code(step - 1), now, step), None);
        assert_eq!(seed().step_of(&code(step + 1), now, step), Some(step + 1));
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        for bad in ["", "28708", "2870820", "２87082", " 287082"] {
            assert_eq!(seed().step_of(bad, Millis(59_000), 0), None, "{bad}");
        }
    }

    #[test]
    fn an_app_is_told_everything_it_needs() {
        assert_eq!(
            seed().url("patr.example:8787", "ada@example.com"),
            "otpauth://totp/patr%2Eexample%3A8787:ada%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=patr%2Eexample%3A8787"
        );
        let image = qr(&seed().url("patr.example", "ada@example.com")).unwrap();
        assert!(image.starts_with("<svg ") && image.ends_with("</svg>") && image.contains("M4 4h1v1h-1z"));
    }
}
