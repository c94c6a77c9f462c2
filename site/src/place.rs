//! The address of every view. The Worker script answers these paths with the page (`worker/src/dashboard.rs`).

/// What is beside what is shown of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Overview,
    Deployments,
    Runners,
    Volumes,
    Sites,
    Urls,
    Secrets,
    Members,
    Roles,
    Audit,
}

impl Section {
    pub const ALL: [Self; 10] = [
        Self::Overview,
        Self::Deployments,
        Self::Sites,
        Self::Urls,
        Self::Runners,
        Self::Volumes,
        Self::Secrets,
        Self::Members,
        Self::Roles,
        Self::Audit,
    ];

    /// Below the workspace.
    fn segment(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Deployments => "/deployments",
            Self::Runners => "/runners",
            Self::Volumes => "/volumes",
            Self::Sites => "/sites",
            Self::Urls => "/urls",
            Self::Secrets => "/secrets",
            Self::Members => "/members",
            Self::Roles => "/roles",
            Self::Audit => "/audit",
        }
    }

    pub fn path(self, workspace: &str) -> String {
        format!("/w/{workspace}{}", self.segment())
    }

    /// The section that a path is in.
    pub fn of(path: &str) -> Option<Self> {
        let mut segments =
            path.strip_prefix("/w/")?.split('/').skip(1).skip_while(|segment| *segment == "new");
        let first = segments.next().unwrap_or_default();
        Self::ALL.into_iter().find(|section| section.segment().trim_start_matches('/') == first)
    }
}

pub const WORKSPACES: &str = "/workspaces";
pub const TOKENS: &str = "/tokens";
/// Not one of ours: the Worker script draws it.
pub const ACCOUNT: &str = "/account";

/// One of a section's things.
pub fn one(section: Section, workspace: &str, name: &str) -> String {
    format!("{}/{name}", section.path(workspace))
}

/// A part of it.
pub fn part(section: Section, workspace: &str, name: &str, part: &str) -> String {
    format!("{}/{part}", one(section, workspace, name))
}

/// Where a thing is made: beside the sections, for a thing may be named `new`.
pub fn new(section: Section, workspace: &str) -> String {
    format!("/w/{workspace}/new{}", section.segment())
}

/// The workspace that a path is in.
pub fn workspace(path: &str) -> Option<&str> {
    path.strip_prefix("/w/")?.split('/').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_back_to_its_section_and_workspace() {
        for section in Section::ALL {
            let path = section.path("acme");
            assert_eq!((Section::of(&path), workspace(&path)), (Some(section), Some("acme")));
            assert_eq!(Section::of(&new(section, "acme")), Some(section));
        }
        assert_eq!(Section::of(&one(Section::Sites, "acme", "new")), Some(Section::Sites));
        assert_eq!((Section::of("/tokens"), workspace("/tokens")), (None, None));
    }
}
