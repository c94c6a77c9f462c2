//! On which runners a deployment is, and how its requests are shared among them.

use super::Status;
use crate::{
    ids::{Ref, RunnerId},
    limits::{RUNNERS_MAX, WEIGHT_MAX},
    name::Name,
    wire::ObservedReplica,
};

/// A runner on which a deployment is to be.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    pub runner: Ref<RunnerId>,
    /// Its part of the requests, 0 to 100; 1 when absent. With 0 it stands by: it is asked, in the order of the list, only
    /// when no other can answer.
    #[serde(default = "Placement::whole")]
    pub weight: u8,
}

impl Placement {
    /// On one runner, with no others to share with.
    pub fn on(runner: Ref<RunnerId>) -> Self {
        Self { runner, weight: Self::whole() }
    }

    fn whole() -> u8 {
        1
    }
}

/// What is wrong with a list of runners, in a sentence, if anything. Whether two names mean one runner is found out later.
pub fn check(placements: &[Placement]) -> Result<(), String> {
    if !(1..=RUNNERS_MAX).contains(&placements.len()) {
        return Err(format!("name 1 to {RUNNERS_MAX}"));
    }
    if let Some(heavy) = placements.iter().find(|placement| placement.weight > WEIGHT_MAX) {
        return Err(format!("the weight of `{}` is over {WEIGHT_MAX}", heavy.runner));
    }
    if placements.iter().all(|placement| placement.weight == 0) {
        return Err("all of them stand by: give one a weight".to_owned());
    }
    Ok(())
}

/// A runner on which a deployment is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Placed {
    pub runner: RunnerId,
    pub name: Name,
    /// As in [`Placement`].
    pub weight: u8,
    /// Whether it was taken off the list, and serves until another one does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
    /// Of this runner alone.
    pub status: Status,
    /// Every replica that it saw last, of whatever release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<ObservedReplica>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(weights: &[u8]) -> Vec<Placement> {
        let named = |(number, &weight): (usize, &u8)| Placement {
            runner: format!("r{number}").parse().unwrap(),
            weight,
        };
        weights.iter().enumerate().map(named).collect()
    }

    #[test]
    fn a_list_of_runners_has_one_to_eight_and_one_that_does_not_stand_by() {
        for good in [&[1][..], &[100, 0], &[1; 8]] {
            assert_eq!(check(&placed(good)), Ok(()), "{good:?}");
        }
        for (bad, about) in
            [(&[][..], "1 to 8"), (&[1; 9], "1 to 8"), (&[1, 101], "`r1`"), (&[0, 0], "stand by")]
        {
            assert!(check(&placed(bad)).unwrap_err().contains(about), "{bad:?}");
        }
    }

    #[test]
    fn a_runner_without_a_weight_takes_a_whole_part() {
        let written = serde_json::json!({ "runner": "home" });
        let read: Placement = serde_json::from_value(written).unwrap();
        assert_eq!(read, Placement::on("home".parse().unwrap()));
    }
}
