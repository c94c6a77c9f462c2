//! Standard input, as it comes.

use std::io::Read;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, channel};

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// Chunks that wait to be sent.
const WAITING: usize = 4;

/// Chunks of standard input until its end. They are read on a thread that nobody waits for: a command may end while
/// nothing is typed.
pub(super) fn stdin() -> Receiver<Bytes> {
    let (sender, receiver) = channel(WAITING);
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        // What cannot be read has ended.
        while let Ok(read @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if sender.blocking_send(Bytes::copy_from_slice(&buffer[..read])).is_err() {
                return;
            }
        }
    });
    receiver
}
