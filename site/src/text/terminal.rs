//! A command in a replica, at a terminal.

pub const TAB: &str = "Terminal";

pub const PLACE: &str = "Where";
pub const ANY: &str = "Any replica that is ready";
pub const COMMAND: &str = "Command";
pub const COMMAND_HINT: &str = "Its words as you would type them. No shell reads them, unless it is one that you run: sh -c 'ls | wc'. An image may have none.";

pub const CONNECT: &str = "Connect";
pub const CONNECT_AGAIN: &str = "Connect again";
pub const DISCONNECT: &str = "Disconnect";

pub const IDLE: &str = "Not connected.";
pub const CONNECTING: &str = "Connecting…";
pub const OPEN: &str = "Connected.";
pub const LEFT: &str = "Disconnected. A command that does not mind that its terminal is gone goes on.";
pub const KEYS: &str = "While the terminal has the focus, all keys are the command's, Tab too.";
pub const LEAVE_KEYS: &str = "Ctrl+Shift+Enter";
pub const LEAVE: &str = "leaves it.";
pub const SCREEN: &str = "Terminal";

pub const NOT_CLOSED: &str = "Command: a quote is not closed";
pub const NO_WORD: &str = "Command: give at least one word, such as sh";
pub const NOT_LOADED: &str = "The terminal could not be loaded.";
pub const NOT_LOADED_HINT: &str =
    "Load the page again: the installation may have been updated since it was opened.";
pub const NOT_OPENED: &str = "The connection to the command does not come about.";
pub const NOT_OPENED_HINT: &str =
    "It is a WebSocket: something between this browser and the installation may let none through.";

pub const BROKE_OFF: &str = "The connection to the command broke off.";
pub const RUNNER_LOST: &str = "The connection broke off: the runner lost its own to the installation.";
pub const MAY_GO_ON: &str = "Whether the command goes on is not known.";
pub const NO_PROGRAM: &str = "There may be no such program in the image, which need not have a shell. Give a command that it has, such as bash or the path of its own program.";

pub fn runner(name: &str) -> String {
    format!("Any on {name}")
}

pub fn replica(id: &str, runner: &str, release: u32) -> String {
    format!("{id} on {runner}, release {release}")
}

pub fn not_ready(replica: &str) -> String {
    format!("{replica}, not ready")
}

pub fn ended(exit_code: i64) -> String {
    format!("The command has ended with exit code {exit_code}.")
}

pub fn killed(exit_code: i64, signal: i64) -> String {
    format!("The command has ended with exit code {exit_code}: signal {signal} ended it.")
}
