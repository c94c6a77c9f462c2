//! Deployments.

pub const COLUMNS: [&str; 6] = ["Name", "Status", "Image", "Runners", "Release", "Changed"];
pub const EMPTY: &str = "No deployment yet";
pub const EMPTY_SAYS: &str = "A deployment runs an image on one or more of your runners, and gives it an address of its own if it speaks http.";
pub const SEARCH: &str = "Search deployments";
pub const NEW: &str = "Deploy an image";
pub const OPEN: &str = "Open";

pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "Part of its address: NAME-WORKSPACE.";
pub const IMAGE: &str = "Image";
pub const IMAGE_HINT: &str =
    "As for `docker pull`. A tag that only the machine itself has is run from there.";
pub const RUNNER: &str = "Runner";
pub const NO_RUNNER: &str = "There is no runner yet: add one first.";
pub const PORTS: &str = "Ports";
pub const PORTS_HINT: &str =
    "What the image listens on: 80 for http, 5432/tcp, 53/udp. The first http port answers at its address.";
pub const ENV: &str = "Environment";
pub const ENV_HINT: &str = "One NAME=VALUE a line.";
pub const SECRETS: &str = "Secrets in the environment";
pub const SECRETS_HINT: &str =
    "One NAME=SECRET a line: the variable, and which secret of the workspace it holds.";
pub const REPLICAS: &str = "Replicas";
pub const REPLICAS_HINT: &str = "How many run on each runner.";
pub const NOT_A_NUMBER: &str = "Replicas: use a whole number";
pub const DEPLOY: &str = "Deploy";

pub const TABS: &str = "Parts of the deployment";
pub const TAB_STATUS: &str = "Status";
pub const TAB_RELEASES: &str = "Releases";
pub const TAB_LOGS: &str = "Logs";
pub const TAB_REQUESTS: &str = "Requests";
pub const TAB_METRICS: &str = "Metrics";
pub const TAB_ENV: &str = "Environment";
pub const TAB_SETTINGS: &str = "Settings";

pub const BACK: &str = "How far back";
pub const HOUR: &str = "An hour";
pub const DAY: &str = "A day";
pub const WEEK: &str = "A week";
pub const CPU: &str = "Processor";
pub const MEMORY: &str = "Memory";
pub const RECEIVED: &str = "Received";
pub const SENT: &str = "Sent";
pub const CORES: &str = "cores";
pub const METRIC_COLUMNS: [&str; 5] = ["Replica", "Uses", "Over the time", "Now", "Most"];
pub const METRICS_NONE: &str =
    "Nothing was measured in that time. A new replica has its first values within a minute.";
pub const GONE: &str = "gone";

pub const LAST_LINES: &str = "The last lines that it wrote";
pub const DIGEST: &str = "Digest";
pub const RELEASE: &str = "Release";
pub const ADDRESS: &str = "Address";
pub const CHANGED: &str = "Changed";
pub const ID: &str = "Id";
pub const RUNNERS: &str = "Runners";
pub const RUNNER_COLUMNS: [&str; 4] = ["Runner", "Status", "Share", "Why"];
pub const STANDBY: &str = "stands by";
pub const LEAVING: &str = "is leaving";
pub const REPLICA_COLUMNS: [&str; 4] = ["Replica", "Ready", "Release", "Restarts"];
pub const NO_REPLICAS: &str = "None was seen yet.";
pub const READY: &str = "Ready";
pub const NOT_READY: &str = "Not ready";

pub const RESTART: &str = "Restart";
pub const STOP: &str = "Stop";
pub const START: &str = "Start";
pub const CANCEL: &str = "Cancel the rollout";
pub const ASKED: &str = "Asked for. The status follows.";

pub const RELEASES_NONE: &str = "No release yet.";
pub const RELEASE_COLUMNS: [&str; 6] = ["Release", "Outcome", "What differs", "By", "Made", ""];
pub const CURRENT: &str = "current";
pub const FIRST: &str = "the first one";
pub const SAME: &str = "nothing";
pub const ROLL_BACK: &str = "Roll back";
pub const ROLL_BACK_SAYS: &str = "It becomes current again, with the image, the environment and the secrets that it had. What runs now serves until it is ready.";

pub const FOLLOW: &str = "Follow";
pub const PAUSE: &str = "Pause";
pub const SEARCH_LOG: &str = "Only lines with";
pub const NO_LINE: &str = "No line yet.";
pub const LOG: &str = "Log";
pub const LOG_BROKE: &str = "The connection to the log broke off.";

pub const SEARCH_REQUESTS: &str = "Only what has this in it";
pub const STATUS: &str = "Status";
pub const ANY_STATUS: &str = "Any";
pub const FAILED_STATUS: &str = "400 and above, or none";
pub const ANY_RUNNER: &str = "All";
pub const NO_REPLICA: &str = "no replica";

pub const ENV_COLUMNS: [&str; 2] = ["Variable", "Value"];
pub const ENV_SEVERAL: &str =
    "A value has several lines, which a form would tear apart: change it with the command line.";
pub const ENV_SAVE: &str = "Deploy with these";
pub const ENV_SAYS: &str = "Saving makes a new release.";

pub const SCALE: &str = "Scale";
pub const SCALED_BY_ITSELF: &str = "Its runner chooses how many run. Setting a number here ends that.";
pub const OTHER_IMAGE: &str = "Another image";
pub const DELETE: &str = "Delete";
pub const DELETE_TITLE: &str = "Delete the deployment";
pub const DELETE_SAYS: &str = "Its replicas, its releases and its address go. Volumes and secrets stay.";

pub fn took(total_ms: u32, first_byte_ms: u32) -> String {
    format!("{total_ms} ms ({first_byte_ms} ms until it began)")
}

pub fn missed(count: u64) -> String {
    let (noun, are) = if count == 1 { ("request", "is") } else { ("requests", "are") };
    format!("{count} {noun} before the next {are} not shown: there were more than could be sent here.")
}

pub fn not_a_port(text: &str) -> String {
    format!("`{text}` is no port: use a number, and `/tcp` or `/udp` where it is not http")
}

pub fn secret(name: &str) -> String {
    format!("the secret {name}")
}

pub fn no_pair(line: &str) -> String {
    format!("`{line}` is not NAME=VALUE")
}

pub fn roll_back_title(release: u32) -> String {
    format!("Roll back to release {release}?")
}

pub fn delete_title(name: &str) -> String {
    format!("Delete {name}?")
}

pub fn share(weight: u8, of: u32) -> String {
    format!("{} %", (u32::from(weight) * 100 + of / 2) / of.max(1))
}
