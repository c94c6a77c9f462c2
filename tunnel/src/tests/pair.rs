//! Two ends, wired together.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    Code, Event, Mux, OpenError, SendError, Side, StreamId,
    limits::{
        ALONE_AFTER, ALONE_AGAIN, FAIR_FRAME, GROWTH_BUDGET, INITIAL_WINDOW, MAX_FRAME, MAX_STREAMS,
        MAX_WINDOW, SHARED_WINDOW,
    },
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
    edge.consumed(id, 3);
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
    edge.consumed(id, 1);
    agent.consumed(id, 1);
    assert_eq!((edge.stream_count(), agent.stream_count()), (0, 0));
}

#[test]
fn a_stream_that_has_ended_counts_until_what_arrived_is_read() {
    let (mut edge, mut agent) = pair();
    for _ in 0..MAX_STREAMS {
        let id = edge.open(Bytes::new(), true).unwrap();
        carry(&mut edge, &mut agent, 10);
        agent.send(id, Bytes::from_static(b"unread"), true).unwrap();
        carry(&mut agent, &mut edge, 10);
    }
    assert_eq!((edge.stream_count(), agent.stream_count()), (MAX_STREAMS, 0));
    assert_eq!(edge.open(Bytes::new(), true), Err(OpenError::TooMany));
    edge.consumed(1, 6);
    edge.reset(3, Code::Cancelled);
    assert_eq!(edge.stream_count(), MAX_STREAMS - 2);
    assert_eq!(carry(&mut edge, &mut agent, 10), 0, "nothing is said about what has ended");
}

#[test]
fn what_is_discarded_holds_up_nobody_and_is_not_heard_of() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::new(), false).unwrap();
    carry(&mut edge, &mut agent, 10);
    agent.discard(id);
    events(&mut agent);
    for _ in 0..10 {
        let room = edge.sendable(id);
        assert!(room > 0);
        edge.send(id, Bytes::from(vec![0; room]), false).unwrap();
        carry(&mut edge, &mut agent, 100);
        carry(&mut agent, &mut edge, 100);
    }
    assert_eq!(events(&mut agent), []);
    edge.send(id, Bytes::new(), true).unwrap();
    agent.send(id, Bytes::from_static(b"enough"), true).unwrap();
    carry(&mut edge, &mut agent, 100);
    carry(&mut agent, &mut edge, 100);
    assert_eq!(agent.stream_count(), 0);
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

/// Sends bytes as fast as credit comes, to a reader that keeps up.
fn pour(edge: &mut Mux, agent: &mut Mux, id: StreamId, bytes: usize) {
    let mut left = bytes;
    while left > 0 {
        let room = edge.sendable(id).min(left);
        assert!(room > 0, "{left} bytes are stuck");
        edge.send(id, Bytes::from(vec![0; room]), false).unwrap();
        carry(edge, agent, usize::MAX);
        agent.consumed(id, room);
        carry(agent, edge, 100);
        left -= room;
    }
}

#[test]
fn a_window_shrinks_while_others_have_data_and_grows_again_when_they_have_none() {
    let (mut edge, mut agent) = pair();
    let bulk = edge.open(Bytes::new(), false).unwrap();
    pour(&mut edge, &mut agent, bulk, 4 * MAX_WINDOW as usize);
    for _ in 0..10 {
        let small = edge.open(Bytes::new(), false).unwrap();
        pour(&mut edge, &mut agent, small, 1);
        edge.reset(small, Code::Cancelled);
        pour(&mut edge, &mut agent, bulk, MAX_WINDOW as usize);
        assert!(edge.sendable(bulk) <= MAX_WINDOW as usize);
    }
    assert!(edge.sendable(bulk) <= SHARED_WINDOW as usize, "{}", edge.sendable(bulk));
    pour(&mut edge, &mut agent, bulk, ALONE_AGAIN + 4 * MAX_WINDOW as usize);
    assert!(edge.sendable(bulk) > MAX_WINDOW as usize / 2, "{}", edge.sendable(bulk));
}

#[test]
fn answers_one_after_another_are_not_beside_each_other() {
    let (mut edge, mut agent) = pair();
    for _ in 0..3 {
        let bulk = edge.open(Bytes::new(), false).unwrap();
        pour(&mut edge, &mut agent, bulk, 4 * MAX_WINDOW as usize);
        assert!(edge.sendable(bulk) > MAX_WINDOW as usize / 2);
        edge.reset(bulk, Code::Cancelled);
        carry(&mut edge, &mut agent, 100);
    }
}

#[test]
fn the_window_of_a_reader_that_has_bytes_left_does_not_grow() {
    let (mut edge, mut agent) = pair();
    let id = edge.open(Bytes::new(), false).unwrap();
    let mut unread = 0;
    for _ in 0..200 {
        let room = edge.sendable(id);
        edge.send(id, Bytes::from(vec![0; room]), false).unwrap();
        carry(&mut edge, &mut agent, 100);
        unread += room;
        assert!(unread <= INITIAL_WINDOW as usize, "{unread}");
        agent.consumed(id, 10_000);
        unread -= 10_000;
        carry(&mut agent, &mut edge, 100);
    }
}

#[test]
fn a_connection_whose_numbers_are_used_up_says_so_and_goes_on_with_its_streams() {
    let (mut edge, mut agent) = (Mux::worn_out(Side::Edge), Mux::new(Side::Agent));
    let last = edge.open(Bytes::new(), false).unwrap();
    assert_eq!(edge.open(Bytes::new(), false), Err(OpenError::Exhausted));
    edge.send(last, Bytes::from_static(b"x"), true).unwrap();
    carry(&mut edge, &mut agent, 10);
    assert!(events(&mut agent).contains(&Event::Data {
        id: last,
        bytes: Bytes::from_static(b"x"),
        fin: true
    }));
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
fn frames_stay_small_while_small_answers_come_one_by_one_and_grow_when_they_stop() {
    let (mut edge, mut agent) = pair();
    let bulk = edge.open(Bytes::new(), false).unwrap();
    let mut largest = |edge: &mut Mux, bytes: usize| {
        let (mut sent, mut largest) = (0, 0);
        while sent < bytes {
            let room = edge.sendable(bulk).min(bytes - sent);
            edge.send(bulk, Bytes::from(vec![0; room]), false).unwrap();
            while let Some(message) = edge.next_frame() {
                largest = largest.max(message.len());
                agent.input(message).unwrap();
            }
            sent += room;
            agent.consumed(bulk, room);
            carry(&mut agent, edge, 100);
        }
        largest
    };
    for _ in 0..100 {
        assert!(largest(&mut edge, ALONE_AFTER / 8) <= FAIR_FRAME + crate::frame::HEADER);
        let small = edge.open(Bytes::new(), false).unwrap();
        edge.send(small, Bytes::from_static(b"x"), true).unwrap();
    }
    largest(&mut edge, ALONE_AGAIN);
    assert_eq!(largest(&mut edge, 8 * MAX_FRAME), MAX_FRAME + crate::frame::HEADER);
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
    Send {
        stream: usize,
        bytes: usize,
        fin: bool,
    },
    /// Every stream's reader takes up to so much; without it all of them stall.
    Read {
        bytes: usize,
    },
    Reset {
        stream: usize,
    },
    /// A reader takes no more.
    Discard {
        stream: usize,
    },
    Carry {
        messages: usize,
    },
}

fn any_act() -> impl Strategy<Value = (bool, Act)> {
    let act =
        prop_oneof![
            Just(Act::Open),
            (0usize..8, 0usize..200_000, prop::bool::weighted(0.1))
                .prop_map(|(stream, bytes, fin)| Act::Send { stream, bytes, fin }),
            (0usize..300_000).prop_map(|bytes| Act::Read { bytes }),
            (0usize..40).prop_map(|stream| Act::Reset { stream }),
            (0usize..40).prop_map(|stream| Act::Discard { stream }),
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
    /// Given up by either end: what was on the way is lost.
    reset: HashSet<StreamId>,
    discarded: HashSet<StreamId>,
}

impl End {
    fn new(side: Side) -> Self {
        let mux = Mux::new(side);
        let (sent, received, unread) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { mux, ids: vec![], sent, received, unread, reset: HashSet::new(), discarded: HashSet::new() }
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
                // What had arrived before the reader left.
                Event::Data { id, .. } if self.discarded.contains(&id) => {}
                Event::Data { id, bytes, .. } => {
                    *self.unread.entry(id).or_default() += bytes.len();
                    self.received.entry(id).or_default().extend(bytes);
                }
                Event::Reset { id, .. } => self.gave_up(id),
                Event::Writable { .. } => {}
            }
        }
    }

    fn reset(&mut self, stream: usize) {
        let Some(&id) = self.ids.get(stream) else { return };
        self.mux.reset(id, Code::Cancelled);
        self.gave_up(id);
    }

    fn discard(&mut self, stream: usize) {
        let Some(&id) = self.ids.get(stream) else { return };
        self.mux.discard(id);
        self.unread.remove(&id);
        self.discarded.insert(id);
    }

    fn gave_up(&mut self, id: StreamId) {
        self.reset.insert(id);
        self.unread.remove(&id);
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
                Act::Reset { stream } => end.reset(stream),
                Act::Discard { stream } => end.discard(stream),
                Act::Carry { messages } => { carry(&mut end.mux, &mut peer.mux, messages); }
            }
            peer.hear();
            // Whatever the peer has sent, it was allowed to: what waits here is within windows and their budget.
            let waiting: usize = peer.unread.values().sum();
            let windows = peer.mux.stream_count() * INITIAL_WINDOW as usize + GROWTH_BUDGET as usize;
            prop_assert!(waiting <= windows);
            for unread in peer.unread.values() {
                prop_assert!(*unread <= MAX_WINDOW as usize);
            }
        }
        let [edge, agent] = &mut ends;
        while carry(&mut edge.mux, &mut agent.mux, 1000) + carry(&mut agent.mux, &mut edge.mux, 1000) > 0 {}
        edge.hear();
        agent.hear();
        prop_assert_eq!((edge.mux.queued(), agent.mux.queued()), (0, 0));
        for (from, to) in [(&*edge, &*agent), (&*agent, &*edge)] {
            for (id, sent) in &from.sent {
                let received = to.received.get(id).map_or(&[][..], Vec::as_slice);
                prop_assert!(sent.starts_with(received), "stream {id}");
                let cut = from.reset.contains(id) || to.reset.contains(id) || to.discarded.contains(id);
                let whole = cut || received.len() == sent.len();
                prop_assert!(whole, "stream {id} is not cut short, and {} of {} bytes arrived", received.len(), sent.len());
            }
        }
    }
}
