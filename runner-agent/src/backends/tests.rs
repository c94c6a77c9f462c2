//! Who is picked, and who waits.

use std::{collections::HashMap, time::Duration};

use patr_models::{
    deployment::{PortSpec, WorkloadSpec},
    ids::Id,
    time::Millis,
};
use tokio::{task::JoinHandle, time};

use super::*;
use crate::runtime::{Health, Replica, ReplicaState};

fn address(last: u8) -> Address {
    Address::Network([127, 0, 0, last].into())
}

fn id() -> DeploymentId {
    DeploymentId::from_parts(Millis(0), 0)
}

fn two() -> Backends {
    let backends = Backends::default();
    backends.add_all(id(), [("a", address(1)), ("b", address(2))]);
    backends
}

/// A specification with this first http port.
fn listening(port: u16) -> WorkloadSpec {
    let mut spec = WorkloadSpec::of("web:1".parse().unwrap());
    spec.ports = vec![PortSpec { port, protocol: Default::default() }];
    spec
}

fn expect(backends: &Backends, serves: bool, spec: &WorkloadSpec, here: &[&Replica]) {
    backends.expect(HashMap::from([(id(), Expected::of(serves, spec, here))]));
}

fn expecting(expected: bool) -> Backends {
    let backends = Backends::default();
    expect(&backends, expected, &listening(80), &[]);
    backends
}

/// A request that waits, once it does.
async fn parked(backends: &Backends) -> JoinHandle<Option<InFlight>> {
    let (waiting, before) = (backends.clone(), backends.want(id()).requests);
    let request = tokio::spawn(async move { waiting.acquire(id(), 80).await });
    while backends.want(id()).requests == before && !request.is_finished() {
        tokio::task::yield_now().await;
    }
    request
}

#[test]
fn the_replica_with_least_in_flight_is_picked_and_freed_again() {
    let backends = two();
    let first = backends.pick(id(), 80).unwrap();
    let second = backends.pick(id(), 80).unwrap();
    assert_ne!(first.address, second.address);
    let freed = first.address;
    drop(first);
    assert_eq!(backends.pick(id(), 80).unwrap().address, freed);
}

#[tokio::test]
async fn a_replica_that_was_taken_out_still_counts_what_it_serves() {
    let backends = Backends::default();
    backends.add(id(), "a", address(1));
    let request = backends.pick(id(), 80).unwrap();
    let left = backends.remove(id(), "a").unwrap();
    assert!(backends.pick(id(), 80).is_none());
    assert_eq!(left.count(), 1);
    left.cut();
    request.cut().await;
    drop(request);
    left.ended().await;
}

#[test]
fn a_replica_that_moved_is_followed_and_one_that_ended_is_dropped() {
    let backends = two();
    backends.follow(backends.mark(), |container| (container == "a").then(|| address(3)));
    assert_eq!(backends.pick(id(), 80).unwrap().address.to_string(), "127.0.0.3:80");
    assert!(!backends.contains(id(), "b"));
    backends.follow(backends.mark(), |_| None);
    backends.expect(HashMap::new());
    assert!(backends.lock().pools.is_empty(), "nothing is remembered of a deployment that is gone");
}

#[test]
fn what_was_seen_before_a_replica_was_let_in_does_not_move_it_to_where_it_was() {
    let backends = Backends::default();
    let looked_at = backends.mark();
    backends.add(id(), "a", address(2));
    backends.follow(looked_at, |_| Some(address(1)));
    assert_eq!(backends.pick(id(), 80).unwrap().address.to_string(), "127.0.0.2:80");
}

#[test]
fn each_replica_is_asked_at_the_first_port_of_its_own_release() {
    let replica = |container: &str, port| Replica {
        id: container.to_owned(),
        deployment: id(),
        generation: 1,
        release: 1,
        hash: String::new(),
        digest: None,
        probe: None,
        http_port: port,
        proven: true,
        health: Health::Unasked,
        state: ReplicaState::Running(address(1)),
    };
    let at = |backends: &Backends, than, port| {
        backends.another(id(), port, than).map(|picked| picked.address.port())
    };
    let (old, new, unknown) = (replica("a", Some(80)), replica("b", Some(81)), replica("c", None));
    let backends = two();
    // A release is tried while the old one serves.
    expect(&backends, true, &listening(81), &[&old]);
    assert_eq!(at(&backends, "b", 81), Some(80));
    // The edge has not heard of the new one yet.
    expect(&backends, true, &listening(81), &[&old, &new]);
    assert_eq!((at(&backends, "a", 80), at(&backends, "b", 81)), (Some(81), Some(80)));
    // A port that is meant by its number.
    assert_eq!((at(&backends, "a", 9000), at(&backends, "b", 9000)), (Some(9000), Some(9000)));
    expect(&backends, true, &listening(81), &[&unknown]);
    assert_eq!(at(&backends, "b", 81), Some(81), "made by an agent from before");
}

#[test]
fn a_published_port_is_reached_on_loopback() {
    let backends = Backends::default();
    backends.add(id(), "a", Address::Published([(80, 40_080)].into()));
    assert_eq!(backends.pick(id(), 80).unwrap().address.to_string(), "127.0.0.1:40080");
    assert!(backends.pick(id(), 81).is_none());
}

#[test]
fn a_replica_that_is_not_ready_stays_in_and_is_not_asked() {
    let backends = two();
    backends.set_ready(id(), "a", false);
    assert_eq!(backends.is_ready(id(), "a"), Some(false));
    for _ in 0..3 {
        assert_eq!(backends.pick(id(), 80).unwrap().container, "b");
    }
    backends.set_ready(id(), "a", true);
    assert_eq!(backends.another(id(), 80, "b").unwrap().container, "a");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_refuses_connections_is_left_out_for_ever_longer_and_comes_back() {
    let backends = two();
    let refuses = || (0..3).for_each(|_| backends.connected(id(), "a", false));
    // With what is held in flight at the other, it would be the next one.
    let _busy = backends.another(id(), 80, "a");
    let next = || backends.pick(id(), 80).unwrap().container.clone();
    assert_eq!(next(), "a");
    refuses();
    assert_eq!(next(), "b");
    time::advance(Duration::from_secs(1)).await;
    assert_eq!(next(), "a");
    backends.connected(id(), "a", false);
    time::advance(Duration::from_secs(1)).await;
    assert_eq!(next(), "b", "twice as long");
    for _ in 0..20 {
        backends.connected(id(), "a", false);
    }
    time::advance(Duration::from_secs(30)).await;
    assert_eq!(next(), "a", "and never for ever");
    backends.connected(id(), "a", true);
    backends.connected(id(), "a", false);
    assert_eq!(next(), "a", "one that worked starts over");
}

#[test]
fn the_only_replica_is_asked_although_it_refuses() {
    let backends = Backends::default();
    backends.add(id(), "a", address(1));
    for _ in 0..9 {
        backends.connected(id(), "a", false);
    }
    assert!(backends.pick(id(), 80).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_a_replica_that_is_to_come_and_says_that_it_does() {
    let backends = expecting(true);
    let request = parked(&backends).await;
    backends.asked().await;
    assert_eq!(backends.want(id()).requests, 1);
    backends.add(id(), "a", address(1));
    assert_eq!(request.await.unwrap().unwrap().container, "a");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_is_not_coming() {
    let backends = expecting(false);
    assert!(backends.acquire(id(), 80).await.is_none());
    let unknown = DeploymentId::from_parts(Millis(0), 9);
    assert!(backends.acquire(unknown, 80).await.is_none());
    backends.add(id(), "a", Address::Published([(80, 40_080)].into()));
    assert!(backends.acquire(id(), 81).await.is_none(), "a port that no replica has");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_when_nothing_comes_any_more() {
    let backends = expecting(true);
    let begun = Instant::now();
    let request = parked(&backends).await;
    expect(&backends, false, &listening(80), &[]);
    assert!(request.await.unwrap().is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_request_does_not_wait_for_ever_and_only_so_many_wait() {
    let backends = expecting(true);
    let begun = Instant::now();
    let mut requests = Vec::new();
    for _ in 0..256 {
        requests.push(parked(&backends).await);
    }
    assert!(backends.acquire(id(), 80).await.is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO, "one too many is refused at once");
    for request in requests {
        assert!(request.await.unwrap().is_none());
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
    assert_eq!(backends.want(id()).requests, 0);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_look_anything_may_be_about_to_serve() {
    let backends = Backends::default();
    let request = parked(&backends).await;
    backends.add(id(), "a", address(1));
    assert!(request.await.unwrap().is_some());
}
