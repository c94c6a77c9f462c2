//! What the flags of `patr deploy` change in a specification.

use std::collections::BTreeMap;

use patr_models::deployment::{
    WorkloadSpec,
    spec::{EnvName, FileSpec, Probe, ReplicaPath},
};

use super::read;
use crate::{
    args::{
        deploy::{Content, Deploy, Health, Liveness, Process, Readiness, Setting},
        spec::MountRef,
        values::Words,
    },
    failure::Failure,
};

/// The flags that were given, with their files read.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    args: &'a Deploy,
    env: Vec<(EnvName, String)>,
    files: Vec<(ReplicaPath, FileSpec)>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(args: &'a Deploy) -> Result<Self, Failure> {
        Ok(Self { args, env: read::environment(&args.content)?, files: read::files(&args.content)? })
    }

    /// The specification of a new deployment.
    pub(super) fn on_nothing(&self) -> Result<WorkloadSpec, Failure> {
        self.on(WorkloadSpec::of(self.args.image.clone()))
    }

    /// `spec` with everything that was given in place of what it had. What was not given stays.
    pub(super) fn on(&self, mut spec: WorkloadSpec) -> Result<WorkloadSpec, Failure> {
        spec.image = self.args.image.clone();
        take_away(&self.args.content, &self.args.process, &mut spec);
        self.args.unset.iter().for_each(|setting| reset(*setting, &mut spec));
        self.put(&mut spec);
        self.set(&mut spec);
        self.probe(&mut spec)?;
        spec.check().map_err(|error| Failure::usage(error.to_string()))?;
        Ok(spec)
    }

    /// Entries, beside those that there are.
    fn put(&self, spec: &mut WorkloadSpec) {
        let Content { secrets, secret_files, volumes, .. } = &self.args.content;
        for (name, value) in &self.env {
            spec.secrets.remove(name);
            spec.env.insert(name.clone(), value.clone());
        }
        for arg in secrets {
            // A variable may become a secret. One that is given as both is for the check to refuse.
            if !self.env.iter().any(|(name, _)| *name == arg.name) {
                spec.env.remove(&arg.name);
            }
            spec.secrets.insert(arg.name.clone(), arg.used.clone());
        }
        spec.files.extend(self.files.iter().cloned());
        spec.files.extend(secret_files.iter().map(|arg| (arg.path.clone(), read::secret_file(arg))));
        spec.volumes.extend(volumes.iter().map(|arg| (arg.path.clone(), arg.mount.clone())));
        let Process { labels, hosts, .. } = &self.args.process;
        spec.labels.extend(labels.iter().map(|arg| (arg.name.clone(), arg.value.clone())));
        spec.hosts.extend(hosts.iter().map(|arg| (arg.name.clone(), arg.address)));
    }

    /// Settings, and the list that is one.
    fn set(&self, spec: &mut WorkloadSpec) {
        let Deploy { ports, process, size, rollout, .. } = self.args;
        if !ports.is_empty() {
            spec.ports.clone_from(ports);
        }
        let words = |to: &mut Vec<String>, given: &Option<Words>| {
            given.iter().for_each(|Words(words)| to.clone_from(words));
        };
        words(&mut spec.command, &process.command);
        words(&mut spec.entrypoint, &process.entrypoint);
        replace(&mut spec.user, process.user.as_ref());
        replace(&mut spec.working_dir, process.workdir.as_ref());
        replace(&mut spec.platform, process.platform.as_ref());
        replace(&mut spec.resources.cpu_millis, size.cpu.as_ref());
        replace(&mut spec.resources.memory_bytes, size.memory.as_ref());
        replace(&mut spec.strategy, rollout.strategy.map(Into::into).as_ref());
        replace(&mut spec.start_deadline_s, rollout.start_deadline.as_ref());
        replace(&mut spec.drain_s, rollout.drain.as_ref());
        replace(&mut spec.stop_signal, rollout.stop_signal.as_ref());
        replace(&mut spec.stop_grace_s, rollout.stop_grace.as_ref());
    }

    fn probe(&self, spec: &mut WorkloadSpec) -> Result<(), Failure> {
        let Health { startup_probe, startup_probe_timeout, readiness_probe, liveness_probe, .. } =
            &self.args.health;
        let Readiness { readiness_period, readiness_timeout, readiness_threshold } =
            self.args.health.readiness;
        let Liveness { liveness_period, liveness_timeout, liveness_threshold } = self.args.health.liveness;
        // It is asked in quick succession until its deadline, so it has no other timing.
        let timing = [None, *startup_probe_timeout, None];
        ask("startup", &mut spec.startup_probe, startup_probe.as_ref(), timing)?;
        let timing = [readiness_period, readiness_timeout, readiness_threshold];
        ask("readiness", &mut spec.readiness_probe, readiness_probe.as_ref(), timing)?;
        let timing = [liveness_period, liveness_timeout, liveness_threshold];
        ask("liveness", &mut spec.liveness_probe, liveness_probe.as_ref(), timing)
    }
}

/// When a probe asks, as far as it was given: period and timeout in seconds, and how many failures count.
type Timing = [Option<u32>; 3];

/// What a probe asks, and when, are settings of their own: either may change and the other stay.
fn ask(name: &str, to: &mut Option<Probe>, given: Option<&Probe>, timing: Timing) -> Result<(), Failure> {
    if let Some(given) = given {
        let Probe { period_s, timeout_s, failures, .. } = to.take().unwrap_or_default();
        *to = Some(Probe { period_s, timeout_s, failures, ..given.clone() });
    }
    let [period, timeout, failures] = timing;
    match to {
        Some(probe) => {
            replace(&mut probe.period_s, period.as_ref());
            replace(&mut probe.timeout_s, timeout.as_ref());
            replace(&mut probe.failures, failures.as_ref());
            Ok(())
        }
        None if timing == Timing::default() => Ok(()),
        None => {
            Err(Failure::usage(format!("there is no {name} probe to be timed: give `--{name}-probe` too")))
        }
    }
}

fn replace<T: Clone>(to: &mut Option<T>, given: Option<&T>) {
    if given.is_some() {
        *to = given.cloned();
    }
}

/// Single entries. One that is not there is as good as taken away.
fn take_away(content: &Content, process: &Process, spec: &mut WorkloadSpec) {
    without(&mut spec.env, &content.unset_env);
    without(&mut spec.secrets, &content.unset_secret);
    without(&mut spec.files, &content.unset_file);
    without(&mut spec.labels, &process.unset_label);
    without(&mut spec.hosts, &process.unset_host);
    for unset in &content.unset_volume {
        spec.volumes.retain(|path, mount| match unset {
            MountRef::Volume(name) => mount.volume != *name,
            MountRef::Path(unset) => path != unset,
        });
    }
}

fn without<K: Ord, V>(entries: &mut BTreeMap<K, V>, unset: &[K]) {
    entries.retain(|key, _| !unset.contains(key));
}

fn reset(setting: Setting, spec: &mut WorkloadSpec) {
    match setting {
        Setting::Ports => spec.ports.clear(),
        Setting::Command => spec.command.clear(),
        Setting::Entrypoint => spec.entrypoint.clear(),
        Setting::User => spec.user = None,
        Setting::Workdir => spec.working_dir = None,
        Setting::Platform => spec.platform = None,
        Setting::Cpu => spec.resources.cpu_millis = None,
        Setting::Memory => spec.resources.memory_bytes = None,
        Setting::StartupProbe => spec.startup_probe = None,
        Setting::ReadinessProbe => spec.readiness_probe = None,
        Setting::LivenessProbe => spec.liveness_probe = None,
        Setting::Strategy => spec.strategy = None,
        Setting::StartDeadline => spec.start_deadline_s = None,
        Setting::Drain => spec.drain_s = None,
        Setting::StopSignal => spec.stop_signal = None,
        Setting::StopGrace => spec.stop_grace_s = None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{Parser, ValueEnum};
    use patr_models::deployment::spec::FileContent;

    use super::*;
    use crate::args::{Cli, Command, values};

    fn parse(flags: &str) -> Box<Deploy> {
        let line = shlex::split(&format!("patr deploy nginx:2 --name web {flags}")).unwrap();
        match Cli::try_parse_from(line).unwrap().command {
            Command::Deploy(args) => args,
            other => panic!("not a deploy: {other:?}"),
        }
    }

    fn made(flags: &str) -> WorkloadSpec {
        Changes::new(&parse(flags)).unwrap().on_nothing().unwrap()
    }

    fn changed(spec: WorkloadSpec, flags: &str) -> Result<WorkloadSpec, Failure> {
        Changes::new(&parse(flags)).unwrap().on(spec)
    }

    fn before() -> WorkloadSpec {
        made("--port 80 --env A=1 --env B=2 --cpu 1 --command 'x y'")
    }

    fn nothing() -> WorkloadSpec {
        WorkloadSpec::of("nginx:2".parse().unwrap())
    }

    /// Sets everything that has a default.
    const SETTINGS: &str = "--port 80 --command x --entrypoint y --user app --workdir /srv --platform linux/arm64 \
        --cpu 1 --memory 64Mi --startup-probe 80 --readiness-probe 80/r --liveness-probe exec:true \
        --strategy blue-green --start-deadline 2m --drain 0s --stop-signal SIGQUIT --stop-grace 1m";

    fn file(folder: &Path, name: &str, text: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_not_given_stays() {
        assert_eq!(changed(before(), ""), Ok(before()));
    }

    #[test]
    fn variables_are_added_and_ports_replaced() {
        let after = changed(before(), "--env B=3 --env C=4 --port 81/tcp").unwrap();
        let env = after.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        assert_eq!(env, ["A=1", "B=3", "C=4"]);
        assert_eq!(after.ports, [values::port("81/tcp").unwrap()]);
        assert_eq!(after.command, ["x", "y"]);
    }

    #[test]
    fn an_empty_command_gives_the_image_its_own_back() {
        assert!(changed(before(), "--command ''").unwrap().command.is_empty());
    }

    #[test]
    fn a_flag_wins_over_a_file_and_a_later_file_over_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let one = file(folder.path(), "one", "A=1\nB=1\nC=1");
        let two = file(folder.path(), "two", "B=2\nC=2");
        let all = made(&format!("--env C=3 --env-file {one} --env-file {two}"));
        assert_eq!(all.env.values().collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    #[test]
    fn a_probe_of_an_undeclared_port_is_refused_here() {
        let wrong = changed(before(), "--startup-probe 81/x").unwrap_err();
        assert_eq!(wrong.exit, crate::exit_code::Exit::Usage);
        assert!(wrong.message.contains("81 is not among the declared ports"), "{}", wrong.message);
    }

    #[test]
    fn what_a_probe_asks_and_when_change_one_without_the_other() {
        let timed = made(
            "--port 80 --liveness-probe 80/a --liveness-probe-period 7s --liveness-probe-timeout 2s \
             --liveness-probe-failure-threshold 9",
        );
        let probe = |spec: &WorkloadSpec| spec.liveness_probe.clone().unwrap();
        let expected =
            Probe { period_s: Some(7), timeout_s: Some(2), failures: Some(9), ..Probe::http(80, "/a") };
        assert_eq!(probe(&timed), expected);
        let elsewhere = changed(timed.clone(), "--liveness-probe 80/b").unwrap();
        assert_eq!(probe(&elsewhere), Probe { path: Some("/b".to_owned()), ..expected.clone() });
        let slower = changed(timed.clone(), "--liveness-probe-period 8s").unwrap();
        assert_eq!(probe(&slower), Probe { period_s: Some(8), ..expected });
        let anew = changed(timed, "--unset liveness-probe --liveness-probe 80/a").unwrap();
        assert_eq!(probe(&anew), Probe::http(80, "/a"));
    }

    #[test]
    fn a_probe_that_is_not_there_is_not_timed_and_its_time_has_bounds() {
        let refused = |flags| changed(before(), flags).unwrap_err().message;
        let words = refused("--readiness-probe-period 1s");
        assert_eq!(words, "there is no readiness probe to be timed: give `--readiness-probe` too");
        let words = refused("--startup-probe 80 --startup-probe-timeout 400s");
        assert_eq!(words, "spec.startup_probe.timeout_s: use 1 to 300 seconds");
        let words = refused("--liveness-probe 80 --liveness-probe-failure-threshold 0");
        assert_eq!(words, "spec.liveness_probe.failures: use 1 to 100");
    }

    #[test]
    fn every_setting_has_a_flag_and_gets_its_default_back() {
        let all = made(SETTINGS);
        let names = Setting::value_variants().iter().map(|setting| setting.to_possible_value().unwrap());
        let names = names.map(|name| name.get_name().to_owned()).collect::<Vec<_>>();
        for name in &names {
            let without = changed(all.clone(), &format!("--unset {name}"));
            // Without ports there is nothing for probes to ask.
            let refused = name == "ports" && without.is_err();
            assert!(refused || without.unwrap() != all, "{name}");
        }
        assert_eq!(changed(all, &format!("--unset {}", names.join(" --unset "))), Ok(nothing()));
    }

    #[test]
    fn every_entry_is_added_to_and_taken_away_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let local = file(folder.path(), "app.conf", "x");
        let all = made(&format!(
            "--env E=1 --secret S=key@2 --file /f={local} --secret-file /s=key --volume v:/v --label l=1 \
             --host h=10.0.0.1"
        ));
        let taken = changed(
            all.clone(),
            "--unset-env E --unset-secret S --unset-file /f --unset-file /s --unset-volume v --unset-label l \
             --unset-host h --unset-env NEVER",
        );
        assert_eq!(taken, Ok(nothing()));
        let added = changed(all, "--env E2=1 --secret S2=key@2 --volume v2:/v2:ro").unwrap();
        assert_eq!((added.env.len(), added.secrets.len(), added.volumes.len()), (2, 2, 2));
    }

    #[test]
    fn a_volume_is_taken_away_by_its_folder_as_well() {
        let both = made("--volume data:/a --volume data:/b");
        assert_eq!(changed(both.clone(), "--unset-volume /a").unwrap().volumes.len(), 1);
        assert!(changed(both, "--unset-volume data").unwrap().volumes.is_empty());
    }

    #[test]
    fn a_variable_becomes_a_secret_and_back_but_is_not_both() {
        let secret = changed(before(), "--secret A=key").unwrap();
        assert_eq!((secret.env.len(), secret.secrets.len()), (1, 1));
        let back = changed(secret, "--env A=1").unwrap();
        assert_eq!((back.env.len(), back.secrets.len()), (2, 0));
        assert!(changed(before(), "--env A=2 --secret A=key").is_err());
    }

    #[test]
    fn an_entry_that_is_taken_away_and_given_is_given() {
        let after = changed(before(), "--unset-env A --env A=2 --unset ports --port 81");
        let after = after.unwrap();
        assert_eq!((after.env.len(), after.ports[0].port), (2, 81));
    }

    #[test]
    fn a_file_keeps_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bytes");
        std::fs::write(&path, [0xff, 0]).unwrap();
        let spec = made(&format!("--file /bytes={}", path.display()));
        let file = spec.files.values().next().unwrap();
        assert_eq!(file.content, FileContent::Base64("/wA=".to_owned()));
        assert_eq!(file.bytes(), Some(Some(vec![0xff, 0])));
    }
}
