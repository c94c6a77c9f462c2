//! A cluster for the tests: the one that runs, or one of their own that ends with them.

use std::process::Command;

use super::layout::{HOST_ADDRESS, Layout};
use super::{absolute, host, load, up};
use crate::{sh, target_dir, test};

/// A cluster that is there until this is dropped.
pub(crate) struct Lent {
    layout: Layout,
    begun: bool,
}

impl Lent {
    /// Brings a cluster up unless one runs, with images of the Docker Engine in it.
    ///
    /// # Errors
    /// Something is missing here, does not build or does not start; the message says which.
    pub(crate) fn with(images: &[&str]) -> anyhow::Result<Self> {
        let folder = absolute(target_dir().join("cluster"))?;
        let begun = !host::runs(&folder);
        let lent = Self { layout: up(&folder)?, begun };
        images.iter().try_for_each(|image| lent.take(image))?;
        Ok(lent)
    }

    /// Gives the cluster an image of the Docker Engine under [`name`].
    fn take(&self, image: &str) -> anyhow::Result<()> {
        let name = name(image);
        sh::quietly(Command::new("docker").args(["tag", image, &name]))?;
        load(&self.layout, &name)?;
        sh::quietly(Command::new("docker").args(["rmi", &name]))
    }

    /// Tells a program where it is.
    pub(crate) fn introduce(&self, program: &mut Command) {
        program
            .env("PATR_KUBECTL", self.layout.program("kubectl"))
            .env("PATR_KUBECONFIG", self.layout.kubeconfig("admin"))
            .env("PATR_CLUSTER_MACHINE", HOST_ADDRESS)
            .env("PATR_CLUSTER_AUDIT", self.layout.log("audit"))
            .env("PATR_CLUSTER_STATE", &self.layout.folder)
            .env("PATR_CLUSTER_CMD", format!("{} cluster", test::program("xtask").display()));
    }
}

/// What an image is called in the cluster: of no registry, so that nobody waits for one.
pub(crate) fn name(image: &str) -> String {
    format!("localhost/{image}")
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.begun
            && let Err(error) = host::down(&self.layout.folder)
        {
            eprintln!("the cluster does not end: {error:#}");
        }
    }
}
