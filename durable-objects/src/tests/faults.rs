//! Whatever happens in whatever order, an agent takes a report for stored only once D1 has it, and in the end D1
//! has the last one.

use std::collections::VecDeque;

use patr_models::{deployment::ReleaseNumber, ids::Id};
use proptest::prelude::*;

use super::*;

/// What goes wrong, or on.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The agent opens a socket; an older one is forgotten by it.
    Connect,
    /// The socket breaks, and what is on the way in both directions is lost.
    Drop,
    /// The edge hears that a socket is gone.
    Closed,
    /// Something changes on the machine.
    Change,
    ToEdge,
    ToAgent,
    /// A message arrives twice.
    TwiceToEdge,
    /// The object forgets all but what it kept, and the answers that it waits for.
    Sleep,
    /// D1 has written the oldest of what it was told, and the object hears of it.
    Recorded,
    /// D1 has written it, and the object does not hear of it.
    RecordedUnheard,
    NotRecorded,
    Fetched,
    NotFetched,
    /// Time passes, and the alarm rings if it is due.
    Later,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop::sample::select(vec![
        Act::Connect,
        Act::Drop,
        Act::Closed,
        Act::Change,
        Act::ToEdge,
        Act::ToEdge,
        Act::ToEdge,
        Act::ToAgent,
        Act::ToAgent,
        Act::TwiceToEdge,
        Act::Sleep,
        Act::Recorded,
        Act::RecordedUnheard,
        Act::NotRecorded,
        Act::Fetched,
        Act::NotFetched,
        Act::Later,
    ])
}

/// An agent, as `runner-agent/src/link.rs` is one: one report on its way, numbered anew on each connection.
#[derive(Default)]
struct Agent {
    welcome: bool,
    /// The last change, which its report is about.
    now: ReleaseNumber,
    seq: Seq,
    unstored: Option<ReleaseNumber>,
    to_say: bool,
    /// The newest change that it takes for stored.
    stored: ReleaseNumber,
}

struct World {
    core: Core,
    now: Millis,
    /// The agent's socket, while it holds.
    socket: Option<Epoch>,
    /// Sockets whose end the edge has not heard of.
    ended: VecDeque<Epoch>,
    agent: Agent,
    to_edge: VecDeque<FromAgent>,
    to_agent: VecDeque<ToAgent<Passed>>,
    told: VecDeque<(ReportId, Facts)>,
    asked: usize,
    /// The newest release that D1 has.
    d1: ReleaseNumber,
}

fn runner() -> RunnerId {
    RunnerId::from_parts(Millis(1), 1)
}

/// Each change is a release of its own that has settled, so that D1 has to hear of each.
fn report(release: ReleaseNumber) -> Report {
    let id = DeploymentId::from_parts(Millis(1), 2);
    let phase = Phase::Settled;
    let observed = ObservedDeployment {
        id,
        generation: release.into(),
        release,
        digest: None,
        phase,
        ready: 1,
        wanted: None,
        replicas: vec![],
        trouble: None,
    };
    Report { revision: 1, deployments: vec![observed], ..Report::default() }
}

impl World {
    fn new() -> Self {
        Self {
            core: Core::restore(Saved::default()),
            now: Millis(1_000),
            socket: None,
            ended: VecDeque::new(),
            agent: Agent::default(),
            to_edge: VecDeque::new(),
            to_agent: VecDeque::new(),
            told: VecDeque::new(),
            asked: 0,
            d1: 0,
        }
    }

    fn act(&mut self, act: Act) {
        self.now = self.now + Duration::from_millis(100);
        match act {
            Act::Connect => self.connect(),
            Act::Drop => self.cut(),
            Act::Closed => {
                if let Some(epoch) = self.ended.pop_front() {
                    let effects = self.core.disconnected(epoch, self.now);
                    self.perform(effects);
                }
            }
            Act::Change => {
                self.agent.now += 1;
                self.agent.to_say = true;
            }
            Act::ToEdge => self.reach_edge(false),
            Act::TwiceToEdge => self.reach_edge(true),
            Act::ToAgent => self.reach_agent(),
            Act::Sleep => {
                let text = serde_json::to_string(self.core.save()).unwrap();
                self.core = Core::restore(serde_json::from_str(&text).unwrap());
                (self.told, self.asked) = (VecDeque::new(), 0);
            }
            Act::Recorded => self.recorded(true),
            Act::RecordedUnheard => self.recorded(false),
            Act::NotRecorded => {
                if let Some((of, _)) = self.told.pop_front() {
                    let effects = self.core.not_recorded(of, self.now);
                    self.perform(effects);
                }
            }
            Act::Fetched => self.fetched(),
            Act::NotFetched => {
                if self.asked > 0 {
                    self.asked -= 1;
                    let effects = self.core.not_fetched(self.now);
                    self.perform(effects);
                }
            }
            Act::Later => {
                self.now = self.now + Duration::from_secs(5);
                if self.core.deadline().is_some_and(|at| at <= self.now) {
                    let effects = self.core.alarm(self.now);
                    self.perform(effects);
                }
            }
        }
        self.talk();
    }

    fn connect(&mut self) {
        self.cut();
        let (epoch, effects) = self.core.accepted(runner(), self.now);
        self.socket = Some(epoch);
        self.agent =
            Agent { now: self.agent.now, stored: self.agent.stored, to_say: true, ..Agent::default() };
        let agent = "0".to_owned();
        let hello =
            FromAgent::Hello { protocol: PROTOCOL, agent, host: None, clock: self.now, revision: None };
        self.to_edge.push_back(hello);
        self.perform(effects);
    }

    fn cut(&mut self) {
        self.ended.extend(self.socket.take());
        self.to_edge.clear();
        self.to_agent.clear();
        self.agent.welcome = false;
    }

    /// The agent says what it has to say, if it may.
    fn talk(&mut self) {
        let agent = &mut self.agent;
        if agent.welcome && agent.to_say && agent.unstored.is_none() && agent.now > 0 {
            agent.seq += 1;
            (agent.to_say, agent.unstored) = (false, Some(agent.now));
            self.to_edge.push_back(FromAgent::Report { seq: agent.seq, report: report(agent.now) });
        }
    }

    fn reach_edge(&mut self, twice: bool) {
        let (Some(message), Some(epoch)) = (self.to_edge.pop_front(), self.socket) else { return };
        for _ in 0..if twice { 2 } else { 1 } {
            let effects = self.core.received(epoch, message.clone(), self.now);
            self.perform(effects);
        }
    }

    fn reach_agent(&mut self) {
        let Some(message) = self.to_agent.pop_front() else { return };
        let agent = &mut self.agent;
        match message {
            ToAgent::Welcome { .. } => agent.welcome = true,
            ToAgent::Desired { .. } => assert!(agent.welcome, "something came before the welcome"),
            ToAgent::Stored { through } => {
                if through >= agent.seq
                    && let Some(release) = agent.unstored.take()
                {
                    agent.stored = release;
                }
            }
        }
    }

    fn recorded(&mut self, heard: bool) {
        let Some((of, facts)) = self.told.pop_front() else { return };
        self.d1 = facts.releases.iter().map(|fact| fact.release).chain([self.d1]).max().unwrap();
        if heard {
            let effects = self.core.recorded(of);
            self.perform(effects);
        }
    }

    fn fetched(&mut self) {
        if self.asked > 0 {
            self.asked -= 1;
            let snapshot = serde_json::json!({ "revision": 1, "deployments": [], "tombstones": [] });
            let effects = self.core.desired(serde_json::from_value(snapshot).unwrap());
            self.perform(effects);
        }
    }

    fn perform(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Send(message) if self.socket == Some(self.core.save().epoch) => {
                    self.to_agent.push_back(message);
                }
                Effect::Fetch(_) => self.asked += 1,
                Effect::Record { of, facts, .. } => self.told.push_back((of, facts)),
                Effect::Close { epoch, .. } if self.socket == Some(epoch) => self.cut(),
                Effect::Send(_)
                | Effect::Close { .. }
                | Effect::CloseOlder(_)
                | Effect::Keep(_)
                | Effect::Wake
                | Effect::Tell(..) => {}
            }
        }
    }

    /// Everything works again, for a while.
    fn heal(&mut self) {
        self.act(Act::Connect);
        for _ in 0..40 {
            for act in [Act::ToEdge, Act::ToAgent, Act::Recorded, Act::Fetched, Act::Later] {
                self.act(act);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_report_is_taken_for_stored_only_once_d1_has_it_and_the_last_one_gets_there(
        acts in prop::collection::vec(any_act(), 1..120),
    ) {
        let mut world = World::new();
        for act in acts {
            world.act(act);
            prop_assert!(world.agent.stored <= world.d1, "{act:?}");
        }
        world.heal();
        prop_assert_eq!((world.agent.stored, world.d1), (world.agent.now, world.agent.now));
        prop_assert_eq!(world.core.deadline(), None, "nothing is left to be done");
    }
}
