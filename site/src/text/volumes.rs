//! Volumes.

pub const COLUMNS: [&str; 6] = ["Name", "Status", "Runner", "Size", "Used by", "Made"];
pub const EMPTY: &str = "No volume yet";
pub const EMPTY_SAYS: &str = "A volume is a folder on one of your runners that outlives replicas, releases and deployments. Nothing but its deletion removes it. A deployment gets it with `patr deploy --volume NAME:/path`.";
pub const SEARCH: &str = "Search volumes";
pub const NEW: &str = "New volume";

pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "What deployments call it. Letters a-z, digits and hyphens.";
pub const RUNNER: &str = "Runner";
pub const WRITERS: &str = "Who may write";
pub const ONE_WRITER: &str = "one replica at a time: old ones stop before new ones start";
pub const SEVERAL_WRITERS: &str = "several replicas at once";
pub const CREATE: &str = "Make the volume";
pub const NO_RUNNER: &str = "A volume is on a runner, and there is none yet: add one first.";

pub const STATUS: &str = "Status";
pub const SIZE: &str = "Size";
pub const NOT_MEASURED: &str = "not measured yet";
pub const USED_BY: &str = "Used by";
pub const NOBODY: &str = "no deployment";
pub const MADE: &str = "Made";
pub const ID: &str = "Id";
pub const MOUNT_COLUMNS: [&str; 3] = ["At", "Volume", "Access"];
pub const READ: &str = "reads";
pub const READ_AND_WRITE: &str = "reads and writes";

pub const SNAPSHOTS: &str = "Snapshots";
pub const SNAPSHOT_COLUMNS: [&str; 4] = ["Snapshot", "Size", "Made", ""];
pub const SNAPSHOTS_NONE: &str = "No snapshot yet. One is a copy of the volume at one moment, on the same runner, and goes with the volume.";
pub const SNAPSHOT: &str = "Take a snapshot";
pub const SNAPSHOT_HINT: &str = "Replicas that use the volume are paused while it is copied; requests wait. On Kubernetes they have to be stopped before.";
pub const SNAPSHOT_WAITS: &str =
    "The runner copies the volume. Keep this page open: the snapshot is in the list when that is done.";
pub const SNAPSHOT_MADE: &str = "The snapshot is made.";

pub const DOWNLOAD: &str = "Download";
pub const DOWNLOAD_HINT: &str = "A download is a tar archive of all that is in it. What is written to meanwhile may be of several moments in it: a snapshot is of one.";

pub const RESTORE: &str = "Restore";
pub const RESTORE_WAITS: &str =
    "The runner puts back what was in the snapshot. Keep this page open until that is done.";
pub const RESTORED: &str = "It is what it was then.";

pub const COPY: &str = "Copy";
pub const COPY_NAME: &str = "Name of the copy";
pub const COPY_WAITS: &str = "The contents go from runner to runner. Keep this page open: a copy that nobody sees to its end stays waiting, and has to be deleted.";
pub const COPIED: &str = "It is copied.";

pub const DELETE: &str = "Delete";
pub const DELETE_SAYS: &str = "All that is in it goes, and its snapshots. Nothing brings it back.";
pub const DELETE_SNAPSHOT_SAYS: &str = "Nothing brings back what it kept. The volume stays as it is.";
pub const FORGET_WAITS: &str = "The runner removes it.";

pub fn restore_title(name: &str) -> String {
    format!("Put back what was in {name}?")
}

/// `since` says when the snapshot was made, `users` who mounts the volume.
pub fn restore_says(since: &str, users: &str) -> String {
    let lost = format!("What is in it now is lost: it becomes what it was at {since}.");
    if users.is_empty() {
        return lost;
    }
    format!("{lost} Whatever uses it has to be stopped before: {users}.")
}

pub fn copy_title(name: &str) -> String {
    format!("Copy {name}")
}

/// What a copy is of.
pub fn copy_says(since: Option<&str>) -> String {
    match since {
        Some(since) => format!("A new volume with what was in it at {since}."),
        None => "A new volume with what is in it now.".to_owned(),
    }
}

pub fn delete_title(name: &str) -> String {
    format!("Delete the volume {name}?")
}

/// `users` says who mounts it.
pub fn delete_says(users: &str) -> String {
    if users.is_empty() {
        return DELETE_SAYS.to_owned();
    }
    format!("{DELETE_SAYS} It cannot be deleted while it is mounted: deploy {users} without it before.")
}

pub fn delete_snapshot_title(since: &str) -> String {
    format!("Delete the snapshot of {since}?")
}
