//! What went wrong.

pub const BROKEN: &str = "The dashboard has stopped working, which is a fault of ours: reload the page.";
pub const QUOTE: &str = "When you ask about this, quote";
pub const UNREACHABLE: &str = "The installation does not answer";
pub const UNREACHABLE_HINT: &str = "Is this device connected? It is asked again every few seconds.";
pub const PART_MISSING: &str = "This part of the dashboard does not come";
pub const PART_AGAIN: &str = "Ask for it again";
