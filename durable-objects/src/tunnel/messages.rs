//! What is decided about the messages of a client's WebSocket: how many may wait, and how it ends.
//!
//! A WebSocket of the platform cannot be told to wait: what a client sends arrives, whether or not the agent takes it.
//! So what waits is bounded, and a client that goes beyond is closed.

use std::{cell::Cell, collections::VecDeque, rc::Rc};

use patr_tunnel::{Message, MessageError, limits::MESSAGE_MAX};

/// What one client may have waiting, in bytes. A single message may be longer, as long as nothing waits before it.
pub const BACKLOG_MAX: usize = 4 * 1024 * 1024;

/// What the clients of one object may have waiting together, in bytes. With the windows of its lane that leaves a
/// fifth of an isolate's 128 MB.
pub const BACKLOGS_MAX: usize = 16 * 1024 * 1024;

/// Longest reason of a close, in bytes (RFC 6455, 5.5: 125 with the code).
const REASON_MAX: usize = 123;

/// What waits in all backlogs of an object.
#[derive(Debug, Clone, Default)]
pub struct Total(Rc<Cell<usize>>);

/// A client has sent more than may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrun {
    TooLong,
    TooFast,
}

impl Overrun {
    /// What the client is closed with.
    pub fn farewell(self) -> (u16, &'static str) {
        match self {
            Self::TooLong => (1009, "the message is too long"),
            Self::TooFast => (1013, "messages came faster than the application took them"),
        }
    }
}

/// The messages of one client that the agent has not taken.
#[derive(Debug)]
pub struct Backlog {
    waiting: VecDeque<Message>,
    /// Of what waits, and of the message that was taken last.
    bytes: usize,
    taken: usize,
    total: Total,
}

impl Backlog {
    pub fn new(total: Total) -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, taken: 0, total }
    }

    /// Takes a message that came.
    pub fn push(&mut self, message: Message) -> Result<(), Overrun> {
        let length = length(&message);
        if length > MESSAGE_MAX {
            return Err(Overrun::TooLong);
        }
        let fits = |waiting: usize, most: usize| waiting == 0 || waiting + length <= most;
        if !fits(self.bytes, BACKLOG_MAX) || !fits(self.total.0.get(), BACKLOGS_MAX) {
            return Err(Overrun::TooFast);
        }
        self.count(length);
        self.waiting.push_back(message);
        Ok(())
    }

    /// The next message. The one before is on its way by then.
    pub fn pop(&mut self) -> Option<Message> {
        let sent = std::mem::take(&mut self.taken);
        self.bytes -= sent;
        self.total.0.set(self.total.0.get() - sent);
        let message = self.waiting.pop_front()?;
        self.taken = length(&message);
        Some(message)
    }

    fn count(&mut self, length: usize) {
        self.bytes += length;
        self.total.0.set(self.total.0.get() + length);
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.total.0.set(self.total.0.get() - self.bytes);
    }
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

/// How the application's direction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With a close of its own.
    Closed(Option<(u16, String)>),
    /// Without one: its connection broke.
    Cut,
    /// The agent gave the stream up.
    Reset,
    /// The agent's socket is gone.
    Lost,
    /// What came was no message.
    Malformed(MessageError),
}

impl Ended {
    /// What the client is closed with; `None` for no code.
    pub fn farewell(self) -> Option<(u16, String)> {
        match self {
            Self::Closed(None) => None,
            Self::Closed(Some((code, reason))) if may_be_sent(code) => Some((code, shorten(reason))),
            Self::Closed(Some(_)) => {
                Some((1011, "the application closed with a code that is none".to_owned()))
            }
            Self::Cut | Self::Reset => Some((1011, "the application broke off".to_owned())),
            Self::Lost => Some((1001, "the machine that runs this went away".to_owned())),
            Self::Malformed(MessageError::TooLong(_)) => Some((1009, "the message is too long".to_owned())),
            Self::Malformed(_) => Some((1011, "the application's messages could not be read".to_owned())),
        }
    }
}

/// What the agent is told of a client's close: `Err` when its connection broke, which is no close at all.
pub fn close_of(code: u16, reason: String) -> Result<Message, Broke> {
    match code {
        1005 => Ok(Message::Close(None)),
        1006 => Err(Broke),
        _ => Ok(Message::Close(Some((code, reason)))),
    }
}

/// A client is gone without a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broke;

/// Whether a code may stand in a close (RFC 6455, 7.4).
pub fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=4999) && !matches!(code, 1004..=1006 | 1015)
}

fn shorten(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(REASON_MAX));
    reason
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use patr_tunnel::limits::{GROWTH_BUDGET, INITIAL_WINDOW, MAX_STREAMS};

    use super::*;

    fn message(length: usize) -> Message {
        Message::Binary(Bytes::from(vec![0; length]))
    }

    #[test]
    fn messages_are_taken_in_the_order_in_which_they_came() {
        let mut backlog = Backlog::new(Total::default());
        backlog.push(Message::Text("one".to_owned())).unwrap();
        backlog.push(Message::Close(None)).unwrap();
        assert_eq!(backlog.pop(), Some(Message::Text("one".to_owned())));
        assert_eq!(backlog.pop(), Some(Message::Close(None)));
        assert_eq!(backlog.pop(), None);
    }

    #[test]
    fn a_client_that_is_faster_than_the_agent_is_stopped_at_the_bound() {
        let mut backlog = Backlog::new(Total::default());
        let quarter = message(BACKLOG_MAX / 4);
        for _ in 0..4 {
            backlog.push(quarter.clone()).unwrap();
        }
        assert_eq!(backlog.push(message(1)), Err(Overrun::TooFast));
        backlog.pop();
        assert_eq!(backlog.push(message(1)), Err(Overrun::TooFast), "the first is only on its way");
        backlog.pop();
        assert_eq!(backlog.push(quarter), Ok(()));
    }

    #[test]
    fn one_long_message_passes_when_nothing_waits_and_one_over_the_limit_never() {
        let mut backlog = Backlog::new(Total::default());
        assert_eq!(backlog.push(message(MESSAGE_MAX + 1)), Err(Overrun::TooLong));
        assert_eq!(backlog.push(message(MESSAGE_MAX)), Ok(()));
        assert_eq!(backlog.push(message(1)), Err(Overrun::TooFast));
    }

    #[test]
    fn the_clients_of_an_object_share_one_bound_and_give_back_what_they_had() {
        let total = Total::default();
        let mut clients: Vec<Backlog> =
            (0..BACKLOGS_MAX / BACKLOG_MAX).map(|_| Backlog::new(total.clone())).collect();
        for client in &mut clients {
            client.push(message(BACKLOG_MAX)).unwrap();
        }
        let mut late = Backlog::new(total.clone());
        assert_eq!(late.push(message(1)), Err(Overrun::TooFast));
        clients.pop();
        assert_eq!(late.push(message(1)), Ok(()));
        drop((clients, late));
        assert_eq!(total.0.get(), 0);
    }

    #[test]
    fn windows_and_backlogs_leave_a_fifth_of_an_isolate() {
        let windows = MAX_STREAMS * INITIAL_WINDOW as usize + GROWTH_BUDGET as usize;
        assert!(windows + BACKLOGS_MAX <= 128_000_000 * 4 / 5, "{windows}");
    }

    #[test]
    fn codes_and_reasons_pass_unless_no_close_may_have_them() {
        let closed = |code, reason: &str| Ended::Closed(Some((code, reason.to_owned()))).farewell();
        assert_eq!(closed(4321, "bye"), Some((4321, "bye".to_owned())));
        assert_eq!(closed(1000, ""), Some((1000, String::new())));
        assert_eq!(Ended::Closed(None).farewell(), None);
        for code in [0, 999, 1005, 1006, 1015, 5000] {
            assert_eq!(closed(code, "").map(|(code, _)| code), Some(1011), "{code}");
        }
        let long = closed(4000, &"é".repeat(100)).unwrap().1;
        assert_eq!(long, "é".repeat(61));
    }

    #[test]
    fn an_end_without_a_close_says_whose_fault_it_was() {
        let code = |ended: Ended| ended.farewell().map(|(code, _)| code);
        assert_eq!(code(Ended::Lost), Some(1001));
        assert_eq!(code(Ended::Reset), Some(1011));
        assert_eq!(code(Ended::Cut), Some(1011));
        assert_eq!(code(Ended::Malformed(MessageError::TooLong(usize::MAX))), Some(1009));
    }

    #[test]
    fn a_client_that_vanished_has_not_closed() {
        assert_eq!(close_of(1006, String::new()), Err(Broke));
        assert_eq!(close_of(1005, String::new()), Ok(Message::Close(None)));
        assert_eq!(close_of(4000, "x".to_owned()), Ok(Message::Close(Some((4000, "x".to_owned())))));
    }
}
