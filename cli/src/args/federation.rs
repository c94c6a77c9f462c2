//! `patr federation`.

use clap::Subcommand;
use patr_models::{
    federation::{Audience, Issuer, Pattern},
    ids::{FederationId, Ref, RoleId},
    name::Name,
};

use super::ListArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Federation {
    /// Trust the identities that an issuer gives to jobs, so that no token has to be stored
    #[command(after_help = "\
Examples:
  patr federation add github --github acme/web --claim ref=refs/heads/main --role developer
  patr federation add gitlab --gitlab acme/web --role developer
  patr federation add ci --issuer https://ci.example.com --claim 'sub=job:acme/*' --role viewer

In a claim `*` stands for any text. A job then runs `patr login --oidc`: on GitHub it needs the \
permission `id-token: write`, elsewhere its ID token in PATR_ID_TOKEN. It acts for you, with these roles \
and never with more than you have at that moment, for an hour.")]
    Add(Add),
    /// List whose jobs the workspace trusts
    List(ListArgs),
    /// Show a federation
    Show {
        /// Name or id
        name: Ref<FederationId>,
    },
    /// Trust no more, and end the tokens that were given out
    Remove {
        /// Name or id
        name: Ref<FederationId>,
    },
}

impl Federation {
    /// The federation that the command is about, if it is about one that exists.
    pub(crate) fn named(&self) -> Option<&Ref<FederationId>> {
        match self {
            Self::Add(_) | Self::List(_) => None,
            Self::Show { name } | Self::Remove { name } => Some(name),
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("whose").required(true)))]
pub(crate) struct Add {
    /// Unique in the workspace
    pub(crate) name: Name,
    /// The address of an issuer of ID tokens (OpenID Connect)
    #[arg(long, group = "whose", value_name = "URL")]
    pub(crate) issuer: Option<Issuer>,
    /// Jobs of GitHub Actions in this repository, or in all of an owner, as `acme/web` or `acme/*`
    #[arg(long, group = "whose", value_name = "OWNER/REPOSITORY")]
    pub(crate) github: Option<Pattern>,
    /// Jobs of gitlab.com in this project, or in all of a group, as `acme/web` or `acme/*`
    #[arg(long, group = "whose", value_name = "GROUP/PROJECT")]
    pub(crate) gitlab: Option<Pattern>,
    /// What a claim of the token must be; may be given several times, and all must hold
    #[arg(long, value_name = "NAME=TEXT", value_parser = claim)]
    pub(crate) claim: Vec<(String, Pattern)>,
    /// What the token must be for [default: the address of this installation]
    #[arg(long, value_name = "TEXT")]
    pub(crate) audience: Option<Audience>,
    /// What the job is in the workspace; may be given several times
    #[arg(long, value_name = "ROLE", required = true)]
    pub(crate) role: Vec<Ref<RoleId>>,
}

/// `NAME=TEXT`.
fn claim(text: &str) -> Result<(String, Pattern), String> {
    let (name, pattern) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not like `ref=refs/heads/main`"))?;
    Ok((name.to_owned(), pattern.parse().map_err(|error| format!("{error}"))?))
}
