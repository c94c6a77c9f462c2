//! What is in a volume, on its way.

use std::{io, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// A tar archive, as it comes.
pub type Archive = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// As much of an archive as tells what it begins with, in bytes.
const BEGINNING: usize = 16 * 1024;

/// The first bytes of an archive, enough to read what it begins with.
pub(super) async fn beginning(archive: &mut Archive) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < BEGINNING {
        let Some(chunk) = archive.next().await else { break };
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}
