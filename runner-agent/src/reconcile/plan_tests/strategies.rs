//! The table of strategies. Each row is a moment of a rollout, and at each moment the agent may have just started:
//! what is remembered of an agent that restarted is the least there is.

use patr_models::deployment::{Strategy, spec::Mount};

use super::*;

fn of(strategy: Strategy, replicas: u32) -> DesiredDeployment {
    let spec = WorkloadSpec { strategy: Some(strategy), ..desired().spec };
    DesiredDeployment { replicas, spec, ..desired() }
}

fn shelved(id: &str) -> Replica {
    Replica { state: ReplicaState::Exited, ..old(id) }
}

fn shelves(id: &str) -> Step {
    Step::Shelve { replica: id.to_owned() }
}

fn revives(id: &str) -> Step {
    Step::Revive { replica: id.to_owned(), probe: None }
}

fn ended(id: &str) -> Replica {
    Replica { state: ReplicaState::Exited, ..new(id) }
}

/// Names of replicas that serve, at a moment.
type Serve = fn(&str) -> bool;

#[test]
fn rolling_goes_one_by_one_and_keeps_the_number_that_serves() {
    let three = of(Strategy::Rolling, 3);
    let (o, p, q) = (old("o"), old("p"), old("q"));
    let rows: [(Vec<Replica>, Serve, Vec<Step>); 7] = [
        (vec![o.clone(), p.clone(), q.clone()], ALL, vec![starts()]),
        (vec![o.clone(), p.clone(), q.clone(), new("a")], |id| id != "a", vec![probes("a")]),
        (vec![o.clone(), p.clone(), q.clone(), current("a")], ALL, vec![shelves("q"), starts()]),
        (vec![o.clone(), p.clone(), shelved("q"), current("a"), new("b")], |id| id != "b", vec![probes("b")]),
        (
            vec![o.clone(), p, shelved("q"), current("a"), current("b")],
            |id| id != "q",
            vec![shelves("p"), starts()],
        ),
        (
            vec![o, shelved("p"), shelved("q"), current("a"), current("b"), current("c")],
            |id| id <= "o",
            vec![retires("o"), retires("p"), retires("q")],
        ),
        (vec![current("a"), current("b"), current("c")], ALL, vec![]),
    ];
    for (here, serves, wanted) in rows {
        assert_eq!(steps(&three, &here, &pulled(), serves), wanted, "{here:#?}");
    }
}

#[test]
fn rolling_takes_out_first_what_does_not_serve_anyway() {
    let here = [old("o"), old("p"), current("a")];
    let steps = steps(&of(Strategy::Rolling, 2), &here, &pulled(), |id| id != "o");
    assert_eq!(steps, [shelves("o"), starts()]);
}

#[test]
fn rolling_adds_before_it_takes_when_it_scales_up_too() {
    let here = [old("o"), current("a")];
    assert_eq!(steps(&of(Strategy::Rolling, 3), &here, &pulled(), ALL), [starts()]);
}

#[test]
fn blue_green_proves_all_together_and_then_the_old_ones_go() {
    let two = of(Strategy::BlueGreen, 2);
    let (o, p) = (old("o"), old("p"));
    let both = Step::Probe { replicas: vec!["a".to_owned(), "b".to_owned()] };
    let rows: [(Vec<Replica>, Serve, Vec<Step>); 5] = [
        (vec![o.clone(), p.clone()], ALL, vec![starts()]),
        (vec![o.clone(), p.clone(), new("a")], |id| id != "a", vec![starts()]),
        (vec![o.clone(), p.clone(), new("a"), new("b")], |id| id > "b", vec![both.clone()]),
        // One was proved, and the agent restarted: nothing serves of the new ones yet.
        (vec![o.clone(), p.clone(), current("a"), new("b")], |id| id > "b", vec![both]),
        (vec![o, p, current("a"), current("b")], ALL, vec![retires("o"), retires("p")]),
    ];
    for (here, serves, wanted) in rows {
        assert_eq!(steps(&two, &here, &pulled(), serves), wanted, "{here:#?}");
    }
}

#[test]
fn blue_green_finds_out_why_one_has_ended_before_it_starts_more() {
    let here = [old("o"), ended("a")];
    assert_eq!(steps(&of(Strategy::BlueGreen, 3), &here, &pulled(), |id| id == "o"), [probes("a")]);
}

#[test]
fn recreate_never_runs_both() {
    let two = of(Strategy::Recreate, 2);
    let rows: [(Vec<Replica>, Serve, Vec<Step>); 6] = [
        (vec![old("o"), old("p")], ALL, vec![shelves("o"), shelves("p")]),
        (vec![shelved("o"), old("p")], |id| id == "p", vec![shelves("p")]),
        (vec![shelved("o"), shelved("p")], NONE, vec![starts()]),
        (vec![shelved("o"), shelved("p"), new("a")], NONE, vec![probes("a")]),
        (vec![shelved("o"), shelved("p"), current("a")], |id| id == "a", vec![starts()]),
        (
            vec![shelved("o"), shelved("p"), current("a"), current("b")],
            |id| id < "o",
            vec![retires("o"), retires("p")],
        ),
    ];
    for (here, serves, wanted) in rows {
        assert_eq!(steps(&two, &here, &pulled(), serves), wanted, "{here:#?}");
    }
}

#[test]
fn recreate_stops_nothing_before_the_image_is_here() {
    let one = of(Strategy::Recreate, 1);
    assert_eq!(steps(&one, &[old("o")], &Memory::default(), ALL), [Step::Pull]);
    let here = [shelved("o")];
    assert_eq!(steps(&one, &here, &Memory::default(), NONE), [Step::Pull], "an agent that restarted");
}

#[test]
fn recreate_waits_for_what_is_on_its_way_out() {
    assert_eq!(steps_with(&of(Strategy::Recreate, 1), &[shelved("o")], &pulled(), NONE, true), []);
}

#[test]
fn a_volume_for_one_writer_makes_it_recreate() {
    let mut one = desired();
    let mount = Mount { volume: "data".parse().unwrap(), read_only: false, id: None, shared: false };
    one.spec.volumes.insert("/data".parse().unwrap(), mount);
    assert_eq!(steps(&one, &[old("o")], &pulled(), ALL), [shelves("o")]);
}

#[test]
fn what_failed_goes_and_what_was_shelved_serves_again() {
    let here = [shelved("o"), old("p"), current("a"), ended("b")];
    let serves = |id: &str| id == "p" || id == "a";
    let rolling = of(Strategy::Rolling, 2);
    assert_eq!(steps(&rolling, &here, &failed(), serves), [revives("o"), retires("b")]);
    let here = [old("o"), old("p"), current("a")];
    assert_eq!(steps(&rolling, &here, &failed(), ALL), [retires("a")], "the new one goes last");
}

#[test]
fn a_failed_recreation_removes_the_new_ones_before_the_old_ones_run_again() {
    let one = of(Strategy::Recreate, 1);
    assert_eq!(steps(&one, &[shelved("o"), ended("a")], &failed(), NONE), [retires("a")]);
    assert_eq!(steps_with(&one, &[shelved("o")], &failed(), NONE, true), []);
    assert_eq!(steps(&one, &[shelved("o")], &failed(), NONE), [revives("o")]);
    assert_eq!(steps(&one, &[old("o")], &failed(), ALL), []);
}

#[test]
fn a_rollout_whose_image_cannot_be_had_still_brings_back_what_an_older_one_had_shelved() {
    let one = DesiredDeployment { digest: None, ..of(Strategy::Recreate, 1) };
    let memory = Memory { resolved: None, ..failed() };
    assert_eq!(steps(&one, &[shelved("o")], &memory, NONE), [revives("o")]);
}

#[test]
fn what_an_older_rollout_had_begun_goes_at_once_and_is_nothing_to_go_back_to() {
    let begun = Replica { proven: false, ..replica("x", "begun", 2) };
    let partial = Replica { generation: 4, ..replica("x", "partial", 2) };
    let whole = Replica { generation: 3, ..shelved("o") };
    for strategy in [Strategy::Rolling, Strategy::BlueGreen, Strategy::Recreate] {
        let steps = steps(&of(strategy, 1), &[whole.clone(), begun.clone()], &pulled(), NONE);
        assert!(steps.contains(&retires("x")), "{strategy:?}: {steps:?}");
        assert!(!steps.contains(&retires("o")), "{strategy:?}: {steps:?}");
    }
    let one = of(Strategy::Recreate, 1);
    assert_eq!(steps(&one, &[whole.clone(), partial.clone()], &failed(), |id| id == "x"), [retires("x")]);
    assert_eq!(steps(&one, &[whole], &failed(), NONE), [revives("o")]);
}

#[test]
fn the_release_that_was_live_last_is_the_one_to_go_back_to() {
    let stuck = Replica { generation: 1, ..replica("s", "older", 1) };
    let live = Replica { generation: 3, ..shelved("o") };
    let memory = Memory { live: Some(3), ..failed() };
    assert_eq!(
        steps(&of(Strategy::Rolling, 1), &[stuck, live], &memory, NONE),
        [readmits("s"), revives("o")]
    );
}

#[test]
fn one_that_is_not_alive_is_replaced_before_it_goes_unless_only_one_may_run() {
    let mut memory = Memory { live: Some(5), ..pulled() };
    memory.dead.insert("a".to_owned());
    assert_eq!(steps(&desired(), &[current("a")], &memory, ALL), [starts()]);
    assert_eq!(steps(&desired(), &[current("a"), current("b")], &memory, ALL), [retires("a")]);
    assert_eq!(steps(&of(Strategy::Recreate, 1), &[current("a")], &memory, ALL), [shelves("a")]);
}

#[test]
fn one_of_an_old_release_that_is_not_alive_is_started_anew() {
    let mut memory = failed();
    memory.dead.insert("o".to_owned());
    assert_eq!(steps(&desired(), &[old("o")], &memory, ALL), [shelves("o")]);
    assert_eq!(steps(&desired(), &[shelved("o")], &memory, NONE), [revives("o")]);
}

#[test]
fn one_that_is_not_ready_is_neither_asked_again_nor_counted() {
    let (a, o, memory) = (current("a"), old("o"), pulled());
    let desired = desired();
    let situation = Situation {
        desired: &desired,
        wanted: 1,
        here: &[&a, &o],
        leaving: false,
        memory: &memory,
        place: &|id| if id == "a" { Place::Unready } else { Place::Serving },
        busy: &|_| false,
        now: Instant::now(),
    };
    assert_eq!(plan(&situation), []);
}
