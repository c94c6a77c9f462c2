//! Every environment variable that `patr` reads, declared once.

/// The control host, such as `https://patr.example.com`.
pub(crate) const URL: &str = "PATR_URL";
/// An API token, used instead of the saved login.
pub(crate) const TOKEN: &str = "PATR_TOKEN";
/// The ID token of a job, used by `patr login --oidc`.
pub(crate) const ID_TOKEN: &str = "PATR_ID_TOKEN";
/// Where GitHub gives a job its ID token, and what the job asks with.
pub(crate) const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
pub(crate) const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// `off` keeps logins in a file even where the system has a keyring.
pub(crate) const KEYRING: &str = "PATR_KEYRING";
/// The workspace to work in, used instead of the saved one.
pub(crate) const WORKSPACE: &str = "PATR_WORKSPACE";
/// The folder of settings and credentials, used instead of the platform's.
pub(crate) const CONFIG_DIR: &str = "PATR_CONFIG_DIR";
/// The folder of what can be found out again, used instead of the platform's.
pub(crate) const CACHE_DIR: &str = "PATR_CACHE_DIR";
/// What a fresh installation asks for at `patr sign-up`.
pub(crate) const BOOTSTRAP_SECRET: &str = "PATR_BOOTSTRAP_SECRET";
/// No color when set to anything (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// A variable's value, unless it is empty, which is as good as not set.
pub(crate) fn value(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
