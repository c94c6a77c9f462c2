//! `patr volume`.

use std::path::PathBuf;

use clap::Subcommand;
use patr_models::{
    ids::{Ref, RunnerId, SnapshotId, VolumeId},
    name::Name,
};

use super::{ListArgs, PageArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// Make a volume on a runner
    #[command(after_help = "\
Examples:
  patr volume create db-data --runner home
  patr volume create uploads --shared
  patr deploy postgres:17 --name db --volume db-data:/var/lib/postgresql/data

`patr deploy --volume` makes one as well, if there is none of that name. A volume is made once: should \
its runner lose it, that is an error and not a new, empty one. Nothing but `patr volume delete` removes it.")]
    Create {
        /// What deployments call it, unique in the workspace
        name: Name,
        /// Where it is [default: the only runner there is]
        #[arg(long)]
        runner: Option<Ref<RunnerId>>,
        /// Let several replicas write to it at once; else old replicas stop before new ones start
        #[arg(long)]
        shared: bool,
    },
    /// List volumes
    List(ListArgs),
    /// Show a volume
    Show {
        /// Name or id
        name: Ref<VolumeId>,
    },
    /// Delete a volume, all that is in it and its snapshots
    #[command(after_help = "\
Examples:
  patr volume delete db-data          asks for the name once more
  patr volume delete db-data --yes    where nobody can be asked")]
    Delete {
        /// Name or id
        name: Ref<VolumeId>,
        #[command(flatten)]
        sure: Sure,
    },
    /// Keep what is in a volume now, on its runner, and print the snapshot's id
    #[command(after_help = "\
Example:
  patr volume snapshot db-data

Replicas that use it are paused while it is copied, so that the snapshot is of one moment; requests wait. \
A cluster cannot do that: on Kubernetes whatever uses the volume has to be stopped before.")]
    Snapshot {
        /// Name or id
        name: Ref<VolumeId>,
    },
    /// List the snapshots of a volume, newest first
    Snapshots {
        /// Name or id
        name: Ref<VolumeId>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Delete a snapshot
    DeleteSnapshot {
        /// The volume, by name or id
        name: Ref<VolumeId>,
        /// The snapshot's id
        snapshot: SnapshotId,
        #[command(flatten)]
        sure: Sure,
    },
    /// Put back what a volume was when a snapshot was made; what is in it now is lost
    #[command(after_help = "\
Examples:
  patr volume snapshots db-data
  patr deployment stop db
  patr volume restore db-data snap_01jd3q5v0000000000000000000
  patr deployment start db

Whatever uses the volume has to be stopped before. `patr volume copy --snapshot` makes another volume \
of a snapshot and loses nothing.")]
    Restore {
        /// The volume, by name or id
        name: Ref<VolumeId>,
        /// The snapshot's id
        snapshot: SnapshotId,
        #[command(flatten)]
        sure: Sure,
    },
    /// Download all that is in a volume, as a tar archive
    #[command(after_help = "\
Examples:
  patr volume download db-data --to db-data.tar
  patr volume download db-data | zstd > db-data.tar.zst
  patr volume download db-data --snapshot snap_01jd3q5v0000000000000000000 | tar -t

What is written to while it is read may be of several moments: make a snapshot and download that.")]
    Download {
        /// Name or id
        name: Ref<VolumeId>,
        /// What it was then, instead of what it is
        #[arg(long, value_name = "ID")]
        snapshot: Option<SnapshotId>,
        /// The file to write, complete or not at all [default: stdout]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Make a volume with the same contents, on the same runner or another
    #[command(after_help = "\
Examples:
  patr volume copy db-data db-data-2 --runner office       moves data to another machine
  patr volume copy db-data db-test --snapshot snap_01jd3q5v0000000000000000000

The contents go from runner to runner through their connections, and are kept nowhere on the way.")]
    Copy {
        /// The volume, by name or id
        name: Ref<VolumeId>,
        /// What to call the new one
        new_name: Name,
        /// Where the new one is [default: the same runner]
        #[arg(long)]
        runner: Option<Ref<RunnerId>>,
        /// What it was then, instead of what it is
        #[arg(long, value_name = "ID")]
        snapshot: Option<SnapshotId>,
    },
}

/// Whether it is meant
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Sure {
    /// Do not ask: it is meant
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl Volume {
    /// The volume that the command is about, if it is about one that exists.
    pub(crate) fn named(&self) -> Option<&Ref<VolumeId>> {
        match self {
            Self::Create { .. } | Self::List(_) => None,
            Self::Show { name }
            | Self::Delete { name, .. }
            | Self::Snapshot { name }
            | Self::Snapshots { name, .. }
            | Self::DeleteSnapshot { name, .. }
            | Self::Restore { name, .. }
            | Self::Download { name, .. }
            | Self::Copy { name, .. } => Some(name),
        }
    }
}
