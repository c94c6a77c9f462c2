//! `patr site`.

use std::path::PathBuf;

use clap::Subcommand;
use patr_models::{
    ids::{Ref, SiteId},
    name::Name,
    site::VersionNumber,
};

use super::{ListArgs, PageArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Site {
    /// Upload a folder as a new version and make it live
    #[command(after_help = "\
Examples:
  patr site deploy ./dist --name docs
  patr -q site deploy ./dist --name docs      only the URL, for scripts

The site is made if there is none. Every file of the folder is published except what is in `.git`,
`.hg`, `.jj` and `.svn`. Only content that the live version does not have is uploaded, and an upload
that was cut off goes on where it ended. Visitors see the whole old version, then the whole new one.

`index.html` answers for its folder, `404.html` for what does not exist.
")]
    Deploy {
        /// The folder to publish
        dir: PathBuf,
        /// The site to make or to change
        #[arg(long)]
        name: Name,
    },
    /// List sites
    List(ListArgs),
    /// Show a site
    Show { name: Ref<SiteId> },
    /// List the versions of a site, newest first
    Versions {
        name: Ref<SiteId>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Make an earlier version live again
    Rollback {
        name: Ref<SiteId>,
        /// The version [default: the one before the live one]
        #[arg(long, value_name = "NUMBER")]
        version: Option<VersionNumber>,
    },
    /// Let a stopped site answer again
    Start { name: Ref<SiteId> },
    /// Let a site answer 503 and keep its versions
    Stop { name: Ref<SiteId> },
    /// Delete a site, its versions and its automatic URL
    Delete { name: Ref<SiteId> },
}
