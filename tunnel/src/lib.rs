//! Many streams over one connection that carries whole messages in order, such as a WebSocket.
//!
//! Sans-IO: [`Mux`] is given the messages that arrive and asked for those to send; it knows bytes and credit, and
//! neither sockets nor clocks nor what the streams are for. Both ends of a runner's tunnel run this code.
//!
//! - [`frame`]: the wire format.
//! - [`mux`]: the connection.
//! - [`stream`]: one stream's half-closed states and credit.
//! - [`arrived`]: what has come on a stream and waits to be read.
//! - [`message`]: messages on a stream, for WebSockets.
//! - [`limits`]: every number, with its reason.

pub mod arrived;
pub mod frame;
pub mod limits;
pub mod message;
pub mod mux;
pub mod stream;

pub use arrived::Arrived;
pub use frame::{Code, Frame, FrameError, StreamId};
pub use message::{Decoder, Message, MessageError};
pub use mux::{Event, Mux, OpenError, ProtocolError, SendError, Side};

#[cfg(test)]
mod tests {
    mod hostile;
    mod pair;
    mod roundtrip;
}
