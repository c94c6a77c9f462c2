//! How the entries of a specification are typed: `NAME=VALUE` of every kind, and mounts.

use std::{fmt::Display, net::IpAddr, path::PathBuf, str::FromStr};

use patr_models::{
    deployment::{
        Placement, Strategy,
        spec::{EnvName, HostAlias, Mount, ReplicaPath, SecretUse},
    },
    limits::WEIGHT_MAX,
    name::Name,
};

/// An environment variable whose value is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretArg {
    pub(crate) name: EnvName,
    pub(crate) used: SecretUse,
}

/// A file with the content of a file here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileArg {
    pub(crate) path: ReplicaPath,
    pub(crate) local: PathBuf,
}

/// A file whose content is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretFileArg {
    pub(crate) path: ReplicaPath,
    pub(crate) used: SecretUse,
}

/// A volume at a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountArg {
    pub(crate) path: ReplicaPath,
    pub(crate) mount: Mount,
}

/// A volume that is mounted, by name or by the folder that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MountRef {
    Volume(Name),
    Path(ReplicaPath),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelArg {
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostArg {
    pub(crate) name: HostAlias,
    pub(crate) address: IpAddr,
}

/// How one release follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StrategyArg {
    Rolling,
    BlueGreen,
    Recreate,
}

impl From<StrategyArg> for Strategy {
    fn from(arg: StrategyArg) -> Self {
        match arg {
            StrategyArg::Rolling => Self::Rolling,
            StrategyArg::BlueGreen => Self::BlueGreen,
            StrategyArg::Recreate => Self::Recreate,
        }
    }
}

/// `NAME=SECRET` or `NAME=SECRET@3`.
pub(crate) fn secret(text: &str) -> Result<SecretArg, String> {
    let (name, used) = pair(text, "NAME=SECRET")?;
    Ok(SecretArg { name: parsed(name)?, used: secret_use(used)? })
}

/// `PATH=LOCAL`.
pub(crate) fn file(text: &str) -> Result<FileArg, String> {
    let (path, local) = pair(text, "PATH=LOCAL")?;
    Ok(FileArg { path: parsed(path)?, local: local.into() })
}

/// `PATH=SECRET` or `PATH=SECRET@3`.
pub(crate) fn secret_file(text: &str) -> Result<SecretFileArg, String> {
    let (path, used) = pair(text, "PATH=SECRET")?;
    Ok(SecretFileArg { path: parsed(path)?, used: secret_use(used)? })
}

/// `NAME` or `NAME=WEIGHT`.
pub(crate) fn runner(text: &str) -> Result<Placement, String> {
    let Some((name, weight)) = text.split_once('=') else { return parsed(text).map(Placement::on) };
    let wrong = || format!("`{weight}` is not a weight: use 1 to {WEIGHT_MAX}, or `--standby {name}`");
    let weight = weight.parse().ok().filter(|weight| (1..=WEIGHT_MAX).contains(weight)).ok_or_else(wrong)?;
    Ok(Placement { runner: parsed(name)?, weight })
}

/// `NAME:PATH` or `NAME:PATH:ro`.
pub(crate) fn mount(text: &str) -> Result<MountArg, String> {
    let wrong = || format!("`{text}` is not a volume: use `NAME:PATH` or `NAME:PATH:ro`");
    let (volume, path) = text.split_once(':').ok_or_else(wrong)?;
    let (path, read_only) = path.strip_suffix(":ro").map_or((path, false), |path| (path, true));
    let mount = Mount { volume: parsed(volume)?, read_only, id: None, shared: false };
    Ok(MountArg { path: parsed(path)?, mount })
}

/// What has a slash is a path: no name has one.
pub(crate) fn mount_ref(text: &str) -> Result<MountRef, String> {
    if text.contains('/') {
        return parsed(text).map(MountRef::Path);
    }
    parsed(text).map(MountRef::Volume)
}

/// `NAME=VALUE`.
pub(crate) fn label(text: &str) -> Result<LabelArg, String> {
    let (name, value) = pair(text, "NAME=VALUE")?;
    Ok(LabelArg { name: name.to_owned(), value: value.to_owned() })
}

/// `NAME=IP`.
pub(crate) fn host(text: &str) -> Result<HostArg, String> {
    let (name, address) = pair(text, "NAME=IP")?;
    let address = address.parse().map_err(|_| format!("`{address}` is not an IP address"))?;
    Ok(HostArg { name: parsed(name)?, address })
}

fn secret_use(text: &str) -> Result<SecretUse, String> {
    let Some((secret, version)) = text.split_once('@') else {
        return Ok(SecretUse::newest(parsed(text)?));
    };
    let number = version.parse().ok().filter(|&number| number > 0);
    let number = number.ok_or_else(|| format!("`{version}` is not a version: use a number from 1"))?;
    Ok(SecretUse { secret: parsed(secret)?, version: Some(number) })
}

fn pair<'t>(text: &'t str, form: &str) -> Result<(&'t str, &'t str), String> {
    text.split_once('=').ok_or_else(|| format!("expected `{form}`"))
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_newest_version_unless_one_is_given() {
        let used = |text| secret(text).unwrap().used;
        assert_eq!(used("KEY=api-key"), SecretUse::newest("api-key".parse().unwrap()));
        assert_eq!(used("KEY=api-key@3").version, Some(3));
        for bad in ["KEY", "KEY=", "KEY=api-key@", "KEY=api-key@0", "KEY=a@b", "1=api-key"] {
            assert!(secret(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_volume_is_written_to_unless_it_is_only_read() {
        let written = mount("data:/var/lib/data").unwrap();
        assert_eq!((written.path.as_str(), written.mount.read_only), ("/var/lib/data", false));
        let read = mount("data:/var/lib/data:ro").unwrap();
        assert_eq!((read.path.as_str(), read.mount.read_only), ("/var/lib/data", true));
        for bad in ["data", "data:", "data:var", "/host:/var", "data:/a/../b"] {
            assert!(mount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mount_is_named_by_its_volume_or_its_folder() {
        assert_eq!(mount_ref("data"), Ok(MountRef::Volume("data".parse().unwrap())));
        assert_eq!(mount_ref("/data"), Ok(MountRef::Path("/data".parse().unwrap())));
        assert!(mount_ref("a/b").is_err());
    }

    #[test]
    fn a_path_and_its_content_are_parted_by_the_first_equals_sign() {
        let arg = file("/etc/app.conf=conf/a=b").unwrap();
        assert_eq!((arg.path.as_str(), arg.local), ("/etc/app.conf", PathBuf::from("conf/a=b")));
        assert!(file("etc=x").is_err() && file("/etc/x").is_err());
    }

    #[test]
    fn a_host_leads_to_an_address() {
        assert_eq!(host("db=10.0.0.7").unwrap().address, IpAddr::from([10, 0, 0, 7]));
        assert!(host("db=fe80::1").is_ok());
        assert!(host("db=elsewhere").is_err());
    }
}
