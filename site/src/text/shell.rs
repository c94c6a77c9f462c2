//! The frame around every view, and what all views share.

use crate::place::Section;

pub const BRAND: &str = "Patr";
pub const SKIP: &str = "Skip to the content";
pub const NAVIGATION: &str = "Workspace";
pub const MENU: &str = "Menu";
pub const WAY_BACK: &str = "Way back";
pub const SWITCH: &str = "Workspace";
pub const ALL_WORKSPACES: &str = "All workspaces…";
pub const YOUR_TOKENS: &str = "Your tokens";
pub const YOUR_ACCOUNT: &str = "Your account";
pub const THEME: &str = "Colours";
pub const LOADING: &str = "Loading";
pub const NO_WORKSPACE_HINT: &str = "Choose one of your workspaces, or ask to be invited to this one.";
pub const NOT_FOUND: &str = "There is nothing here";
pub const NOT_FOUND_SAYS: &str = "The address may be mistyped, or what was here is gone.";

pub const COPY: &str = "Copy";
pub const COPY_COMMAND: &str = "Copy as command";
pub const COPIED: &str = "Copied.";
pub const NOT_COPIED: &str = "This browser does not let us copy: mark the text and copy it yourself.";
pub const CANCEL: &str = "Cancel";
pub const CLOSE: &str = "Close";
pub const TYPE_NAME: &str = "To go on, type";
pub const MORE: &str = "Show more";
pub const NO_MATCH: &str = "Nothing has this in its name.";
pub const SEARCH_KEY: &str = "Press / to search";
pub const WORKSPACE_ONLY: &str = "Ask somebody who may do this, or for a role with which you may.";

pub const JUMP: &str = "Jump to…";
pub const JUMP_KEY: &str = "Ctrl K";
pub const JUMP_HINT: &str = "A view, a workspace, a deployment, a site, a runner or a volume";
pub const JUMP_NOTHING: &str = "Nothing is called that.";

pub const ONCE: &str = "It is shown this once and stored nowhere: copy it now.";

/// What is said while the API does not answer.
pub fn as_of(time: &str) -> String {
    format!("As of {time}: the installation has not answered since.")
}

/// What a section is called.
pub fn section(section: Section) -> &'static str {
    match section {
        Section::Overview => "Overview",
        Section::Deployments => "Deployments",
        Section::Runners => "Runners",
        Section::Volumes => "Volumes",
        Section::Sites => "Sites",
        Section::Urls => "URLs",
        Section::Secrets => "Secrets",
        Section::Members => "Members",
        Section::Roles => "Roles",
        Section::Audit => "Audit log",
    }
}

/// The kinds of colours.
pub fn theme(name: &str) -> &'static str {
    match name {
        "light" => "Light",
        "dark" => "Dark",
        _ => "System",
    }
}

pub mod overview {
    pub const FIRST_STEPS: &str = "First steps";
    pub const FIRST_STEPS_SAYS: &str = "From nothing to something that answers on the internet:";
    pub const STEP_RUNNER: &str = "Add a machine of yours as a runner";
    pub const STEP_DEPLOY: &str = "Deploy an image to it";
    pub const STEP_SITE: &str = "Or publish a folder as a static site: it needs no machine";
    pub const STEP_INVITE: &str = "Invite somebody to look at it";
    pub const ATTENTION: &str = "Needs attention";
    pub const ALL_WELL: &str = "Everything that should run does.";
    pub const USAGE: &str = "What there is";
    pub const UNLIMITED: &str = "no limit";
}

pub mod workspaces {
    pub const TITLE: &str = "Workspaces";
    pub const COLUMNS: [&str; 3] = ["Name", "Made", "Id"];
    pub const EMPTY: &str = "You are in no workspace yet";
    pub const EMPTY_SAYS: &str = "A workspace holds runners, deployments, sites and the people who look after them. Make one here, or open the link of an invitation.";
    pub const NEW: &str = "New workspace";
    pub const NAME: &str = "Name";
    pub const NAME_HINT: &str = "It becomes part of addresses: NAME-WORKSPACE, so a short one is good. Letters a-z, digits and hyphens, at most 22.";
    pub const CREATE: &str = "Create the workspace";
}
