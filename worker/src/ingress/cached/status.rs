//! `Cache-Status` (RFC 9211): a client, or whoever looks for a fault, can see what was done.

use worker::Headers;

use crate::answer::Fault;

/// Why the target was asked (2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forward {
    /// Requests like this are never answered from what is kept.
    Bypass,
    Method,
    /// Nothing is kept for it.
    UriMiss,
    /// The request says so.
    Request,
    Stale,
}

impl Forward {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::Request => "request",
            Self::Stale => "stale",
        }
    }
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    Hit {
        ttl_s: i64,
    },
    Forwarded {
        why: Forward,
        stored: bool,
    },
    /// The target was asked, and failed with this status.
    Stale {
        ttl_s: i64,
        status: u16,
    },
}

impl Status {
    fn text(&self) -> String {
        match self {
            Self::Hit { ttl_s } => format!("patr; hit; ttl={ttl_s}"),
            Self::Forwarded { why, stored } => {
                format!("patr; fwd={}{}", why.as_str(), if *stored { "; stored" } else { "" })
            }
            Self::Stale { ttl_s, status } => {
                format!("patr; fwd=stale; fwd-status={status}; ttl={ttl_s}; detail=stale-if-error")
            }
        }
    }
}

/// Says it on an answer, after what caches before this one have said (2).
pub(super) fn put(headers: &Headers, status: &Status) -> Result<(), Fault> {
    Ok(headers.append("cache-status", &status.text())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_words() {
        for (status, expected) in [
            (Status::Hit { ttl_s: 9 }, "patr; hit; ttl=9"),
            (Status::Forwarded { why: Forward::UriMiss, stored: true }, "patr; fwd=uri-miss; stored"),
            (Status::Forwarded { why: Forward::Bypass, stored: false }, "patr; fwd=bypass"),
            (
                Status::Stale { ttl_s: -3, status: 503 },
                "patr; fwd=stale; fwd-status=503; ttl=-3; detail=stale-if-error",
            ),
        ] {
            assert_eq!(status.text(), expected);
        }
    }
}
