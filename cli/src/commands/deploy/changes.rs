//! What the flags of `patr deploy` change in a specification.

use patr_models::deployment::{
    ImageRef, WorkloadSpec,
    spec::{EnvName, PortSpec, Probe},
};

use crate::{
    args::{
        deployment::Deploy,
        values::{self, EnvArg, Words},
    },
    failure::Failure,
};

/// The flags that were given, with their files read.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    image: ImageRef,
    ports: Vec<PortSpec>,
    env: Vec<(EnvName, String)>,
    cpu_millis: Option<u32>,
    memory_bytes: Option<u64>,
    command: Option<Words>,
    entrypoint: Option<Words>,
    startup_probe: Option<Probe>,
}

impl Changes {
    pub(super) fn new(args: &Deploy) -> Result<Self, Failure> {
        Ok(Self {
            image: args.image.clone(),
            ports: args.ports.clone(),
            env: environment(args)?,
            cpu_millis: args.cpu,
            memory_bytes: args.memory,
            command: args.command.clone(),
            entrypoint: args.entrypoint.clone(),
            startup_probe: args.startup_probe.clone(),
        })
    }

    /// The specification of a new deployment.
    pub(super) fn on_nothing(&self) -> Result<WorkloadSpec, Failure> {
        self.on(WorkloadSpec::of(self.image.clone()))
    }

    /// `spec` with everything that was given in place of what it had. What was not given stays.
    pub(super) fn on(&self, mut spec: WorkloadSpec) -> Result<WorkloadSpec, Failure> {
        spec.image = self.image.clone();
        if !self.ports.is_empty() {
            spec.ports.clone_from(&self.ports);
        }
        spec.env.extend(self.env.iter().cloned());
        spec.resources.cpu_millis = self.cpu_millis.or(spec.resources.cpu_millis);
        spec.resources.memory_bytes = self.memory_bytes.or(spec.resources.memory_bytes);
        if let Some(Words(words)) = &self.command {
            spec.command.clone_from(words);
        }
        if let Some(Words(words)) = &self.entrypoint {
            spec.entrypoint.clone_from(words);
        }
        spec.startup_probe = self.startup_probe.clone().or(spec.startup_probe);
        spec.check().map_err(|error| Failure::usage(error.to_string()))?;
        Ok(spec)
    }
}

/// Files first, in their order, then `--env`: the nearer to the command line, the stronger.
fn environment(args: &Deploy) -> Result<Vec<(EnvName, String)>, Failure> {
    let mut all = Vec::new();
    for file in &args.env_files {
        let wrong = |error: String| Failure::usage(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        all.extend(values::env_file(&text).map_err(wrong)?);
    }
    all.extend(args.env.iter().cloned());
    all.into_iter().map(resolve).collect()
}

fn resolve(arg: EnvArg) -> Result<(EnvName, String), Failure> {
    if let Some(value) = arg.value {
        return Ok((arg.name, value));
    }
    let value = std::env::var(arg.name.as_str()).map_err(|_| {
        Failure::usage(format!("`{}` has no value in this shell", arg.name))
            .hint(format!("set it, or give `--env {}=VALUE`", arg.name))
    })?;
    Ok((arg.name, value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn changes(flags: &[&str]) -> Changes {
        let line = ["patr", "deploy", "nginx:2", "--name", "web"].iter().chain(flags);
        match Cli::try_parse_from(line).unwrap().command {
            Command::Deploy(args) => Changes::new(&args).unwrap(),
            other => panic!("not a deploy: {other:?}"),
        }
    }

    fn before() -> WorkloadSpec {
        let flags = ["--port", "80", "--env", "A=1", "--env", "B=2", "--cpu", "1", "--command", "x y"];
        changes(&flags).on_nothing().unwrap()
    }

    #[test]
    fn what_is_not_given_stays() {
        assert_eq!(changes(&[]).on(before()), Ok(before()));
    }

    #[test]
    fn variables_are_added_and_ports_replaced() {
        let after = changes(&["--env", "B=3", "--env", "C=4", "--port", "81/tcp"]).on(before()).unwrap();
        let env = after.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        assert_eq!(env, ["A=1", "B=3", "C=4"]);
        assert_eq!(after.ports, [values::port("81/tcp").unwrap()]);
        assert_eq!(after.command, ["x", "y"]);
    }

    #[test]
    fn an_empty_command_gives_the_image_its_own_back() {
        assert!(changes(&["--command", ""]).on(before()).unwrap().command.is_empty());
    }

    #[test]
    fn a_flag_wins_over_a_file_and_a_later_file_over_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (one, two) = (file("one", "A=1\nB=1\nC=1"), file("two", "B=2\nC=2"));
        let all = changes(&["--env", "C=3", "--env-file", &one, "--env-file", &two]).on_nothing().unwrap();
        assert_eq!(all.env.values().collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    #[test]
    fn a_probe_of_an_undeclared_port_is_refused_here() {
        let wrong = changes(&["--startup-probe", "81/x"]).on(before()).unwrap_err();
        assert_eq!(wrong.exit, crate::exit_code::Exit::Usage);
        assert!(wrong.message.contains("81 is not among the declared ports"), "{}", wrong.message);
    }
}
