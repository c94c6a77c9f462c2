//! `patr runner`.

mod add;
mod install;
mod list;
mod only;
mod remove;
mod rename;
mod rotate_token;
mod show;

pub(super) use only::given_or_only;

use patr_models::{
    runner::{Connection, Runner},
    wire::HostHealth,
};

use super::suggest;
use crate::{args::runner::Runner as Args, context::Context, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add { name, runtime, agent } => add::add(name, runtime.into(), &agent, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Rename { name, new_name } => rename::rename(name, new_name, ctx).await,
        Args::RotateToken { name, agent } => rotate_token::rotate_token(name, &agent, ctx).await,
        Args::Remove { name } => remove::remove(name, ctx).await,
    }
}

fn fields(runner: &Runner) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("name", runner.name.to_string()),
        ("id", runner.id.to_string()),
        ("runtime", runner.runtime.as_str().to_owned()),
        ("connection", connection(&runner.connection)),
        ("created", text::time(runner.created_at)),
    ];
    if let Connection::Online { agent, host, clock_skew_ms, .. } = &runner.connection {
        fields.push(("agent", agent.clone()));
        fields.push(("host", text::or_dash(host.as_ref())));
        fields.push(("clock", clock(*clock_skew_ms)));
    }
    if let Some(health) = &runner.health {
        fields.push(("disk", disk(health)));
        fields.push(("trouble", text::or_dash(health.trouble.as_ref())));
    }
    fields
}

fn disk(health: &HostHealth) -> String {
    match (health.disk_free, health.disk_total) {
        (Some(free), Some(total)) => format!("{} free of {}", text::bytes(free), text::bytes(total)),
        (Some(free), None) => format!("{} free", text::bytes(free)),
        (None, _) => "-".to_owned(),
    }
}

/// How far the machine's clock is off.
fn clock(skew_ms: i64) -> String {
    let side = if skew_ms < 0 { "behind" } else { "ahead" };
    format!("{} ms {side}", text::count(skew_ms.unsigned_abs()))
}

fn connection(connection: &Connection) -> String {
    match connection {
        Connection::Never => "never connected".to_owned(),
        Connection::Online { since, .. } => format!("online since {}", text::time(*since)),
        Connection::Offline { since } => format!("offline since {}", text::time(*since)),
    }
}
