//! How requests to a managed URL are treated, as flags.

use patr_models::managed_url::{Host, Network, UrlOptions};

use super::values;

/// Flags change what they name and leave the rest as it is.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "How requests are treated")]
pub(crate) struct OptionArgs {
    /// Take the URL's own path off before the deployment sees it
    #[arg(long)]
    strip_prefix: bool,
    /// The Host that the target sees [default: what the client asked for; a proxied server's own]
    #[arg(long, value_name = "HOST")]
    host_header: Option<Host>,
    /// Let in only clients of this network, such as `192.0.2.0/24`; repeated for more, and replaces those there are
    #[arg(long, value_name = "NETWORK")]
    allow: Vec<Network>,
    /// Refuse larger bodies of requests, such as `10Mi`
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    max_body: Option<u64>,
    /// Answer 504 when the target has not begun to answer after so long, such as `30s`
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    timeout: Option<u32>,
    /// Keep answers at the edge, as their Cache-Control allows
    #[arg(long)]
    cache: bool,
    /// Serve what was kept for so long after it went stale, while the target cannot answer
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    stale_if_error: Option<u32>,
    /// Give an option its default back
    #[arg(long, value_enum, value_name = "OPTION")]
    unset: Vec<UrlOption>,
}

/// What has a default to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum UrlOption {
    StripPrefix,
    HostHeader,
    Allow,
    MaxBody,
    Timeout,
    Cache,
    StaleIfError,
}

impl OptionArgs {
    /// What `options` are with these flags. A flag wins over `--unset` of the same.
    pub(crate) fn apply(self, options: &UrlOptions) -> UrlOptions {
        let mut new = options.clone();
        self.unset.iter().for_each(|option| option.unset(&mut new));
        new.strip_prefix |= self.strip_prefix;
        new.cache |= self.cache;
        new.host_header = self.host_header.or(new.host_header);
        new.max_body_bytes = self.max_body.or(new.max_body_bytes);
        new.timeout_s = self.timeout.or(new.timeout_s);
        new.stale_if_error_s = self.stale_if_error.or(new.stale_if_error_s);
        if !self.allow.is_empty() {
            new.allow = self.allow;
        }
        new
    }
}

impl UrlOption {
    fn unset(self, options: &mut UrlOptions) {
        match self {
            Self::StripPrefix => options.strip_prefix = false,
            Self::HostHeader => options.host_header = None,
            Self::Allow => options.allow.clear(),
            Self::MaxBody => options.max_body_bytes = None,
            Self::Timeout => options.timeout_s = None,
            // What is not kept cannot be served later.
            Self::Cache => (options.cache, options.stale_if_error_s) = (false, None),
            Self::StaleIfError => options.stale_if_error_s = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_change_what_they_name_and_nothing_else() {
        let there = UrlOptions { cache: true, stale_if_error_s: Some(60), ..UrlOptions::default() };
        let args = OptionArgs { timeout: Some(5), ..OptionArgs::default() };
        assert_eq!(args.apply(&there), UrlOptions { timeout_s: Some(5), ..there });
    }

    #[test]
    fn what_is_unset_is_as_by_default_and_takes_with_it_what_depends_on_it() {
        let there = UrlOptions { cache: true, stale_if_error_s: Some(60), ..UrlOptions::default() };
        let args = OptionArgs { unset: vec![UrlOption::Cache], ..OptionArgs::default() };
        assert_eq!(args.apply(&there), UrlOptions::default());
    }

    #[test]
    fn networks_replace_those_that_there_are() {
        let network = |text: &str| text.parse::<Network>().unwrap();
        let there = UrlOptions { allow: vec![network("192.0.2.1")], ..UrlOptions::default() };
        let args = OptionArgs { allow: vec![network("::1")], ..OptionArgs::default() };
        assert_eq!(args.apply(&there).allow, [network("::1")]);
    }
}
