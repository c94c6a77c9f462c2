//! `patr deployment`.

mod delete;
mod list;
mod releases;
mod restart;
mod rollback;
mod scale;
mod show;
mod start;
mod stop;

use patr_models::deployment::{
    Deployment, Power, WorkloadSpec,
    spec::{Ask, PortProtocol, Probe},
};

use super::suggest;
use crate::{args::deployment::Deployment as Args, context::Context, failure::Outcome, status, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Start { name, wait } => start::start(name, &wait, ctx).await,
        Args::Stop { name } => stop::stop(name, ctx).await,
        Args::Restart { name, wait } => restart::restart(name, &wait, ctx).await,
        Args::Scale { name, replicas, wait } => scale::scale(name, replicas, &wait, ctx).await,
        Args::Rollback { name, release, wait } => rollback::rollback(name, release, &wait, ctx).await,
        Args::Releases { name, page } => releases::releases(name, &page, ctx).await,
        Args::Delete { name } => delete::delete(name, ctx).await,
    }
}

fn fields(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let power = match deployment.power {
        Power::Running => "running",
        Power::Stopped => "stopped",
    };
    let mut fields = vec![
        ("name", deployment.name.to_string()),
        ("id", deployment.id.to_string()),
        ("status", status::words(&deployment.status)),
        ("url", text::or_dash(deployment.url.as_ref())),
        ("runner", deployment.runner_name.to_string()),
        ("release", deployment.release.to_string()),
        ("should be", format!("{power}, {}", text::counted(deployment.replicas as usize, "replica"))),
        ("digest", text::or_dash(deployment.digest.as_ref())),
        ("updated", text::time(deployment.updated_at)),
    ];
    fields.extend(spec_fields(&deployment.spec));
    fields
}

fn spec_fields(spec: &WorkloadSpec) -> Vec<(&'static str, String)> {
    let mut fields = vec![("image", spec.image.to_string()), ("ports", ports(spec))];
    let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    let words = |words: &Vec<String>| (!words.is_empty()).then(|| format!("{words:?}"));
    add("entry point", words(&spec.entrypoint));
    add("command", words(&spec.command));
    let names = spec.env.keys().map(|name| name.as_str()).collect::<Vec<_>>().join(" ");
    add("environment", (!names.is_empty()).then_some(names));
    add("cores", spec.resources.cpu_millis.map(cores));
    add("memory", spec.resources.memory_bytes.map(text::bytes));
    let probe = spec.startup_probe.as_ref();
    add("startup probe", probe.map(probe_words));
    fields
}

/// Thousandths as a person writes them, such as `0.5`.
fn cores(millis: u32) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn ports(spec: &WorkloadSpec) -> String {
    let port = |protocol: PortProtocol| match protocol {
        PortProtocol::Http => "http",
        PortProtocol::Tcp => "tcp",
        PortProtocol::Udp => "udp",
    };
    let ports = spec.ports.iter().map(|spec| format!("{}/{}", spec.port, port(spec.protocol)));
    let all = ports.collect::<Vec<_>>().join(" ");
    if all.is_empty() { "-".to_owned() } else { all }
}

fn probe_words(probe: &Probe) -> String {
    match probe.ask() {
        Some(Ask::Http { port, path }) => format!("{port}{path}"),
        Some(Ask::Tcp { port }) => port.to_string(),
        Some(Ask::Exec { command }) => command.join(" "),
        None => String::new(),
    }
}
