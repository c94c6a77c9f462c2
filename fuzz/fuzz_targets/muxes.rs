//! Two ends under any script of what their applications do, with frames put in between by an enemy who holds either
//! connection. Whatever happens, an end holds no more than its windows allow, and never panics.

#![no_main]

use std::collections::HashMap;

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use patr_tunnel::{
    Code, Event, Frame, Mux, ProtocolError, Side, StreamId,
    limits::{GROWTH_BUDGET, INITIAL_WINDOW, MAX_STREAMS, MAX_WINDOW},
};

#[derive(Arbitrary, Debug)]
enum Act {
    Open { fin: bool },
    Send { stream: u8, bytes: u32, fin: bool },
    Read { stream: u8, bytes: u32 },
    Discard { stream: u8 },
    Reset { stream: u8 },
    Carry { messages: u8 },
    /// A frame that the peer never sent.
    Forge(Forged),
    /// Not even a frame.
    Noise(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Forged {
    Open { id: u8, bytes: u16, fin: bool },
    Data { id: u8, bytes: u32, fin: bool },
    Window { id: u8, credit: u32 },
    Reset { id: u8, code: u16 },
}

impl Forged {
    fn message(&self) -> Bytes {
        let zeros = |length: u32| Bytes::from(vec![0; length as usize % 1_100_000]);
        match *self {
            Self::Open { id, bytes, fin } => Frame::Open { id: id.into(), payload: zeros(bytes.into()), fin },
            Self::Data { id, bytes, fin } => Frame::Data { id: id.into(), payload: zeros(bytes), fin },
            Self::Window { id, credit } => Frame::Window { id: id.into(), credit },
            Self::Reset { id, code } => Frame::Reset { id: id.into(), code: Code::Other(code) },
        }
        .encode()
    }
}

struct End {
    mux: Mux,
    ids: Vec<StreamId>,
    unread: HashMap<StreamId, usize>,
}

impl End {
    fn new(side: Side) -> Self {
        Self { mux: Mux::new(side), ids: Vec::new(), unread: HashMap::new() }
    }

    fn id(&self, stream: u8) -> Option<StreamId> {
        self.ids.get(usize::from(stream)).copied()
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Open { fin } => self.ids.extend(self.mux.open(Bytes::from_static(b"open"), fin)),
            Act::Send { stream, bytes, fin } => {
                let Some(id) = self.id(stream) else { return };
                let bytes = (bytes as usize).min(self.mux.sendable(id));
                // Credit is what the peer says; no application has so much to send.
                let _ = self.mux.send(id, Bytes::from(vec![0; bytes.min(1_000_000)]), fin);
            }
            Act::Read { stream, bytes } => {
                let Some(id) = self.id(stream) else { return };
                let unread = self.unread.entry(id).or_default();
                let read = (bytes as usize).min(*unread);
                *unread -= read;
                self.mux.consumed(id, read);
            }
            Act::Discard { stream } => {
                let Some(id) = self.id(stream) else { return };
                self.unread.remove(&id);
                self.ids.retain(|other| *other != id);
                self.mux.discard(id);
            }
            Act::Reset { stream } => {
                let Some(id) = self.id(stream) else { return };
                self.unread.remove(&id);
                self.mux.reset(id, Code::Cancelled);
            }
            Act::Carry { .. } | Act::Forge(_) | Act::Noise(_) => {}
        }
    }

    /// Takes a message and what comes of it, and looks whether all is within its bounds.
    fn take(&mut self, message: Bytes) -> Result<(), ProtocolError> {
        let outcome = self.mux.input(message);
        while let Some(event) = self.mux.poll_event() {
            match event {
                Event::Opened { id, .. } => self.ids.push(id),
                Event::Data { id, bytes, .. } if self.ids.contains(&id) => {
                    *self.unread.entry(id).or_default() += bytes.len();
                }
                Event::Reset { id, .. } => drop(self.unread.remove(&id)),
                Event::Data { .. } | Event::Writable { .. } => {}
            }
        }
        assert!(self.mux.stream_count() <= MAX_STREAMS);
        let waiting: usize = self.unread.values().sum();
        assert!(waiting <= self.mux.stream_count() * INITIAL_WINDOW as usize + GROWTH_BUDGET as usize);
        assert!(self.unread.values().all(|unread| *unread <= MAX_WINDOW as usize));
        outcome
    }
}

fuzz_target!(|script: Vec<(bool, Act)>| {
    let mut ends = [End::new(Side::Edge), End::new(Side::Agent)];
    for (which, act) in &script {
        let (one, two) = ends.split_at_mut(1);
        let (end, peer) = if *which { (&mut one[0], &mut two[0]) } else { (&mut two[0], &mut one[0]) };
        let outcome = match act {
            Act::Forge(forged) => end.take(forged.message()),
            Act::Noise(bytes) => end.take(bytes.clone().into()),
            Act::Carry { messages } => (0..*messages)
                .map_while(|_| end.mux.next_frame())
                .try_for_each(|message| peer.take(message)),
            other => {
                end.act(other);
                Ok(())
            }
        };
        // Who breaks the protocol is cut off.
        if outcome.is_err() {
            return;
        }
    }
});
