//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/exec`
//!
//! Run a command in a replica, over a WebSocket.
//!
//! | from | message | means |
//! |---|---|---|
//! | caller | binary | bytes for the command's standard input |
//! | caller | text, a [`ToCommand`] | the end of the input, a new size of the terminal, or what it took of the output |
//! | runner | binary | 1 (standard output) or 2 (standard error), then bytes; with a terminal all of it is output |
//! | runner | text, a [`FromCommand`] | what the command took of the input; or it has ended, and the runner closes |
//!
//! A WebSocket has no back-pressure, so neither side has more than [`WINDOW`] bytes on the way that the other has not said it
//! took: who reads slowly holds up whoever writes, and a flood of output keeps no interrupt waiting. A caller is sent all
//! there is until it says for the first time what it took; one that wants to be waited for from the beginning begins with 0.
//!
//! A page in a browser learns nothing of a refusal but that there was one. With `says_why` it gets its WebSocket all the same, and
//! on it a [`FromCommand::Refused`].

pub use super::connect::WINDOW;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Upgraded,
    ids::{DeploymentId, Ref, RunnerId, WorkspaceId},
};

declare_api_endpoint! {
    /// Run a command in a replica (WebSocket)
    ExecInDeployment: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/exec" {
        auth: Member(DeploymentExec),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Upgraded,
        errors: Error,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The words of the command, in order; no shell reads them.
    #[serde(default)]
    pub command: Vec<String>,
    /// On this one of its runners; when absent on the first, or where the replica is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Ref<RunnerId>>,
    /// The beginning of a replica's id; any one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// With a terminal of this many columns; needs `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Whether a refusal is a message of the WebSocket: a browser shows a page no other answer to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub says_why: bool,
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// What a caller says besides input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToCommand {
    EndOfInput,
    Resize {
        size: Size,
    },
    /// So many more bytes of output were handed on.
    Took {
        bytes: usize,
    },
}

/// What a runner says besides output.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromCommand {
    /// So many more bytes of input were handed on.
    Took {
        bytes: usize,
    },
    Ended {
        exit_code: i64,
    },
    /// It could not be started.
    Refused {
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
}

/// Counts what was handed on, until it is worth a message.
#[derive(Debug, Default)]
pub struct HandedOn(usize);

impl HandedOn {
    const WORTH_A_MESSAGE: usize = WINDOW / 8;

    /// This much more was; how much is to be said now.
    pub fn more(&mut self, bytes: usize) -> Option<usize> {
        self.0 += bytes;
        (self.0 >= Self::WORTH_A_MESSAGE).then(|| std::mem::take(&mut self.0))
    }
}

/// What output begins with.
pub mod output {
    pub const STDOUT: u8 = 1;
    pub const STDERR: u8 = 2;
}

api_errors! {
    pub enum Error {
        NoCommand = 422 "no_command", "command: give at least one word";
        NotUpgraded = 422 "not_upgraded", "this is a WebSocket: send `Upgrade: websocket`",
            hint "`patr exec NAME -- COMMAND` does";
        NotPlaced { runner: String } = 422 "not_placed", "runner: the deployment is not on a runner `{runner}`",
            hint "`patr deployment show` lists its runners";
        NoReplica = 409 "no_replica", "no such replica runs",
            hint "`patr deployment show` lists those that do";
        Refused { reason: String } = 409 "command_refused", "the command does not start: {reason}",
            hint "the program has to be in the image, which need not have a shell";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected, and commands run there",
            hint "`patr runner show {runner}` says since when";
    }
}
