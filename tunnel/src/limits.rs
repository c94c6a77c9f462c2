//! Every number, with its reason.

/// What a peer may send on a stream before it hears of credit, in bytes. All streams together must fit an isolate;
/// see [`MAX_STREAMS`].
pub const INITIAL_WINDOW: u32 = 64 * 1024;

/// What a window may grow to while its reader keeps up, in bytes: four of the largest frames in flight hide the
/// way to the other end and back.
pub const MAX_WINDOW: u32 = 4 * 1024 * 1024;

/// What a window shrinks to while others have data on the same connection, in bytes: what is on its way of a big answer,
/// small ones wait behind. At 40 Mbit/s it takes a tenth of a second.
pub const SHARED_WINDOW: u32 = 512 * 1024;

/// What a stream must have received without another one having had any data before its window grows again, in bytes. It is
/// several of the largest windows: small answers that wait behind one come that seldom.
pub const ALONE_AGAIN: usize = 16 * 1024 * 1024;

/// What all windows of a connection together may have grown by, in bytes. Readers that stall keep what they have;
/// every other stream still has its [`INITIAL_WINDOW`], so nobody waits for them.
pub const GROWTH_BUDGET: u32 = 16 * 1024 * 1024;

/// Streams that a peer may have open. With full windows they hold 64 MiB and the growth 16 MiB more, which leaves
/// a third of an isolate's 128 MB.
pub const MAX_STREAMS: usize = 1024;

/// Streams of a peer that are refused one after another before its connection is closed. Each costs an answer, which a
/// peer that does not read leaves in memory.
pub const MAX_REFUSED: usize = 1024;

/// The largest payload of a data frame when one stream alone has data, in bytes. Measured on workerd: 490 MB/s
/// with 1 MB messages where 64 KB ones give 87.
pub const MAX_FRAME: usize = 1024 * 1024;

/// The largest payload when several streams have data, or had a moment ago, in bytes: what a small answer waits for behind a big one.
pub const FAIR_FRAME: usize = 64 * 1024;

/// What a stream must have sent without another one having had any data before it has large frames, in bytes. Small answers
/// come one by one: at the moment when a frame is made there is often none, and yet the next one would wait behind it.
pub const ALONE_AFTER: usize = 1024 * 1024;

/// The largest payload that opens a stream, in bytes. Cloudflare allows a request 128 KB of headers.
pub const MAX_OPEN: usize = 192 * 1024;

/// The largest message of a WebSocket, in bytes: what Cloudflare lets one have.
pub const MESSAGE_MAX: usize = 32 * 1024 * 1024;

/// The most credit that is believed, in bytes; a peer that gives more breaks the protocol.
pub const MAX_CREDIT: u32 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_windows_leave_a_third_of_an_isolate() {
        let windows = MAX_STREAMS * INITIAL_WINDOW as usize + GROWTH_BUDGET as usize;
        assert!(windows <= 128_000_000 * 2 / 3, "{windows}");
    }
}
