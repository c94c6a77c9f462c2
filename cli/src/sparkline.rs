//! Numbers over time, drawn in one line of text.

use patr_models::time::Millis;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A stretch of time and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Millis,
    pub(crate) to: Millis,
    pub(crate) value: u64,
}

/// From nothing up to the highest of all numbers; each letter is the highest number of its part of the time between
/// `from` and `to`, so that a short peak shows. Where nothing is known there is a space.
pub(crate) fn sparkline(stretches: &[Stretch], from: Millis, to: Millis, letters: u64) -> String {
    let most = stretches.iter().map(|stretch| stretch.value).max().unwrap_or_default();
    let edge = |at: u64| from.0 + (to.0.saturating_sub(from.0)) * at / letters.max(1);
    let highest = |at: u64| {
        let within = |stretch: &&Stretch| stretch.from.0 < edge(at + 1) && stretch.to.0 > edge(at);
        stretches.iter().filter(within).map(|stretch| stretch.value).max()
    };
    (0..letters).map(|at| highest(at).map_or(' ', |value| bar(value, most))).collect()
}

/// The lowest bar is for nothing at all, and for next to nothing.
fn bar(value: u64, most: u64) -> char {
    let steps = BARS.len() as u128 - 1;
    let step = (u128::from(value) * steps).div_ceil(u128::from(most.max(1)));
    usize::try_from(step).ok().and_then(|step| BARS.get(step)).copied().unwrap_or(BARS[BARS.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[(u64, u64, u64)], letters: u64) -> String {
        let stretch =
            |&(from, to, value): &(u64, u64, u64)| Stretch { from: Millis(from), to: Millis(to), value };
        sparkline(&values.iter().map(stretch).collect::<Vec<_>>(), Millis(0), Millis(80), letters)
    }

    #[test]
    fn a_line_goes_from_nothing_to_the_highest_number() {
        let rising: Vec<_> = (0..8).map(|at| (at * 10, at * 10 + 10, at * 100)).collect();
        assert_eq!(line(&rising, 8), "▁▂▃▄▅▆▇█");
        assert_eq!(line(&[(0, 80, 0)], 4), "▁▁▁▁");
        assert_eq!(line(&[(0, 80, u64::MAX)], 2), "██");
    }

    #[test]
    fn a_short_peak_is_not_lost() {
        assert_eq!(line(&[(0, 40, 1), (40, 41, 1000), (41, 80, 1)], 2), "▂█");
    }

    #[test]
    fn what_is_not_known_is_left_blank() {
        assert_eq!(line(&[(0, 20, 5), (60, 80, 5)], 4), "█  █");
        assert_eq!(line(&[], 3), "   ");
    }
}
