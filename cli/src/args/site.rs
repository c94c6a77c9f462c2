//! `patr site`.

use std::path::PathBuf;

use clap::Subcommand;
use patr_models::{
    ids::{Ref, SiteId},
    name::Name,
    site::{
        VersionNumber,
        config::{HtmlHandling, NotFound},
        create_version::PREVIEW_DAYS_MAX,
    },
};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error};

use super::{ListArgs, PageArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Site {
    /// Upload a folder as a new version and make it live
    Deploy(Deploy),
    /// List sites
    List(ListArgs),
    /// Show a site, and what was served of it
    Show {
        /// Name or id
        name: Ref<SiteId>,
    },
    /// Say who may see a site and its previews
    Access(Access),
    /// List the versions of a site, newest first, with the addresses of previews
    Versions {
        /// Name or id
        name: Ref<SiteId>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Make another version live: an earlier one, or a preview
    Rollback {
        /// Name or id
        name: Ref<SiteId>,
        /// The version [default: the one before the live one]
        #[arg(long, value_name = "NUMBER")]
        version: Option<VersionNumber>,
    },
    /// Let a stopped site answer again
    Start {
        /// Name or id
        name: Ref<SiteId>,
    },
    /// Let a site answer 503 and keep its versions
    Stop {
        /// Name or id
        name: Ref<SiteId>,
    },
    /// Delete a site, its versions and its automatic URL
    Delete {
        /// Name or id
        name: Ref<SiteId>,
    },
}

impl Site {
    /// The site that the command is about, if it is about one that exists.
    pub(crate) fn named(&self) -> Option<&Ref<SiteId>> {
        match self {
            Self::Deploy(_) | Self::List(_) => None,
            Self::Access(Access { name, .. })
            | Self::Show { name }
            | Self::Versions { name, .. }
            | Self::Rollback { name, .. }
            | Self::Start { name }
            | Self::Stop { name }
            | Self::Delete { name } => Some(name),
        }
    }
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
    /// Name or id
    pub(crate) name: Ref<SiteId>,
    /// Who may see it
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

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr site deploy ./dist --name docs
  patr -q site deploy ./dist --name docs                only the URL, for scripts
  patr site deploy ./dist --name docs --preview         an address of its own; visitors see nothing of it
  patr site deploy ./dist --check                       only look for mistakes

The site is made if there is none. Every file is published except what is in `.git`, `.hg`, `.jj` and
`.svn`, what `ignore` names, and `patr.site.toml`, `_redirects` and `_headers`, which say how the
others are served. Only content that the live version does not have is uploaded, and an upload that
was cut off goes on where it ended. Visitors see the whole old version, then the whole new one.

In patr.site.toml, where lists are as in .gitignore:
  html_handling = \"auto-trailing-slash\"    or force-trailing-slash, drop-trailing-slash, none
  not_found = \"404-page\"                   or single-page-application, none
  access = \"public\"                       or members, or password (set by `patr site access`)
  immutable = [\"assets/\"]                  their names change with their content: kept for a year
  ignore = [\"*.map\"]                       not published
")]
pub(crate) struct Deploy {
    /// The folder to publish
    pub(crate) dir: PathBuf,
    /// The site to make or to change
    #[arg(long, required_unless_present = "check")]
    pub(crate) name: Option<Name>,
    /// Give this version an address of its own, and leave the live one as it is
    #[arg(long)]
    pub(crate) preview: bool,
    /// How long the preview lasts [default: 7]
    #[arg(long, value_name = "DAYS", requires = "preview")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(PREVIEW_DAYS_MAX)))]
    pub(crate) preview_days: Option<u16>,
    /// Look for mistakes in the folder and its rules, and upload nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// Which of a page's addresses is its own [default: see patr.site.toml, else auto-trailing-slash]
    #[arg(long, value_name = "HOW", value_parser = word::<HtmlHandling>)]
    pub(crate) html_handling: Option<HtmlHandling>,
    /// What answers where there is no file [default: see patr.site.toml, else 404-page]
    #[arg(long, value_name = "WHAT", value_parser = word::<NotFound>)]
    pub(crate) not_found: Option<NotFound>,
}

/// A word of the API.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(text.into_deserializer())
}
