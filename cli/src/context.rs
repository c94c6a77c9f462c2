//! What every command works with: an installation, a workspace, a place to write.

use std::time::{Duration, SystemTime};

use patr_models::{
    ids::{Ref, WorkspaceId},
    time::Millis,
};

use crate::{
    args::Global,
    base_url::BaseUrl,
    client::Client,
    credentials, env_vars,
    failure::Failure,
    printer::Printer,
    settings::{ConfigDir, Settings},
};

/// See the module.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) printer: Printer,
    pub(crate) config: ConfigDir,
    workspace: Option<Ref<WorkspaceId>>,
}

impl Context {
    /// Flags win over the environment, which wins over what is saved.
    pub(crate) fn new(global: Global, printer: Printer) -> Result<Self, Failure> {
        let config = ConfigDir::find()?;
        let settings = config.load_settings()?;
        let base = base_url(global.url, &settings)?;
        let token = match env_vars::value(env_vars::TOKEN) {
            Some(token) => Some(token.trim().to_owned()),
            None => credentials::load(&config, base.as_str())?,
        };
        let workspace = global.workspace.or_else(|| settings.workspace_at(base.as_str()).cloned());
        Ok(Self { client: Client::new(base, token)?, printer, config, workspace })
    }

    /// The workspace to work in.
    pub(crate) fn workspace(&self) -> Result<Ref<WorkspaceId>, Failure> {
        self.workspace.clone().ok_or_else(|| {
            Failure::usage("no workspace is chosen").hint(
                "run `patr workspace use NAME`, or give `--workspace NAME`; `patr workspace list` shows them",
            )
        })
    }

    /// The workspace to work in, if one is chosen.
    pub(crate) fn chosen_workspace(&self) -> Option<&Ref<WorkspaceId>> {
        self.workspace.as_ref()
    }

    /// Works at this installation, and there in this workspace, from now on.
    pub(crate) fn remember(&self, workspace: Option<Ref<WorkspaceId>>) -> Result<(), Failure> {
        let url = Some(self.client.base().to_owned());
        self.config.save_settings(&Settings { url, workspace })
    }
}

fn base_url(given: Option<BaseUrl>, settings: &Settings) -> Result<BaseUrl, Failure> {
    if let Some(url) = given {
        return Ok(url);
    }
    let saved = settings.url.as_deref().ok_or_else(|| {
        Failure::usage("no installation is chosen")
            .hint("give its address once: `patr login --url https://patr.example.com`")
    })?;
    saved.parse().map_err(|error| Failure::usage(format!("in settings.json: {error}")))
}

/// This machine's clock.
#[expect(clippy::disallowed_methods, reason = "the edge of the program")]
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Millis(0) + since.unwrap_or(Duration::ZERO)
}
