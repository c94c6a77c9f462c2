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
    /// Show a site, and what was served of it
    Show { name: Ref<SiteId> },
    /// Say who may see a site and its previews
    Access(Access),
    /// List the versions of a site, newest first
    Versions {
        name: Ref<SiteId>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Make another version live: an earlier one, or a preview
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

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr site access docs members
  patr site access docs password --password-stdin < password.txt
  patr site access docs public

Visitors see a form for the password, or log in with their account of this installation. Whoever was
let in before is asked again after each change.")]
pub(crate) struct Access {
    pub(crate) name: Ref<SiteId>,
    pub(crate) who: Who,
    /// Read the password from stdin instead of asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Who may see a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Who {
    /// Everybody
    Public,
    /// Who knows its password
    Password,
    /// Members of the workspace
    Members,
}
