//! However the bytes of a stream are cut, the same messages are read; and each is written as it was read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patr_tunnel::{Decoder, Message, MessageError};

fn read<'a>(parts: impl Iterator<Item = &'a [u8]>) -> (Vec<Message>, Option<MessageError>) {
    let (mut decoder, mut messages) = (Decoder::default(), Vec::new());
    for part in parts {
        decoder.push(part);
        loop {
            match decoder.pull() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let whole = read(std::iter::once(bytes));
    assert_eq!(read(bytes.chunks(usize::from(cut).max(1))), whole);
    let written: Vec<u8> = whole.0.iter().flat_map(Message::encode).collect();
    assert!(bytes.starts_with(&written));
});
