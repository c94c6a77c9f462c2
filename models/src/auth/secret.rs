//! Secrets as text: a prefix by kind, 256 random bits, and a checksum that tells a secret from a text that looks like one.
//!
//! ```text
//! patr_t_ 5oY1…  (43 characters, base 62)  0aK9Zx (CRC-32 of everything before it, base 62)
//! ```
//!
//! Whoever scans commits finds them by `\bpatr_[a-z]_[0-9A-Za-z]{49}\b` and needs no call to know a real one.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is just above 2^256, and 62^6 above 2^32.
const RANDOM_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;

/// The length of a whole secret: every prefix has seven characters.
pub const LENGTH: usize = 7 + RANDOM_DIGITS + CHECKSUM_DIGITS;

/// The secret that this randomness makes.
pub fn secret(prefix: &str, random: [u8; 32]) -> String {
    let text = format!("{prefix}{}", base62(random, RANDOM_DIGITS));
    let checksum = checksum(&text);
    text + &checksum
}

/// Whether a text is a whole secret with this prefix. Secrets of before there were checksums are not.
pub fn is_whole(prefix: &str, text: &str) -> bool {
    let Some(at) = text.len().checked_sub(CHECKSUM_DIGITS) else { return false };
    let Some((body, end)) = text.split_at_checked(at) else { return false };
    let random = body.strip_prefix(prefix).unwrap_or_default();
    random.len() == RANDOM_DIGITS
        && random.bytes().all(|byte| ALPHABET.contains(&byte))
        && end == checksum(body)
}

fn checksum(text: &str) -> String {
    base62(crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECKSUM_DIGITS)
}

/// A big-endian number in so many digits.
fn base62<const N: usize>(mut number: [u8; N], digits: usize) -> String {
    let mut text: Vec<char> = (0..digits).map(|_| digit(&mut number)).collect();
    text.reverse();
    text.into_iter().collect()
}

/// Takes the last digit off a number.
fn digit(number: &mut [u8]) -> char {
    let mut rest = 0_usize;
    for byte in number {
        let value = rest * 256 + usize::from(*byte);
        // The rest is below 62, so that the quotient is below 256.
        *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
        rest = value % 62;
    }
    ALPHABET.get(rest).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::prefix;

    /// The checksum was computed with Python's `zlib.crc32`.
    #[test]
    fn a_secret_has_the_form_that_scanners_are_told() {
        let zeros = format!("patr_t_{}", "0".repeat(43));
        assert_eq!(secret(prefix::TOKEN, [0; 32]), zeros + "0f111o");
        let largest = secret(prefix::TOKEN, [255; 32]);
        assert!(largest.starts_with("patr_t_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"), "{largest}");
    }

    #[test]
    fn the_checksum_is_the_crc_that_other_tools_compute() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
        assert_eq!(base62(u32::MAX.to_be_bytes(), 6), "4gfFC3");
    }

    proptest! {
        #[test]
        fn a_slip_in_a_secret_is_noticed(random: [u8; 32], at in 7_usize..56, by in 1_usize..62) {
            let text = secret(prefix::TOKEN, random);
            prop_assert_eq!(text.len(), 56);
            prop_assert!(is_whole(prefix::TOKEN, &text));
            prop_assert!(!is_whole(prefix::SESSION, &text));
            let mut other = text.into_bytes();
            let place = ALPHABET.iter().position(|digit| *digit == other[at]).unwrap();
            other[at] = ALPHABET[(place + by) % 62];
            prop_assert!(!is_whole(prefix::TOKEN, &String::from_utf8(other).unwrap()));
        }

        #[test]
        fn no_text_at_all_breaks_the_check(text: String) {
            prop_assert!(!is_whole(prefix::TOKEN, &text));
        }
    }
}
