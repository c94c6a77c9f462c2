//! How long to wait before a connection is tried again.

use std::time::Duration;

use patr_models::live::close;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// The time before the try after `failed` ones in a row, `random` being 0 to 1: with full jitter, so that not every tab comes
/// back at the same moment. At once where the edge has closed it so that it is made anew.
pub fn wait(code: u16, failed: u32, random: f64) -> Duration {
    if matches!(code, close::RENEW | close::SILENT) && failed == 0 {
        return Duration::ZERO;
    }
    let most = FIRST.saturating_mul(1 << failed.min(10)).min(LONGEST);
    most.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: u16 = 1006;

    #[test]
    fn a_connection_that_is_to_be_renewed_is_made_at_once_but_not_for_ever() {
        assert_eq!(wait(close::RENEW, 0, 1.0), Duration::ZERO);
        assert_eq!(wait(close::RENEW, 3, 1.0), Duration::from_secs(4));
    }

    #[test]
    fn the_longer_it_fails_the_longer_it_takes_within_bounds() {
        let waits = [0, 1, 5, 6, 40].map(|failed| wait(LOST, failed, 1.0).as_millis());
        assert_eq!(waits, [500, 1000, 16_000, 30_000, 30_000]);
        assert_eq!(wait(LOST, 5, 0.0), Duration::ZERO);
        assert_eq!(wait(LOST, 0, 0.5), Duration::from_millis(250));
    }
}
