//! `patr member` and `patr join`.

use std::{str::FromStr, time::Duration};

use clap::Subcommand;
use patr_models::{
    auth::prefix,
    ids::{InvitationId, Ref, RoleId},
    member::PersonRef,
    name::Email,
};

use super::{ListArgs, values};
use crate::base_url::{BaseUrl, BaseUrlError};

#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// List the people in a workspace
    List(ListArgs),
    /// Show somebody in the workspace
    Show {
        /// Address or id
        member: PersonRef,
    },
    /// Say which roles somebody has, from the next request on
    #[command(after_help = "\
Examples:
  patr member set-roles ada@example.com admin
  patr member set-roles bob@example.com viewer releases       both of them, and no others

`patr role list` shows the roles that there are.")]
    SetRoles {
        /// Address or id
        member: PersonRef,
        /// Names or ids
        #[arg(required = true, value_name = "ROLE")]
        roles: Vec<Ref<RoleId>>,
    },
    /// Take somebody out of the workspace, at once
    Remove {
        /// Address or id
        member: PersonRef,
    },
    /// Make a link with which one person becomes a member
    #[command(after_help = "\
Examples:
  patr member invite developer
  patr member invite viewer releases --email bob@example.com --expires-in 2d

Only the link goes to stdout. Whoever has it can use it, once, with `patr join`; with `--email` only \
the account of that address can. Nothing is sent to anybody.")]
    Invite {
        /// What they will be, by names or ids
        #[arg(required = true, value_name = "ROLE")]
        roles: Vec<Ref<RoleId>>,
        /// The only address that can use it
        #[arg(long)]
        email: Option<Email>,
        /// How long it is good, up to `30d` [default: 7d]
        #[arg(long, value_name = "TIME", value_parser = values::duration)]
        expires_in: Option<Duration>,
    },
    /// List invitations that have not been used
    Invitations(ListArgs),
    /// Revoke an invitation that has not been used
    RevokeInvitation {
        /// Its id, as `patr member invitations` shows it
        id: InvitationId,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr join 'https://patr.example.com/join#patr_i_…'
  patr join 'https://patr.example.com/join#patr_i_…' --email ada@example.com      makes an account

The link says which installation it is of. It is used by whoever is logged in there.")]
pub(crate) struct Join {
    /// The link that you were sent
    #[arg(value_name = "LINK")]
    pub(crate) link: Link,
    /// Make an account with this address
    #[arg(long)]
    pub(crate) email: Option<Email>,
    /// Read the password of the new account from stdin instead of asking
    #[arg(long, requires = "email")]
    pub(crate) password_stdin: bool,
}

/// A link of an invitation. It is as good as a password, so it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) url: BaseUrl,
    pub(crate) secret: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({}/join#…)", self.url.as_str())
    }
}

/// Text is no link of an invitation.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    #[error(
        "this is not the whole link: expected something like `https://patr.example.com/join#patr_i_…`, in quotes"
    )]
    Malformed,
    #[error(transparent)]
    Url(#[from] BaseUrlError),
}

impl FromStr for Link {
    type Err = LinkError;
    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (url, secret) = text.trim().split_once("/join#").ok_or(LinkError::Malformed)?;
        let is_secret =
            secret.starts_with(prefix::INVITATION) && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_secret {
            return Err(LinkError::Malformed);
        }
        Ok(Self { url: url.parse()?, secret: secret.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_where_and_with_what_and_is_not_printed() {
        let link: Link = " https://patr.example.com/join#patr_i_abc\n".parse().unwrap();
        assert_eq!((link.url.as_str(), link.secret.as_str()), ("https://patr.example.com", "patr_i_abc"));
        assert!(!format!("{link:?}").contains("abc"));
        for bad in [
            "patr_i_abc",
            "https://a.example/join",
            "https://a.example/join#x",
            "http://a.example/join#patr_i_x",
        ] {
            assert!(bad.parse::<Link>().is_err(), "{bad}");
        }
    }
}
