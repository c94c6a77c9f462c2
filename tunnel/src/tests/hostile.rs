//! A peer that means harm: what it can make this end hold, and when it is cut off.

use bytes::Bytes;

use crate::{
    Code, Event, Frame, Mux, ProtocolError, Side,
    limits::{INITIAL_WINDOW, MAX_CREDIT, MAX_FRAME, MAX_OPEN, MAX_REFUSED, MAX_STREAMS},
};

fn input(mux: &mut Mux, frame: Frame) -> Result<(), ProtocolError> {
    mux.input(frame.encode())
}

fn data(id: u32, bytes: usize, fin: bool) -> Frame {
    Frame::Data { id, payload: Bytes::from(vec![0; bytes]), fin }
}

fn drain(mux: &mut Mux) {
    while mux.next_frame().is_some() {}
}

#[test]
fn no_more_is_taken_than_credit_allows_however_it_is_cut() {
    for piece in [1, 1000, INITIAL_WINDOW as usize] {
        let mut edge = Mux::new(Side::Edge);
        let id = edge.open(Bytes::new(), true).unwrap();
        let mut taken = 0;
        while input(&mut edge, data(id, piece, false)).is_ok() {
            taken += piece;
        }
        assert!(taken <= INITIAL_WINDOW as usize);
        assert_eq!(input(&mut edge, data(id, piece, false)), Err(ProtocolError::OverCredit(id)));
    }
}

#[test]
fn a_thousand_frames_without_bytes_are_not_heard_of() {
    let mut edge = Mux::new(Side::Edge);
    let id = edge.open(Bytes::new(), true).unwrap();
    for _ in 0..1000 {
        input(&mut edge, data(id, 0, false)).unwrap();
    }
    assert_eq!(edge.poll_event(), None);
    input(&mut edge, data(id, 0, true)).unwrap();
    assert_eq!(edge.poll_event(), Some(Event::Data { id, bytes: Bytes::new(), fin: true }));
}

#[test]
fn streams_that_were_never_opened_or_have_ended_cannot_be_written_to() {
    let mut edge = Mux::new(Side::Edge);
    let id = edge.open(Bytes::new(), false).unwrap();
    let other = edge.open(Bytes::new(), false).unwrap();
    for never in [0, 2, other + 2, u32::MAX] {
        assert_eq!(input(&mut edge, data(never, 1, false)), Err(ProtocolError::NeverOpened(never)));
        let window = Frame::Window { id: never, credit: 1 };
        assert_eq!(input(&mut edge, window), Err(ProtocolError::NeverOpened(never)));
    }
    input(&mut edge, data(id, 1, true)).unwrap();
    assert_eq!(input(&mut edge, data(id, 1, false)), Err(ProtocolError::AfterEnd(id)));
}

#[test]
fn credit_that_nobody_could_mean_is_refused() {
    let mut edge = Mux::new(Side::Edge);
    let id = edge.open(Bytes::new(), false).unwrap();
    let most = MAX_CREDIT - INITIAL_WINDOW;
    input(&mut edge, Frame::Window { id, credit: most }).unwrap();
    assert_eq!(input(&mut edge, Frame::Window { id, credit: 1 }), Err(ProtocolError::Credit(id)));
    assert_eq!(input(&mut edge, Frame::Window { id, credit: u32::MAX }), Err(ProtocolError::Credit(id)));
}

#[test]
fn a_message_beyond_every_limit_is_refused_unread() {
    let mut edge = Mux::new(Side::Edge);
    let long = Bytes::from(vec![9; MAX_FRAME + crate::frame::HEADER + 1]);
    assert_eq!(edge.input(long), Err(ProtocolError::TooLong));
    let open = Frame::Open { id: 2, payload: Bytes::from(vec![0; MAX_OPEN + 1]), fin: true };
    assert_eq!(input(&mut edge, open), Err(ProtocolError::TooLong));
}

#[test]
fn a_peer_that_opens_what_is_refused_again_and_again_is_cut_off() {
    let mut edge = Mux::new(Side::Edge);
    let open = |id| Frame::Open { id, payload: Bytes::new(), fin: true };
    for number in 1..=MAX_REFUSED as u32 {
        input(&mut edge, open(2 * number)).unwrap();
        edge.reset(2 * number, Code::Refused);
        drain(&mut edge);
    }
    let next = 2 * (MAX_REFUSED as u32 + 1);
    assert_eq!(input(&mut edge, open(next)), Err(ProtocolError::Refused(next)));
}

#[test]
fn a_peer_of_whose_streams_some_are_answered_may_go_on() {
    let mut agent = Mux::new(Side::Agent);
    let open = |number: usize| Frame::Open { id: 2 * number as u32 + 1, payload: Bytes::new(), fin: true };
    for number in 0..4 * MAX_REFUSED {
        input(&mut agent, open(number)).unwrap();
        let id = 2 * number as u32 + 1;
        if number.is_multiple_of(2) {
            agent.reset(id, Code::Refused);
        } else {
            agent.send(id, Bytes::from_static(b"answer"), true).unwrap();
        }
        drain(&mut agent);
    }
    assert_eq!(agent.stream_count(), 0);
}

#[test]
fn streams_over_the_limit_are_refused_and_then_cut_off_with_those_that_are_open() {
    let mut agent = Mux::new(Side::Agent);
    let mut opened = 0;
    for number in 0_u32.. {
        let open = Frame::Open { id: 2 * number + 1, payload: Bytes::new(), fin: false };
        match input(&mut agent, open) {
            Ok(()) => opened += 1,
            Err(error) => {
                assert_eq!(error, ProtocolError::Refused(2 * number + 1));
                break;
            }
        }
        assert!(agent.stream_count() <= MAX_STREAMS);
        drain(&mut agent);
    }
    assert_eq!(opened, MAX_STREAMS + MAX_REFUSED);
}
