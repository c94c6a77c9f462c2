//! Runners.

pub const COLUMNS: [&str; 5] = ["Name", "Status", "Runs", "Machine", "Since"];
pub const EMPTY: &str = "No runner yet";
pub const EMPTY_SAYS: &str = "A runner is a machine of yours: a server, a Raspberry Pi, a laptop. Its agent dials out to this installation, so it needs neither a public address nor an open port.";
pub const SEARCH: &str = "Search runners";
pub const ADD: &str = "Add a runner";
pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "What to call the machine. Letters a-z, digits and hyphens.";
pub const WAITING: &str = "Waiting for it to connect…";
pub const WAITING_SAYS: &str = "Run one of these on the machine. This page notices by itself.";
pub const CONNECTED: &str = "It is connected";
pub const CONNECTED_SAYS: &str = "Deploy something to it:";
pub const DEPLOY: &str = "Deploy an image";
pub const TOKEN: &str = "Its token";
pub const TRY: &str = "To try it";
pub const TRY_SAYS: &str = "It runs until you stop it with Ctrl-C.";
pub const KEEP: &str = "To keep it running";
pub const KEEP_SAYS: &str = "First keep the token where only root can read it:";
pub const DOCKER: &str = "Then start the agent with Docker:";
pub const OTHERS: &str =
    "With systemd or Docker Compose: `patr runner rotate-token` prints those files with a token.";

pub const CONNECTION: &str = "Connection";
pub const AGENT: &str = "Agent";
pub const HOST: &str = "Machine";
pub const CLOCK: &str = "Clock";
pub const DISK: &str = "Disk of the runtime";
pub const RUNTIME: &str = "Runtime";
pub const MADE: &str = "Added";
pub const ID: &str = "Id";
pub const TROUBLE: &str = "What is wrong there";
pub const NEVER: &str = "No agent has used its token yet.";
pub const HERE: &str = "Deployments here";
pub const HERE_NONE: &str = "Nothing is deployed to it.";

pub const ROTATE: &str = "New token";
pub const ROTATE_SAYS: &str = "The old token is refused from that moment on. What runs there runs on; the agent comes back when it has the new one.";
pub const REMOVE: &str = "Remove";
pub const REMOVE_SAYS: &str =
    "Its token is refused from then on. It must have neither deployments nor volumes.";

pub fn away(name: &str) -> String {
    format!("{name} (not connected)")
}

pub fn never_there(name: &str) -> String {
    format!("{name} (never connected)")
}

pub fn rotate_title(name: &str) -> String {
    format!("Replace the token of {name}?")
}

pub fn remove_title(name: &str) -> String {
    format!("Remove the runner {name}?")
}

pub fn clock(skew_ms: i64) -> String {
    match skew_ms.unsigned_abs() {
        0..1000 => "right".to_owned(),
        off => format!("{} s {}", off / 1000, if skew_ms > 0 { "ahead" } else { "behind" }),
    }
}

pub fn disk(free: &str, total: &str) -> String {
    format!("{free} free of {total}")
}
