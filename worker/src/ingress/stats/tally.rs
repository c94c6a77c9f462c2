//! What one request came to, gathered while it is answered.

use std::cell::Cell;

/// An answer that is Patr's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ours {
    /// The target could not answer.
    Trouble,
    /// The request was not let through.
    Refusal,
}

/// What one request came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(super) bytes: Cell<Option<u64>>,
    pub(super) missed: Cell<bool>,
    pub(super) ours: Cell<Option<Ours>>,
    pub(super) lane: Cell<Option<u8>>,
    pub(super) tries: Cell<u64>,
    pub(super) waited: Cell<bool>,
    pub(super) kept: Cell<bool>,
}

impl Tally {
    /// A body of this length is sent.
    pub(crate) fn sends(&self, bytes: u64) {
        self.bytes.set(Some(bytes));
    }

    /// Something had to be read from KV.
    pub(crate) fn misses(&self) {
        self.missed.set(true);
    }

    /// Patr answers.
    pub(crate) fn answers_itself(&self, ours: Option<Ours>) {
        self.ours.set(ours);
    }

    /// A lane is tried.
    pub(crate) fn tries(&self, lane: u8) {
        self.lane.set(Some(lane));
        self.tries.set(self.tries.get() + 1);
    }

    /// The request waited for a runner.
    pub(crate) fn waits(&self) {
        self.waited.set(true);
    }

    /// What was kept at the edge is the answer, whatever the target said.
    pub(crate) fn answers_with_kept(&self) {
        self.kept.set(true);
        self.ours.set(None);
    }
}
