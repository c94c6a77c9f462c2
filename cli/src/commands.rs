//! Every command: one function each, in the file of its noun and verb.

mod access;
mod account;
mod audit;
mod completions;
mod confirm;
mod deploy;
mod deployment;
mod exec;
mod federation;
mod help;
mod join;
mod logs;
mod member;
mod oauth;
mod port_forward;
mod proof;
mod role;
mod runner;
mod secret;
mod site;
mod suggest;
mod token;
mod url;
mod volume;
mod workspace;

use crate::{
    args::{self, Cli, Command},
    context::Context,
    failure::Outcome,
    printer::Printer,
};

/// Carries out a command line.
pub(crate) async fn run(cli: Cli, printer: Printer) -> Outcome {
    // These work before any installation is known.
    match &cli.command {
        Command::Site(args::site::Site::Deploy(args)) if args.check => return site::check(args, &printer),
        Command::Audit(args::audit::Audit::Verify(args)) => return audit::verify(args, &printer),
        Command::Completions(args) => return completions::completions(args.shell, &printer),
        Command::Help(args) => return help::help(&args.words, &printer),
        _ => {}
    }
    let global = match &cli.command {
        Command::Join(args) => join::at_its_installation(args, cli.global)?,
        _ => cli.global,
    };
    let ctx = Context::new(global, printer)?;
    match cli.command {
        Command::Login(args) => access::login(args, &ctx).await,
        Command::SignUp(args) => access::sign_up(args, &ctx).await,
        Command::Logout => access::logout(&ctx).await,
        Command::Whoami => access::whoami(&ctx).await,
        Command::Account(args) => account::run(args, &ctx).await,
        Command::Workspace(args) => workspace::run(args, &ctx).await,
        Command::Member(args) => member::run(args, &ctx).await,
        Command::Role(args) => role::run(args, &ctx).await,
        Command::Join(args) => join::join(args, &ctx).await,
        Command::Token(args) => token::run(args, &ctx).await,
        Command::Federation(args) => federation::run(args, &ctx).await,
        Command::Oauth(args) => oauth::run(args, &ctx).await,
        Command::Runner(args) => runner::run(args, &ctx).await,
        Command::Deploy(args) => deploy::deploy(&args, &ctx).await,
        Command::Deployment(args) => deployment::run(args, &ctx).await,
        Command::Logs(args) => logs::logs(args, &ctx).await,
        Command::Exec(args) => exec::exec(args, &ctx).await,
        Command::PortForward(args) => port_forward::port_forward(args, &ctx).await,
        Command::Secret(args) => secret::run(args, &ctx).await,
        Command::Volume(args) => volume::run(args, &ctx).await,
        Command::Site(args) => site::run(args, &ctx).await,
        Command::Url(args) => url::run(args, &ctx).await,
        Command::Audit(args) => audit::run(args, &ctx).await,
        Command::Completions(args) => completions::completions(args.shell, &ctx.printer),
        Command::Help(args) => help::help(&args.words, &ctx.printer),
    }
}
