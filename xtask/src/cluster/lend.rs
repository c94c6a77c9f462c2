//! A cluster for the tests: the one that runs, or one of their own that ends with them.

use std::process::Command;

use super::layout::{HOST_ADDRESS, Layout};
use super::{absolute, host, load, programs, up};
use crate::target_dir;

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
        programs::require()?;
        let folder = absolute(target_dir().join("cluster"))?;
        let begun = !host::runs(&folder);
        let lent = Self { layout: up(&folder)?, begun };
        images.iter().try_for_each(|image| load(&lent.layout, image))?;
        Ok(lent)
    }

    /// Tells a program where it is.
    pub(crate) fn introduce(&self, program: &mut Command) {
        program
            .env("PATR_KUBECTL", self.layout.program("kubectl"))
            .env("PATR_KUBECONFIG", self.layout.kubeconfig("admin"))
            .env("PATR_CLUSTER_MACHINE", HOST_ADDRESS);
    }
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
