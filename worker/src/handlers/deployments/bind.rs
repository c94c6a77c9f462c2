//! What a specification means here and now: which version of a secret, and which volume. A release says both, so that
//! going back to it brings both back.

use std::collections::{BTreeMap, BTreeSet};

use patr_models::{
    auth::Permission,
    deployment::{
        Autoscale, ReleaseNumber, Strategy, WorkloadSpec,
        create::{self, CreateDeployment},
        spec::{Mount, SecretUse, SpecError},
        update::{self, UpdateDeployment},
    },
    ids::{DeploymentId, RunnerId, VolumeId, WorkspaceId},
    limits::SECRETS_BYTES_MAX,
    name::Name,
    secret::SecretVersion,
};

use crate::{
    answer::{Failure, Refused},
    auth::Member,
    ctx::Ctx,
    db::{
        Statement,
        placements::Wanted,
        secrets::{self, Found, SecretId},
        volumes::{self, Row},
    },
};

/// Why a specification cannot be run.
pub(super) enum Unfit {
    Invalid(SpecError),
    /// As the use is called in a sentence.
    NoSecret(String),
    VolumeElsewhere {
        volume: Name,
        runner: Name,
    },
    Refused(Refused),
}

impl<R: Into<Refused>> From<R> for Unfit {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

macro_rules! unfit {
    ($($module:ident of $endpoint:ident),*) => {$(
        impl From<Unfit> for Failure<$endpoint> {
            fn from(unfit: Unfit) -> Self {
                Self::Api(match unfit {
                    Unfit::Invalid(SpecError { field, problem }) => {
                        $module::Error::SpecInvalid { field, problem }
                    }
                    Unfit::NoSecret(secret) => $module::Error::SecretNotFound { secret },
                    Unfit::VolumeElsewhere { volume, runner } => {
                        $module::Error::VolumeElsewhere { volume, runner: runner.to_string() }
                    }
                    Unfit::Refused(refused) => return refused.into(),
                })
            }
        }
    )*};
}
unfit!(create of CreateDeployment, update of UpdateDeployment);

/// A specification that leaves nothing open.
pub(super) struct Bound {
    pub(super) spec: WorkloadSpec,
    secrets: BTreeSet<(SecretId, SecretVersion)>,
    volumes: BTreeSet<VolumeId>,
    /// Volumes that are made with the release.
    new: Vec<volumes::New>,
}

impl Bound {
    /// What belongs to a release of it besides the release's own row, which comes first.
    pub(super) fn statements(&self, deployment: DeploymentId, number: ReleaseNumber) -> Vec<Statement> {
        let mut statements: Vec<_> = self.new.iter().map(volumes::insert).collect();
        if !self.secrets.is_empty() {
            statements.push(secrets::name(deployment, number, &self.secrets));
            statements.push(secrets::all_there(deployment, number));
        }
        if !self.volumes.is_empty() {
            statements.push(volumes::mount(deployment, number, &self.volumes));
            statements.push(volumes::all_there(deployment, number));
        }
        statements
    }
}

/// Where a deployment is to be, and who wants it there.
#[derive(Clone, Copy)]
pub(super) struct Home<'a> {
    pub(super) caller: &'a Member,
    pub(super) runners: &'a [Wanted],
}

impl Home<'_> {
    /// The runner of its volumes: what is written on one is not on another.
    fn of_volumes(self, spec: &WorkloadSpec) -> Result<Option<RunnerId>, Unfit> {
        let Some(mount) = spec.volumes.values().next() else { return Ok(None) };
        match self.runners {
            [one] => Ok(Some(one.runner)),
            _ => Err(Unfit::Invalid(one_runner(&mount.volume))),
        }
    }
}

/// Why a deployment that mounts a volume cannot be on several runners.
pub(super) fn one_runner(volume: &Name) -> SpecError {
    let problem = format!("with a volume such as `{volume}` a deployment is on one runner only");
    SpecError { field: "runners".to_owned(), problem }
}

/// Looks up what a specification names, and fills in what it leaves open. What the caller may not see is not there.
pub(super) async fn bind(ctx: &Ctx, home: Home<'_>, mut spec: WorkloadSpec) -> Result<Bound, Unfit> {
    spec.check().map_err(Unfit::Invalid)?;
    let (caller, workspace) = (home.caller, home.caller.workspace);
    let mut found = look_up(ctx, workspace, &spec).await?;
    found.retain(|found| caller.may(Permission::SecretView, &found.name));
    let secrets = pin(&mut spec, &found)?;
    let names: BTreeSet<_> = spec.volumes.values().map(|mount| &mount.volume).collect();
    let rows: Vec<Row> =
        if names.is_empty() { Vec::new() } else { ctx.db.fetch(volumes::named(workspace, &names)).await? };
    for row in &rows {
        caller.require_on(Permission::VolumeView, &row.id, row.name.as_str())?;
    }
    let mut new = BTreeMap::new();
    if let Some(runner) = home.of_volumes(&spec)? {
        for name in names.into_iter().filter(|name| !rows.iter().any(|row| row.name == **name)) {
            caller.require(Permission::VolumeCreate)?;
            let (id, name, now) = (ctx.id()?, name.clone(), ctx.now);
            new.insert(
                name.clone(),
                volumes::New { id, workspace, runner, name, shared: false, copying: false, now },
            );
        }
        place(&mut spec, runner, &rows, &new)?;
    }
    let volumes = spec.volumes.values().filter_map(|mount| mount.id).collect();
    Ok(Bound { spec, secrets, volumes, new: new.into_values().collect() })
}

/// What the uses of secrets in a specification mean.
pub(super) async fn look_up(
    ctx: &Ctx,
    workspace: WorkspaceId,
    spec: &WorkloadSpec,
) -> Result<Vec<Found>, Refused> {
    let uses: Vec<&SecretUse> = spec.secrets_used().collect();
    Ok(if uses.is_empty() { Vec::new() } else { ctx.db.fetch(secrets::resolve(workspace, &uses)).await? })
}

/// A use of a secret in a sentence.
pub(super) fn in_words(used: &SecretUse) -> String {
    match used.version {
        Some(version) => format!("version {version} of the secret `{}`", used.secret),
        None => format!("secret `{}`", used.secret),
    }
}

/// Gives every use of a secret its version.
fn pin(spec: &mut WorkloadSpec, found: &[Found]) -> Result<BTreeSet<(SecretId, SecretVersion)>, Unfit> {
    let mut sizes = BTreeMap::new();
    for used in spec.secrets_used_mut() {
        let Some(found) = found.iter().find(|found| found.answers(used)) else {
            return Err(Unfit::NoSecret(in_words(used)));
        };
        used.version = Some(found.version);
        sizes.insert((found.secret_id, found.version), found.bytes);
    }
    let bytes: usize = sizes.values().sum();
    if bytes > SECRETS_BYTES_MAX {
        let problem = format!("{bytes} bytes of secrets are over the limit of {SECRETS_BYTES_MAX}");
        return Err(Unfit::Invalid(SpecError { field: "spec.secrets".to_owned(), problem }));
    }
    Ok(sizes.into_keys().collect())
}

/// Gives every mount its volume: one that is on the runner, or one that is made there.
fn place(
    spec: &mut WorkloadSpec,
    runner: RunnerId,
    rows: &[Row],
    new: &BTreeMap<Name, volumes::New>,
) -> Result<(), Unfit> {
    for (path, mount) in &mut spec.volumes {
        let Some(row) = rows.iter().find(|row| row.name == mount.volume) else {
            (mount.id, mount.shared) = (new.get(&mount.volume).map(|new| new.id), false);
            continue;
        };
        if row.runner_id != runner {
            let (volume, runner) = (row.name.clone(), row.runner_name.clone());
            return Err(Unfit::VolumeElsewhere { volume, runner });
        }
        if row.copying {
            let problem = format!("what is to be in the volume `{}` is still being copied", row.name);
            return Err(Unfit::Invalid(SpecError { field: format!("spec.volumes[{path}]"), problem }));
        }
        (mount.id, mount.shared) = (Some(row.id), row.shared);
    }
    Ok(())
}

/// Refuses more than one writer of a volume that allows only one, at whatever scale and at whatever moment of a rollout.
pub(super) fn check_writers(
    spec: &WorkloadSpec,
    replicas: u32,
    autoscale: Option<Autoscale>,
) -> Result<(), SpecError> {
    let Some(exclusive) = spec.volumes.values().find(|mount| Mount::is_exclusive(mount)) else {
        return Ok(());
    };
    let refuse = |field: &str, problem: String| Err(SpecError { field: field.to_owned(), problem });
    let name = &exclusive.volume;
    let most = autoscale.map_or(replicas, |autoscale| autoscale.max.max(replicas));
    if most > 1 {
        let what = "use 1, mount it read-only, or make a volume that is shared";
        return refuse("replicas", format!("the volume `{name}` allows one writer at a time: {what}"));
    }
    match spec.strategy {
        None | Some(Strategy::Recreate) => Ok(()),
        Some(Strategy::Rolling | Strategy::BlueGreen) => {
            let problem = format!("the volume `{name}` allows one writer at a time: use `recreate`");
            refuse("spec.strategy", problem)
        }
    }
}

/// Refuses a number of replicas that contradicts itself or the specification.
pub(super) fn check_scale(
    spec: &WorkloadSpec,
    replicas: u32,
    autoscale: Option<Autoscale>,
) -> Result<(), SpecError> {
    autoscale.map_or(Ok(()), |autoscale| autoscale.check(replicas))?;
    check_writers(spec, replicas, autoscale)
}

#[cfg(test)]
#[path = "bind_tests.rs"]
mod tests;
