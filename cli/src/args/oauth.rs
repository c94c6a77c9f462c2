//! `patr oauth`.

use clap::Subcommand;
use patr_models::{
    ids::{AuthorizationId, ClientId, Ref},
    name::Name,
    oauth::RedirectUri,
};

use super::ListArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Oauth {
    /// Programs that you make, which ask people to let them act
    #[command(subcommand, disable_help_subcommand = true)]
    Client(Client),
    /// List the programs that you have let act for you
    Authorizations(ListArgs),
    /// Let a program do nothing more for you, at once
    #[command(after_help = "\
Example:
  patr oauth revoke authz_01jd3q8c5e0000000000000000

`patr oauth authorizations` shows the ids. The program's tokens are refused from now on.")]
    Revoke {
        /// Its id, as `patr oauth authorizations` shows it
        id: AuthorizationId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// Register a program
    #[command(after_help = "\
Examples:
  patr oauth client create dashboard --redirect-uri https://dash.example.com/callback --confidential
  patr oauth client create tool --redirect-uri http://127.0.0.1/callback

People are sent to `/oauth/authorize` and come back to the address, which has to be written exactly as \
here; of 127.0.0.1 and [::1] the port may be any. A confidential program gets a secret, which is shown \
once; every program uses PKCE. The installation describes itself to libraries at \
`/.well-known/oauth-authorization-server`.")]
    Create {
        /// What people are shown, unique among your programs
        name: Name,
        /// Where people come back to; may be given several times
        #[arg(long, value_name = "URI", required = true)]
        redirect_uri: Vec<RedirectUri>,
        /// It runs where it can keep a secret: on a server, not on people's machines or in their browsers
        #[arg(long)]
        confidential: bool,
    },
    /// List the programs that you registered
    List(ListArgs),
    /// Delete a program; what people have let it do ends at once
    Delete {
        /// Name or id
        name: Ref<ClientId>,
    },
}
