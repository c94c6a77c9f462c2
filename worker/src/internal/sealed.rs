//! The values of secrets, for the runner that needs them and for nobody else.

use std::collections::{BTreeSet, HashMap};

use patr_models::{
    name::Name,
    runner::connect::PublicKey,
    secret::{SecretValue, SecretVersion, Secrets},
    wire::DesiredDeployment,
};

use crate::{
    answer::{Fault, Refused},
    ctx::Ctx,
    db::{
        runners,
        secrets::{self, KeyRow, ValueRow},
    },
    platform::log,
    vault::{self, Place},
};

type Values = HashMap<(Name, SecretVersion), SecretValue>;

/// Seals to each deployment the values that it names. Without a key of the runner there is nothing to seal with. A value
/// that does not open is left out with all that it belongs to, and the runner says so: no other deployment waits for it.
pub(super) async fn seal(
    ctx: &Ctx,
    runner: &runners::Row,
    deployments: &mut [DesiredDeployment],
) -> Result<(), Refused> {
    let versions: BTreeSet<(&Name, SecretVersion)> = deployments.iter().flat_map(named).collect();
    let (Some(to), false) = (&runner.public_key, versions.is_empty()) else { return Ok(()) };
    let values = open(ctx, runner, &versions).await?;
    for deployment in deployments {
        match sealed(deployment, &values, to) {
            Ok(sealed) => deployment.sealed = sealed,
            Err(fault) => log(format_args!("{}: the secrets of {}: {fault}", ctx.request, deployment.id)),
        }
    }
    Ok(())
}

/// What a deployment names. A release always names versions.
fn named(deployment: &DesiredDeployment) -> impl Iterator<Item = (&Name, SecretVersion)> {
    deployment.spec.secrets_used().filter_map(|used| Some((&used.secret, used.version?)))
}

/// Those values that are there and open.
async fn open(
    ctx: &Ctx,
    runner: &runners::Row,
    versions: &BTreeSet<(&Name, SecretVersion)>,
) -> Result<Values, Refused> {
    let workspace = runner.workspace_id;
    let row: Option<KeyRow> = ctx.db.optional(secrets::key(workspace)).await?;
    let key = match (row, ctx.settings.secrets_keys()) {
        (Some(row), Ok(keys)) => keys.unwrap(workspace, &row.wrapped),
        (None, Ok(_)) => Err(Fault::new("the workspace has no key")),
        (_, Err(fault)) => Err(fault),
    };
    let key = match key {
        Ok(key) => key,
        Err(fault) => {
            log(format_args!("{}: no secret of {workspace} opens: {fault}", ctx.request));
            return Ok(Values::new());
        }
    };
    let rows: Vec<ValueRow> = ctx.db.fetch(secrets::values(workspace, versions)).await?;
    let mut values = Values::new();
    for ValueRow { name, version, value } in rows {
        match key.open(Place { workspace, secret: &name, version }, &value) {
            Ok(bytes) => drop(values.insert((name, version), SecretValue::from_bytes(bytes))),
            Err(fault) => log(format_args!("{}: {fault}", ctx.request)),
        }
    }
    Ok(values)
}

/// `None` for a deployment that names no secret.
fn sealed(deployment: &DesiredDeployment, values: &Values, to: &PublicKey) -> Result<Option<String>, Fault> {
    let mut secrets = Secrets::default();
    for (name, version) in named(deployment) {
        let value = values.get(&(name.clone(), version));
        let value =
            value.ok_or_else(|| Fault::new(format_args!("version {version} of `{name}` is missing")))?;
        secrets.0.entry(name.clone()).or_default().insert(version, value.clone());
    }
    if secrets.0.is_empty() { Ok(None) } else { vault::seal(&secrets, to).map(Some) }
}
