//! Somebody who listens: what is kept with a socket, and what is decided by it. The object that holds the sockets may have
//! slept between any two events, so nothing else is known of them.

use std::{collections::BTreeSet, time::Duration};

use patr_models::{
    auth::Access,
    ids::UserId,
    internal::{Listener, announce::Parted},
    limits::{CHANGED_MAX, LISTENERS_MAX, USER_LISTENERS_MAX},
    live::{Changed, LIFE_S, SILENCE_S, ToTab, close},
    time::Millis,
};
use serde::{Deserialize, Serialize};

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tab {
    listener: Listener,
    since: Millis,
}

/// Why a connection ends: code and reason.
pub type End = (u16, &'static str);

/// Of who may do something else from now on.
pub const PARTED: End = (close::RENEW, "what you may do has changed: connect again");
const SERVED: End = (close::RENEW, "this connection has served its time: connect again");
const SILENT: End = (close::SILENT, "nothing was heard of you: connect again");

impl Tab {
    pub fn new(listener: Listener, now: Millis) -> Self {
        Self { listener, since: now }
    }

    pub fn user(&self) -> UserId {
        self.listener.user
    }

    /// Why it is to end, if it is. `heard` is when the platform last answered a heartbeat for us. Looked at only when there
    /// is something to tell, or somebody new: no clock runs for a connection that hears nothing.
    pub fn end(&self, heard: Option<Millis>, now: Millis) -> Option<End> {
        let last = heard.map_or(self.since, |heard| heard.max(self.since));
        let over = self.listener.until.is_some_and(|until| until <= now);
        if over || now.since(self.since) > Duration::from_secs(LIFE_S) {
            return Some(SERVED);
        }
        (now.since(last) > Duration::from_secs(SILENCE_S)).then_some(SILENT)
    }

    /// Whether it was opened with what is not allowed any more.
    pub fn is_parted(&self, parted: Parted) -> bool {
        match parted {
            Parted::Everybody => true,
            Parted::User(user) => user == self.user(),
        }
    }

    /// What it is told of these changes; nothing when it may see none of them.
    pub fn hears(&self, changed: &BTreeSet<Changed>, now: Millis) -> Option<ToTab> {
        let access: Access = self.listener.sees.iter().cloned().collect();
        let seen: BTreeSet<&Changed> = changed.iter().filter(|it| it.is_seen_by(&access)).collect();
        (!seen.is_empty()).then(|| ToTab::Changed { now, resources: bounded(&seen) })
    }
}

/// As many as fit a message; of more, only the kinds.
fn bounded(seen: &BTreeSet<&Changed>) -> Vec<Changed> {
    if seen.len() <= CHANGED_MAX {
        return seen.iter().copied().cloned().collect();
    }
    let kinds: BTreeSet<Changed> = seen.iter().map(|it| Changed::any(it.kind)).collect();
    kinds.into_iter().collect()
}

/// Whether one more of a user is let in beside these; if not, how many there may be.
pub fn admit(user: UserId, others: &[Tab]) -> Result<(), usize> {
    let own = others.iter().filter(|tab| tab.user() == user).count();
    if own >= USER_LISTENERS_MAX {
        return Err(USER_LISTENERS_MAX);
    }
    if others.len() >= LISTENERS_MAX { Err(LISTENERS_MAX) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use patr_models::{
        auth::{Grant, Permission, ResourceType, Scope},
        ids::Id,
    };

    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_parts(Millis(1), n)
    }

    fn tab(n: u128, sees: Vec<Grant>) -> Tab {
        Tab::new(Listener { user: user(n), sees, until: None }, Millis(0))
    }

    fn site(id: impl ToString) -> Changed {
        Changed::one(ResourceType::Site, id)
    }

    #[test]
    fn who_may_view_one_site_hears_of_that_one_alone() {
        let resources = Scope::Only(["site_1".to_owned()].into());
        let tab = tab(1, vec![Grant { permission: Permission::SiteView, resources }]);
        let secret = Changed::one(ResourceType::Secret, "db");
        let all = [site("site_1"), site("site_2"), secret.clone()].into();
        let told = Some(ToTab::Changed { now: Millis(5), resources: vec![site("site_1")] });
        assert_eq!(tab.hears(&all, Millis(5)), told);
        assert_eq!(tab.hears(&[site("site_2"), secret].into(), Millis(5)), None);
    }

    #[test]
    fn of_many_changes_only_the_kinds_are_told_and_only_those_that_are_seen() {
        let tab = tab(1, vec![Grant::all(Permission::SiteView)]);
        let told = |sites: usize| {
            let mut all: BTreeSet<Changed> = (0..sites).map(site).collect();
            all.extend((0..CHANGED_MAX).map(|n| Changed::one(ResourceType::Secret, n)));
            match tab.hears(&all, Millis(5)) {
                Some(ToTab::Changed { resources, .. }) => resources,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told(CHANGED_MAX).len(), CHANGED_MAX);
        assert_eq!(told(CHANGED_MAX + 1), [Changed::any(ResourceType::Site)]);
    }

    #[test]
    fn a_connection_ends_with_what_opened_it_and_at_last_by_its_age() {
        let second = |n: u64| Millis(n * 1_000);
        let mut tab = tab(1, Vec::new());
        assert_eq!(tab.end(Some(second(LIFE_S)), second(LIFE_S)), None);
        assert_eq!(tab.end(Some(second(LIFE_S)), second(LIFE_S + 1)), Some(SERVED));
        tab.listener.until = Some(second(10));
        assert_eq!(tab.end(None, second(9)), None);
        assert_eq!(tab.end(None, second(10)), Some(SERVED));
    }

    #[test]
    fn who_is_silent_for_three_heartbeats_is_dropped() {
        let (tab, second) = (tab(1, Vec::new()), |n: u64| Millis(n * 1_000));
        assert_eq!(tab.end(None, second(SILENCE_S)), None);
        assert_eq!(tab.end(None, second(SILENCE_S + 1)), Some(SILENT));
        assert_eq!(tab.end(Some(second(5)), second(SILENCE_S + 1)), None);
        assert_eq!(tab.end(Some(second(5)), second(SILENCE_S + 6)), Some(SILENT));
    }

    #[test]
    fn no_user_takes_the_connections_of_the_others() {
        let others: Vec<Tab> = (0..USER_LISTENERS_MAX).map(|_| tab(1, Vec::new())).collect();
        assert_eq!(admit(user(1), &others), Err(USER_LISTENERS_MAX));
        assert_eq!(admit(user(1), &others[1..]), Ok(()));
        assert_eq!(admit(user(2), &others), Ok(()));
        let many: Vec<Tab> = (0..LISTENERS_MAX as u128).map(|n| tab(10 + n, Vec::new())).collect();
        assert_eq!(admit(user(1), &many), Err(LISTENERS_MAX));
        assert_eq!(admit(user(1), &many[1..]), Ok(()));
    }

    #[test]
    fn who_may_do_something_else_is_parted_and_nobody_else() {
        let (one, two) = (tab(1, Vec::new()), tab(2, Vec::new()));
        assert!(one.is_parted(Parted::User(user(1))) && !two.is_parted(Parted::User(user(1))));
        assert!(one.is_parted(Parted::Everybody) && two.is_parted(Parted::Everybody));
    }

    #[test]
    fn the_largest_that_is_let_in_fits_what_the_platform_keeps_with_a_socket() {
        use patr_models::limits::LISTENER_BYTES_MAX;
        const ATTACHMENT_MAX: usize = 16_384;
        let kept = |tab: &Tab| serde_json::to_string(tab).unwrap().len();
        assert!(kept(&tab(1, Vec::new())) + LISTENER_BYTES_MAX < ATTACHMENT_MAX - 64);
    }
}
