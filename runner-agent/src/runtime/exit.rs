//! Why a process does not run any more, in words.

use patr_models::deployment::{Failure, FailureKind};

use super::failure;

/// It ended with this code; from 129 on that is mostly a signal.
pub fn with_code(code: i64) -> Failure {
    let signal = match code {
        134 => " (SIGABRT)".to_owned(),
        137 => " (SIGKILL)".to_owned(),
        139 => " (SIGSEGV)".to_owned(),
        143 => " (SIGTERM)".to_owned(),
        129..=192 => format!(" (signal {})", code - 128),
        _ => String::new(),
    };
    failure(FailureKind::Exited, format!("it ended with exit code {code}{signal}"))
}

pub fn out_of_memory() -> Failure {
    failure(FailureKind::OutOfMemory, "it used more memory than it may, and was killed")
}
