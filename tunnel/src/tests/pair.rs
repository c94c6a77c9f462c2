//! Two ends, wired together.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    Code, Event, Mux, SendError, Side, StreamId,
    limits::{FAIR_FRAME, INITIAL_WINDOW, MAX_FRAME, MAX_STREAMS, MAX_WINDOW},
};

/// Moves up to `most` messages from one end to the other.
fn carry(from: &mut Mux, to: &mut Mux, most: usize) -> usize {
    let mut moved = 0;
    while moved < most
        && let Some(message) = from.next_frame()
    {
        to.input(message).unwrap();
        moved += 1;
    }
    moved
}

fn events(mux: &mut Mux) -> Vec<Event> {
    std::iter::from_fn(|| mux.poll_event()).collect()
}

fn pair() -> (Mux, Mux) {
    (Mux::new(Side::Edge), Mux::new(Side::Agent))
}

#[test]
fn a_request_and_its_answer_pass_and_leave_nothing_behind() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::from_static(b"GET"), true).unwrap();
    carry(&mut edge, &mut agent, 10);
    assert_eq!(events(&mut agent), [Event::Opened { id, payload: Bytes::from_static(b"GET"), fin: true }]);
    agent.send(id, Bytes::from_static(b"200"), true).unwrap();
    carry(&mut agent, &mut edge, 10);
    assert_eq!(events(&mut edge), [Event::Data { id, bytes: Bytes::from_static(b"200"), fin: true }]);
    assert_eq!((edge.stream_count(), agent.stream_count()), (0, 0));
}

#[test]
fn one_direction_ends_without_the_other() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::new(), false).unwrap();
    edge.send(id, Bytes::from_static(b"x"), true).unwrap();
    carry(&mut edge, &mut agent, 10);
    assert_eq!(edge.send(id, Bytes::new(), false), Err(SendError::Closed));
    agent.send(id, Bytes::from_static(b"y"), false).unwrap();
    carry(&mut agent, &mut edge, 10);
    assert_eq!((edge.stream_count(), agent.stream_count()), (1, 1));
    agent.send(id, Bytes::new(), true).unwrap();
    carry(&mut agent, &mut edge, 10);
    assert_eq!((edge.stream_count(), agent.stream_count()), (0, 0));
}

#[test]
fn a_reader_that_stalls_holds_no_more_than_its_window() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::new(), false).unwrap();
    let mut sent = 0;
    loop {
        let room = edge.sendable(id);
        if room == 0 {
            break;
        }
        edge.send(id, Bytes::from(vec![0; room]), false).unwrap();
        sent += room;
        carry(&mut edge, &mut agent, 100);
        carry(&mut agent, &mut edge, 100);
    }
    assert_eq!(sent, INITIAL_WINDOW as usize);
    assert_eq!(edge.send(id, Bytes::from_static(b"x"), false), Err(SendError::NoCredit));
    agent.consumed(id, sent);
    carry(&mut agent, &mut edge, 100);
    assert_eq!(events(&mut edge), [Event::Writable { id }]);
    assert_eq!(edge.sendable(id), 2 * sent, "the window of a reader that keeps up doubles");
}

#[test]
fn stalled_streams_do_not_hold_up_another() {
    let (mut edge, mut agent) = pair();
    for _ in 0..200 {
        let id = edge.open(Bytes::new(), false).unwrap();
        let room = edge.sendable(id);
        edge.send(id, Bytes::from(vec![0; room]), false).unwrap();
    }
    let id = edge.open(Bytes::new(), false).unwrap();
    edge.send(id, Bytes::from_static(b"through"), true).unwrap();
    carry(&mut edge, &mut agent, 1000);
    let through = Event::Data { id, bytes: Bytes::from_static(b"through"), fin: true };
    assert!(events(&mut agent).contains(&through));
}

#[test]
fn a_window_grows_to_its_bound_and_frames_to_theirs() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::new(), false).unwrap();
    let mut largest = 0;
    for _ in 0..20 {
        let room = edge.sendable(id);
        edge.send(id, Bytes::from(vec![0; room]), false).unwrap();
        while let Some(message) = edge.next_frame() {
            largest = largest.max(message.len());
            agent.input(message).unwrap();
        }
        agent.consumed(id, room);
        carry(&mut agent, &mut edge, 100);
    }
    assert_eq!(edge.sendable(id), MAX_WINDOW as usize);
    assert_eq!(largest, MAX_FRAME + crate::frame::HEADER);
}

#[test]
fn a_small_answer_waits_for_one_fair_frame_of_each_other_stream_at_most() {
    let (mut edge, mut agent) = pair();
    let bulk = edge.open(Bytes::new(), false).unwrap();
    let small = edge.open(Bytes::new(), false).unwrap();
    carry(&mut edge, &mut agent, 10);
    let room = edge.sendable(bulk);
    edge.send(bulk, Bytes::from(vec![0; room]), false).unwrap();
    edge.send(small, Bytes::from_static(b"x"), true).unwrap();
    let first = edge.next_frame().unwrap();
    assert!(first.len() <= FAIR_FRAME + crate::frame::HEADER);
    agent.input(first).unwrap();
    carry(&mut edge, &mut agent, 1);
    assert!(events(&mut agent).contains(&Event::Data {
        id: small,
        bytes: Bytes::from_static(b"x"),
        fin: true
    }));
}

#[test]
fn a_reset_is_heard_and_later_frames_of_the_stream_are_ignored() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::new(), false).unwrap();
    carry(&mut edge, &mut agent, 10);
    agent.send(id, Bytes::from_static(b"late"), false).unwrap();
    edge.reset(id, Code::Cancelled);
    carry(&mut agent, &mut edge, 10);
    assert_eq!(events(&mut edge), []);
    carry(&mut edge, &mut agent, 10);
    assert_eq!(events(&mut agent).last(), Some(&Event::Reset { id, code: Code::Cancelled }));
    assert_eq!((edge.stream_count(), agent.stream_count()), (0, 0));
}

#[test]
fn a_stream_too_many_is_refused_and_the_connection_goes_on() {
    let (mut edge, mut agent) = pair();
    for _ in 0..MAX_STREAMS {
        edge.open(Bytes::new(), false).unwrap();
    }
    assert!(edge.open(Bytes::new(), false).is_err());
    carry(&mut edge, &mut agent, usize::MAX);
    assert_eq!(agent.stream_count(), MAX_STREAMS);
}

/// What one end does next.
#[derive(Debug, Clone)]
enum Act {
    Open,
    Send { stream: usize, bytes: usize, fin: bool },
    Read { bytes: usize },
    Carry { messages: usize },
}

fn any_act() -> impl Strategy<Value = (bool, Act)> {
    let act =
        prop_oneof![
            Just(Act::Open),
            (0usize..8, 0usize..200_000, prop::bool::weighted(0.1))
                .prop_map(|(stream, bytes, fin)| Act::Send { stream, bytes, fin }),
            (0usize..300_000).prop_map(|bytes| Act::Read { bytes }),
            (0usize..10).prop_map(|messages| Act::Carry { messages }),
        ];
    (any::<bool>(), act)
}

/// One end with what it sent, received and has not read.
struct End {
    mux: Mux,
    ids: Vec<StreamId>,
    sent: HashMap<StreamId, Vec<u8>>,
    received: HashMap<StreamId, Vec<u8>>,
    unread: HashMap<StreamId, usize>,
}

impl End {
    fn new(side: Side) -> Self {
        let mux = Mux::new(side);
        let (sent, received, unread) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { mux, ids: vec![], sent, received, unread }
    }

    fn send(&mut self, stream: usize, bytes: usize, fin: bool) {
        let Some(&id) = self.ids.get(stream) else { return };
        let bytes = bytes.min(self.mux.sendable(id));
        let log = self.sent.entry(id).or_default();
        let content: Vec<u8> = (0..bytes).map(|at| ((log.len() + at) % 251) as u8).collect();
        if self.mux.send(id, Bytes::from(content.clone()), fin).is_ok() {
            log.extend(content);
        }
    }

    fn hear(&mut self) {
        for event in events(&mut self.mux) {
            match event {
                Event::Opened { id, .. } => self.ids.push(id),
                Event::Data { id, bytes, .. } => {
                    *self.unread.entry(id).or_default() += bytes.len();
                    self.received.entry(id).or_default().extend(bytes);
                }
                Event::Reset { .. } | Event::Writable { .. } => {}
            }
        }
    }

    fn read(&mut self, most: usize) {
        for (&id, unread) in &mut self.unread {
            let n = most.min(*unread);
            *unread -= n;
            self.mux.consumed(id, n);
        }
    }
}

proptest! {
    #[test]
    fn every_byte_arrives_once_and_in_order_however_the_ends_take_turns(
        acts in prop::collection::vec(any_act(), 1..200),
    ) {
        let mut ends = [End::new(Side::Edge), End::new(Side::Agent)];
        for (which, act) in acts {
            let (one, two) = ends.split_at_mut(1);
            let (end, peer) = if which { (&mut one[0], &mut two[0]) } else { (&mut two[0], &mut one[0]) };
            match act {
                Act::Open => end.ids.extend(end.mux.open(Bytes::new(), false)),
                Act::Send { stream, bytes, fin } => end.send(stream, bytes, fin),
                Act::Read { bytes } => end.read(bytes),
                Act::Carry { messages } => { carry(&mut end.mux, &mut peer.mux, messages); }
            }
            peer.hear();
            for unread in peer.unread.values() {
                prop_assert!(*unread <= MAX_WINDOW as usize);
            }
        }
        let [edge, agent] = &mut ends;
        while carry(&mut edge.mux, &mut agent.mux, 1000) + carry(&mut agent.mux, &mut edge.mux, 1000) > 0 {}
        edge.hear();
        agent.hear();
        for (from, to) in [(&*edge, &*agent), (&*agent, &*edge)] {
            for (id, sent) in &from.sent {
                prop_assert_eq!(to.received.get(id).map_or(&[][..], Vec::as_slice), &sent[..]);
            }
        }
    }
}
