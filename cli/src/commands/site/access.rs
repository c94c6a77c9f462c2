//! `patr site access`.

use patr_models::site::set_access::{self, SetSiteAccess};

use crate::{
    args::site::{Access as Args, Who},
    client::with_body,
    commands::access::prompt,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// Say who may see a site.
pub(super) async fn access(args: Args, ctx: &Context) -> Outcome {
    let Args { name, who, password_stdin } = args;
    if password_stdin && who != Who::Password {
        return Err(Failure::usage("only a site with a password takes `--password-stdin`").into());
    }
    let body = match who {
        Who::Public => set_access::Body::Public {},
        Who::Members => set_access::Body::Members {},
        Who::Password => {
            let text = prompt::password(password_stdin, prompt::Purpose::New)?;
            let password = text.parse().map_err(|error| Failure::usage(format!("{error}")))?;
            set_access::Body::Password { password }
        }
    };
    let path = set_access::Path { workspace: ctx.workspace()?, site: name };
    let site = ctx.client.call(with_body::<SetSiteAccess, _>(path, body)).await?.body.0;
    ctx.printer.note(&match who {
        Who::Public => format!("everybody may see `{}`", site.name),
        Who::Password => format!("`{}` asks for the password, also whoever it has let in before", site.name),
        Who::Members => format!("members of the workspace may see `{}`", site.name),
    });
    ctx.printer.answer(&site, Some(&site.url))?;
    Ok(Exit::Ok)
}
