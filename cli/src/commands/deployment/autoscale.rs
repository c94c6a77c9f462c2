//! How flags say between which numbers of replicas a runner chooses.

use patr_models::deployment::Autoscale;

use crate::{args::deployment::Scaling, failure::Failure};

/// What the flags say, on top of what was `before`; `None` when nothing is to be chosen. `least` is the number of
/// replicas that there are at least.
pub(in crate::commands) fn given(
    max: Option<u32>,
    scaling: &Scaling,
    before: Option<Autoscale>,
    least: u32,
) -> Result<Option<Autoscale>, Failure> {
    let Some(max) = max.or(before.map(|before| before.max)) else {
        return match (scaling.cpu_target, scaling.idle_after) {
            (None, None) if least > 0 => Ok(None),
            (None, None) => {
                Err(Failure::usage("0 replicas are only possible when the runner may start more")
                    .hint("say up to how many; `patr deployment stop` runs none at all"))
            }
            _ => Err(Failure::usage("the number of replicas is fixed, so there is nothing to aim at")
                .hint("say up to how many the runner may choose")),
        };
    };
    let autoscale = Autoscale {
        max,
        cpu_percent: scaling.cpu_target.or(before.and_then(|before| before.cpu_percent)),
        idle_s: scaling.idle_after.or(before.and_then(|before| before.idle_s)),
    };
    autoscale.check(least).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Some(autoscale))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Scaling = Scaling { cpu_target: None, idle_after: None };
    const BEFORE: Autoscale = Autoscale { max: 4, cpu_percent: Some(50), idle_s: None };

    #[test]
    fn what_is_not_given_stays_as_it_was() {
        let scaling = Scaling { idle_after: Some(60), ..NOTHING };
        assert_eq!(
            given(None, &scaling, Some(BEFORE), 1),
            Ok(Some(Autoscale { idle_s: Some(60), ..BEFORE }))
        );
        assert_eq!(given(Some(9), &NOTHING, Some(BEFORE), 1), Ok(Some(Autoscale { max: 9, ..BEFORE })));
        assert_eq!(given(None, &NOTHING, None, 1), Ok(None));
    }

    #[test]
    fn none_at_all_needs_somebody_who_starts_one() {
        assert!(given(None, &NOTHING, None, 0).is_err());
        assert!(given(Some(1), &NOTHING, None, 0).is_ok());
    }

    #[test]
    fn the_most_is_not_less_than_the_least_and_an_aim_needs_a_choice() {
        assert!(given(Some(2), &NOTHING, None, 3).is_err());
        assert!(given(None, &Scaling { cpu_target: Some(60), ..NOTHING }, None, 1).is_err());
    }
}
