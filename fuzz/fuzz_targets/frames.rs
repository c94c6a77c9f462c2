//! What is read as a frame is written as the same message, but for flags that nobody knows.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use patr_tunnel::Frame;

fuzz_target!(|message: &[u8]| {
    let Ok(frame) = Frame::decode(Bytes::copy_from_slice(message)) else { return };
    let again = frame.encode();
    assert_eq!(Frame::decode(again.clone()).as_ref(), Ok(&frame));
    let unflagged = |bytes: &[u8]| [&bytes[..1], &bytes[2..]].concat();
    assert_eq!(unflagged(&again), unflagged(message));
});
