//! What the exit status of `patr` means. Scripts rely on these: the list is append-only.

use std::process::ExitCode;

/// How a run of `patr` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok,
    Failed,
    Usage,
    Auth,
    NotFound,
    Timeout,
    Bug,
    Interrupted,
    /// What a command in a replica ended with, as `patr exec` passes it on.
    Command(u8),
}

impl Exit {
    /// Every status of our own, in the order of its number.
    pub(crate) const ALL: [Self; 8] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::Auth,
        Self::NotFound,
        Self::Timeout,
        Self::Bug,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Auth => 3,
            Self::NotFound => 4,
            Self::Timeout => 5,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Command(number) => number,
        }
    }

    /// What it means, in a sentence.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Failed => "it was tried and did not work, or a rollout failed",
            Self::Usage => "the command line, an input file or a setting is wrong; nothing was changed",
            Self::Auth => "not logged in, or not allowed",
            Self::NotFound => "something that was named does not exist",
            Self::Timeout => "the time given with `--timeout` ran out; what was begun goes on",
            Self::Bug => "a bug in `patr` itself",
            Self::Interrupted => "interrupted with Ctrl-C; what was begun goes on",
            Self::Command(_) => "what the command in the replica ended with",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_documented_ones_and_rise() {
        let numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 70, 130]);
    }
}
