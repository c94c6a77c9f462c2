//! What is worth coding.

/// Below this a coding saves no packet.
pub const SIZE_MIN: u64 = 512;
/// Above this files are served as they are: somebody who downloads so much is better served by ranges of one
/// representation, and an upload would wait for the coder.
pub const SIZE_MAX: u64 = 64 * 1024 * 1024;

/// Whether a coding saves a tenth, and some bytes for the header that says so.
pub fn is_worth_it(size: u64, coded: u64) -> bool {
    coded.saturating_add(64) <= size && coded <= size / 10 * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_become_clearly_smaller_is_not_kept() {
        assert!(is_worth_it(1000, 900) && !is_worth_it(1000, 901) && !is_worth_it(100, 50));
    }
}
