//! `patr account`.

use clap::Subcommand;
use patr_models::{
    ids::{PasskeyId, SessionId},
    name::Email,
    user::PersonName,
};

use super::PageArgs;

const PROOF: &str = "\
Asks for your password or a code first, if this login has not shown for ten minutes who it is.";

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Show your account and what it is protected by
    Show,
    /// Choose what others see beside your address
    #[command(after_help = "\
Example:
  patr account set-name \"Ada Lovelace\"")]
    SetName {
        /// The name; empty for none
        name: PersonName,
    },
    /// Change your address; a link that is sent to the new one proves it first
    #[command(after_help = PROOF)]
    SetEmail {
        /// The address from now on
        email: Email,
    },
    /// Have a link sent that proves your address
    VerifyEmail,
    /// Choose another password; your other logins end
    #[command(after_help = "\
Examples:
  patr account set-password                           asks for it, twice
  patr account set-password --password-stdin < new.txt

Asks for your password or a code first, if this login has not shown for ten minutes who it is.")]
    SetPassword {
        /// Read the new password from stdin instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// An authenticator app, which is asked for a code at every login
    #[command(subcommand, disable_help_subcommand = true)]
    Totp(Totp),
    /// Make ten new recovery codes in place of the old ones
    #[command(after_help = "\
Example:
  patr account recovery-codes > codes.txt

Each lets you in once, when the authenticator app or the passkeys are lost. They are not shown again.")]
    RecoveryCodes,
    /// Passkeys; a browser adds them, at `/account` of the installation
    #[command(subcommand, disable_help_subcommand = true)]
    Passkey(Passkey),
    /// Logins that are good, in browsers and here
    #[command(subcommand, disable_help_subcommand = true)]
    Sessions(Sessions),
    /// Delete your account
    #[command(after_help = "\
Ends your logins and tokens and takes you out of every workspace. Nothing brings the account back. The only \
owner of a workspace has to delete it, or make somebody else an owner, first.")]
    Delete {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Totp {
    /// Begin to use an authenticator app: shows the key, then asks for a first code
    #[command(after_help = "\
Example:
  patr account totp enable

The page `/account` of the installation shows the key as a QR code. With the first second factor come ten \
recovery codes.")]
    Enable,
    /// Ask no authenticator app any more
    Disable,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Passkey {
    /// List your passkeys
    List,
    /// Remove a passkey
    Remove {
        /// Its id
        id: PasskeyId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sessions {
    /// List your logins
    List(PageArgs),
    /// End a login, or all others
    #[command(after_help = "\
Examples:
  patr account sessions end ses_01jd3q…
  patr account sessions end --others")]
    End {
        /// Its id
        #[arg(required_unless_present = "others", conflicts_with = "others")]
        id: Option<SessionId>,
        /// End all but the one that is used here
        #[arg(long)]
        others: bool,
    },
}
