//! Which agent of a runner works, where there are several: the one that holds a Lease. The others connect nothing and wait.
//!
//! ```text
//! waits ──▶ holds ──▶ another holds it: this process ends, and the one that comes after it waits
//!             │
//!             └─ asked to stop: lets go at once, answers until another has connected, and finishes what it has
//! ```
//!
//! A holder that cannot reach the API server goes on: mostly nobody can take the lease meanwhile, and what goes through the
//! agent must not end with that server. It may be the only one that is cut off, though, so it changes nothing before it has
//! renewed the lease ([`Term`]); and of two that are connected the edge hears the one that came last.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease as Object, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{Api, Error, api::PostParams};
use patr_models::time::Millis;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use super::{chain, term::Term};
use crate::link::clock;

/// It comes with the manifest, into the namespace of the agents.
pub(super) const NAME: &str = "patr-runner";
/// How long it holds when nobody renews it. A request waits at the edge for as long.
const HOLDS: Duration = Duration::from_secs(15);
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long the API server may take to say who has it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// How often one that waits looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long letting go may take. Without it the lease runs out.
const RELEASES_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Lease {
    api: Api<Object>,
    me: String,
    term: Term,
}

/// What came of a try to take a lease.
enum Tried {
    Ours,
    Theirs(String),
    /// Somebody else was faster.
    Again,
}

/// What one that waits has seen last, and since when.
#[derive(Default)]
struct Seen(Option<(LeaseSpec, Instant)>);

impl Seen {
    /// Whether a lease may be taken: nobody has it, we have, or whoever has it did not renew it in time. Only this
    /// machine's clock is asked, for clocks differ.
    fn may_take(&mut self, spec: &LeaseSpec, me: &str, now: Instant) -> bool {
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder.is_empty() || holder == me {
            return true;
        }
        match &self.0 {
            Some((last, since)) if last == spec => now.duration_since(*since) >= HOLDS,
            _ => {
                self.0 = Some((spec.clone(), now));
                false
            }
        }
    }
}

/// A lease in the hands of somebody from a moment on.
fn taken(before: &LeaseSpec, me: &str, now: Option<MicroTime>) -> LeaseSpec {
    let is_mine = before.holder_identity.as_deref() == Some(me);
    let transitions = before.lease_transitions.unwrap_or_default() + i32::from(!is_mine);
    LeaseSpec {
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: i32::try_from(HOLDS.as_secs()).ok(),
        acquire_time: if is_mine { before.acquire_time.clone() } else { now.clone() },
        renew_time: now,
        lease_transitions: Some(transitions),
        ..Default::default()
    }
}

fn now() -> Option<MicroTime> {
    let Millis(now) = clock();
    Timestamp::from_millisecond(i64::try_from(now).ok()?).ok().map(MicroTime)
}

impl Lease {
    /// Of an agent that is called `me`, and may change things for as long as `term` lasts. What asks for the lease must
    /// not be held back by that.
    pub(super) fn new(api: Api<Object>, me: String, term: Term) -> Self {
        Self { api, me, term }
    }

    /// Waits until it is ours.
    pub(super) async fn acquire(&self) {
        let (mut seen, mut told) = (Seen::default(), String::new());
        loop {
            match self.try_take(&mut seen).await {
                Ok(Tried::Ours) => return,
                Ok(Tried::Theirs(holder)) if holder != told => {
                    info!("{holder} works for this runner; waiting");
                    told = holder;
                }
                Ok(Tried::Theirs(_) | Tried::Again) => {}
                Err(error) => warn!("the lease `{NAME}`: {error}"),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Takes it, or renews it, if it may be taken.
    async fn try_take(&self, seen: &mut Seen) -> Result<Tried, String> {
        // A connection that broke without a word would keep a request for minutes.
        match timeout(ANSWERS_WITHIN, self.ask_for(seen)).await {
            Ok(answered) => answered.map_err(|error| chain(&error)),
            Err(_) => Err(format!("no answer within {} s", ANSWERS_WITHIN.as_secs())),
        }
    }

    async fn ask_for(&self, seen: &mut Seen) -> Result<Tried, Error> {
        // Who waits counts from when it sees what is written here, which is later.
        let begun = Instant::now();
        let lease = self.api.get(NAME).await?;
        let spec = lease.spec.clone().unwrap_or_default();
        if !seen.may_take(&spec, &self.me, Instant::now()) {
            return Ok(Tried::Theirs(spec.holder_identity.unwrap_or_default()));
        }
        if !self.write(lease, taken(&spec, &self.me, now())).await? {
            return Ok(Tried::Again);
        }
        self.term.lasts_until(begun + HOLDS);
        Ok(Tried::Ours)
    }

    /// Whether it was written: not if anybody has done so since it was read.
    async fn write(&self, lease: Object, spec: LeaseSpec) -> Result<bool, Error> {
        // With the version that was read: the server takes it for no other.
        let lease = Object { spec: Some(spec), ..lease };
        match self.api.replace(NAME, &PostParams::default(), &lease).await {
            Err(Error::Api(status)) if status.code == 409 => Ok(false),
            written => written.map(|_| true),
        }
    }

    /// Renews it, for as long as nobody else has it.
    pub(crate) async fn lost(&self) {
        loop {
            let _ = timeout(RENEW_EVERY, self.term.has_held_back()).await;
            match self.try_take(&mut Seen::default()).await {
                Ok(Tried::Theirs(holder)) => return warn!("{holder} works for this runner from now on"),
                Ok(Tried::Ours | Tried::Again) => {}
                Err(error) => debug!("renewing the lease: {error}"),
            }
        }
    }

    /// Lets go of it, so that nobody has to wait until it runs out.
    pub(crate) async fn release(&self) {
        self.term.end();
        let releasing = async {
            let lease = self.api.get(NAME).await?;
            let spec = lease.spec.clone().unwrap_or_default();
            if spec.holder_identity.as_deref() == Some(&self.me) {
                self.write(lease, LeaseSpec { holder_identity: None, ..spec }).await?;
            }
            Ok(())
        };
        match timeout(RELEASES_WITHIN, releasing).await {
            Ok(Ok(())) => {}
            Ok(Err::<_, Error>(error)) => warn!("letting go of the lease: {}", chain(&error)),
            Err(_) => warn!("letting go of the lease: no answer within {} s", RELEASES_WITHIN.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(by: &str, renewed: i64) -> LeaseSpec {
        let at = Timestamp::from_second(renewed).ok().map(MicroTime);
        taken(&LeaseSpec::default(), by, at)
    }

    #[test]
    fn a_lease_is_free_for_whoever_has_it_and_when_nobody_has() {
        let now = Instant::now();
        assert!(Seen::default().may_take(&LeaseSpec::default(), "a", now));
        assert!(Seen::default().may_take(&held("a", 1), "a", now), "as after a crash");
        assert!(!Seen::default().may_take(&held("b", 1), "a", now));
    }

    #[test]
    fn one_that_is_not_renewed_runs_out_by_the_clock_of_who_waits() {
        let (mut seen, begun) = (Seen::default(), Instant::now());
        let mut asks =
            |renewed, after| seen.may_take(&held("b", renewed), "a", begun + Duration::from_secs(after));
        assert!(!asks(1, 0) && !asks(1, 14));
        assert!(!asks(2, 16), "it was renewed, whatever its holder's clock says");
        assert!(!asks(2, 30) && asks(2, 31));
    }

    #[test]
    fn a_renewal_keeps_since_when_it_is_held_and_a_take_over_is_counted() {
        let first = held("a", 1);
        let again = taken(&first, "a", None);
        assert_eq!((again.acquire_time, again.lease_transitions), (first.acquire_time.clone(), Some(1)));
        assert_eq!(taken(&first, "b", None).lease_transitions, Some(2));
    }
}
