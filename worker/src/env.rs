//! The only file that names bindings, variables and secrets, or reads the clock and randomness.

use std::time::Duration;

use patr_models::{ids::Id, managed_url::Host, time::Millis};
use wasm_bindgen::JsCast;
use worker::{D1Database, Env, Fetcher, ObjectNamespace, Result, Url};

use crate::{
    answer::Fault,
    kv::{Kv, Namespace},
    mail::{Mailer, Provider},
    platform,
    quotas::Quotas,
    vault::{Key, Keyring},
};

/// The Worker secret that the keys of workspaces are encrypted with: 64 hexadecimal digits.
pub(crate) const SECRETS_KEY: &str = "PATR_SECRETS_KEY";
/// The one before it, while it is being replaced.
pub(crate) const FORMER_SECRETS_KEY: &str = "PATR_SECRETS_KEY_FORMER";

/// What an installation is configured with.
#[derive(Clone)]
pub(crate) struct Settings {
    /// With its port, as in `localhost:8787`.
    pub(crate) control_host: String,
    pub(crate) apps_domain: String,
    pub(crate) apps_scheme: String,
    pub(crate) sign_up_open: bool,
    pub(crate) bootstrap_secret: String,
    pub(crate) internal_secret: String,
    /// How long lines of the audit log are kept; for ever when absent.
    pub(crate) audit_kept: Option<Duration>,
    /// What a workspace may have.
    pub(crate) quotas: Quotas,
    /// Absent when it is not set, or not as it should be: everything but secrets works without.
    pub(crate) secrets_keys: Option<Keyring>,
    /// Absent when this installation sends no mail.
    pub(crate) mail: Option<Mailer>,
}

impl Settings {
    pub(crate) fn read(env: &Env) -> Result<Self> {
        let var = |name: &str| env.var(name).map(|var| var.to_string());
        let secret = |name: &str| env.secret(name).map(|secret| secret.to_string());
        let optional = |name: &str| var(name).ok();
        let key = |name: &str| Key::from_hex(&secret(name).ok()?);
        Ok(Self {
            control_host: var("CONTROL_HOST")?,
            apps_domain: var("APPS_DOMAIN")?,
            apps_scheme: var("APPS_SCHEME")?,
            sign_up_open: var("SIGN_UP")? == "open",
            bootstrap_secret: secret("BOOTSTRAP_SECRET")?,
            internal_secret: secret("INTERNAL_SECRET")?,
            audit_kept: days(&optional("AUDIT_DAYS").unwrap_or_default())?,
            quotas: Quotas::read(optional)?,
            secrets_keys: key(SECRETS_KEY)
                .map(|current| Keyring { current, former: key(FORMER_SECRETS_KEY) }),
            mail: mailer(env),
        })
    }

    /// Whether the control host is reached over https.
    pub(crate) fn is_https(&self) -> bool {
        self.apps_scheme == "https"
    }

    /// What the keys of workspaces are encrypted with.
    pub(crate) fn secrets_keys(&self) -> std::result::Result<&Keyring, Fault> {
        let missing =
            || format!("the Worker secret {SECRETS_KEY} is missing, or is not 64 hexadecimal digits");
        self.secrets_keys.as_ref().ok_or_else(|| Fault::new(missing()))
    }

    /// The address of the control host, as a browser opens it.
    pub(crate) fn control_url(&self) -> String {
        format!("{}://{}", self.apps_scheme, self.control_host)
    }

    /// Whether a `Host` header names the API. Ports do not count: a host is a name.
    pub(crate) fn is_control_host(&self, host: &str) -> bool {
        without_port(host).eq_ignore_ascii_case(without_port(&self.control_host)) || host == "control"
    }

    /// The domain of managed URLs, without a port.
    pub(crate) fn apps_host(&self) -> &str {
        without_port(&self.apps_domain)
    }

    /// Whether a managed URL may have this host: one label under the apps domain.
    pub(crate) fn allows(&self, host: &Host) -> bool {
        let label = host.as_str().strip_suffix(self.apps_host()).and_then(|rest| rest.strip_suffix('.'));
        label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
            && !self.is_control_host(host.as_str())
    }

    /// Whether an address is one of managed hosts under the apps domain, so that this script answers there.
    pub(crate) fn answers_at(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = self.apps_domain.strip_prefix(self.apps_host()).and_then(|port| port.strip_prefix(':'));
        let below = host.strip_suffix(self.apps_host()).is_some_and(|rest| rest.ends_with('.'));
        below && !self.is_control_host(host) && url.port() == port.and_then(|port| port.parse().ok())
    }

    /// The address of a managed host, as a browser opens it.
    pub(crate) fn url(&self, host: &str) -> String {
        let port = self.apps_domain.strip_prefix(self.apps_host()).unwrap_or_default();
        format!("{}://{host}{port}", self.apps_scheme)
    }
}

/// A number of days; none when there is no text.
fn days(text: &str) -> std::result::Result<Option<Duration>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let days: u32 =
        text.parse().map_err(|_| Fault::new(format!("AUDIT_DAYS is no whole number: `{text}`")))?;
    Ok(Some(Duration::from_secs(u64::from(days) * 24 * 3600)))
}

/// How mail is sent. What is wrong with it must not keep everything else from working.
fn mailer(env: &Env) -> Option<Mailer> {
    let var = |name: &str| env.var(name).ok().map(|var| var.to_string());
    let key = env.secret("MAIL_KEY").ok().map(|secret| secret.to_string());
    let from = var("MAIL_FROM").filter(|from| from.contains('@'));
    let provider = Provider::named(&var("MAIL").unwrap_or_default(), key, var("MAIL_URL"));
    let mailer = provider.and_then(|provider| {
        let from = || from.ok_or("MAIL_FROM is missing, as in `Patr <patr@example.com>`");
        provider.map(|provider| Ok(Mailer { from: from()?, provider })).transpose()
    });
    mailer.unwrap_or_else(|problem: &str| {
        platform::log(format_args!("no mail is sent: {problem}"));
        None
    })
}

/// The folder of the local edge that mails are put into.
pub(crate) fn outbox(env: &Env) -> Result<Fetcher> {
    env.service("OUTBOX")
}

pub(crate) fn without_port(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

pub(crate) fn database(env: &Env) -> Result<D1Database> {
    env.d1("DB")
}

/// The files of the dashboard.
pub(crate) fn assets(env: &Env) -> Result<Fetcher> {
    env.assets("ASSETS")
}

pub(crate) fn kv(env: &Env) -> Result<Kv> {
    const NAME: &str = "KV";
    let namespace = js_sys::Reflect::get(env, &NAME.into())?;
    Ok(Kv::Bound(env.kv(NAME)?, namespace.unchecked_into::<Namespace>()))
}

pub(crate) fn sessions(env: &Env) -> Result<ObjectNamespace> {
    env.durable_object("RUNNER_SESSION")
}

pub(crate) fn tunnels(env: &Env) -> Result<ObjectNamespace> {
    env.durable_object("RUNNER_TUNNEL")
}

pub(crate) fn feeds(env: &Env) -> Result<ObjectNamespace> {
    env.durable_object("WORKSPACE_FEED")
}

/// The edge's clock. It stands still between IO on Cloudflare.
pub(crate) fn now() -> Millis {
    Millis(js_sys::Date::now() as u64)
}

/// Randomness from the platform.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    Ok(getrandom::fill(bytes).map_err(|error| error.to_string())?)
}

/// A new id.
pub(crate) fn new_id<I: Id>(now: Millis) -> Result<I> {
    Ok(I::from_parts(now, u128::from_le_bytes(random()?)))
}
