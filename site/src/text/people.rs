//! Members, roles, tokens and the audit log.

pub mod members {
    pub const COLUMNS: [&str; 4] = ["Member", "Roles", "Joined", ""];
    pub const SEARCH: &str = "Search by address";
    pub const INVITE: &str = "Invite somebody";
    pub const EMAIL: &str = "E-mail";
    pub const EMAIL_HINT: &str =
        "Only an account with this address can use the link. Left empty, whoever has the link can.";
    pub const ROLES: &str = "Roles";
    pub const MAKE_LINK: &str = "Make a link";
    pub const LINK: &str = "Send this link";
    pub const INVITATIONS: &str = "Invitations that were not used";
    pub const INVITATION_COLUMNS: [&str; 5] = ["For", "Roles", "By", "Ends", ""];
    pub const INVITATIONS_NONE: &str = "There is none.";
    pub const WHOEVER: &str = "whoever has the link";
    pub const REVOKE: &str = "Revoke";
    pub const REVOKED: &str = "The link is good for nothing any more.";
    pub const EDIT: &str = "Roles…";
    pub const SAVE: &str = "Save";
    pub const SAVED: &str = "Saved. It holds from the next request on.";
    pub const REMOVE: &str = "Remove";
    pub const REMOVE_SAYS: &str = "Their next request is refused, by whatever token.";

    pub fn edit_title(email: &str) -> String {
        format!("Roles of {email}")
    }

    pub fn remove_title(email: &str) -> String {
        format!("Take {email} out of the workspace?")
    }
}

pub mod roles {
    pub const SAYS: &str = "What any of somebody's roles allows is allowed. Owner, admin, developer and viewer are the same everywhere; a workspace can have more.";
    pub const NEW: &str = "New role";
    pub const NAME: &str = "Name";
    pub const NAME_HINT: &str = "Unique in the workspace.";
    pub const CREATE: &str = "Make the role";
    pub const CREATED: &str = "The role is made.";
    pub const MATRIX: &str = "What each role allows";
    pub const PERMISSION: &str = "Permission";
    pub const ALL: &str = "yes";
    pub const SOME: &str = "for some";
    pub const NONE: &str = "no";
    pub const DELETE: &str = "Delete";
    pub const DELETE_SAYS: &str = "Nobody may have it any more.";
    pub const OWN: &str = "Roles of this workspace";
    pub const EDIT: &str = "Change…";
    pub const SAVE: &str = "Change the role";
    pub const CHANGED: &str = "Changed, for everybody who has it. It counts from their next request on.";
    /// Beside a permission that a role has for single resources only.
    pub const OF_SOME: &str = "(for some; ticked again: for all)";

    pub fn edit_title(name: &str) -> String {
        format!("Change the role {name}")
    }

    pub fn delete_title(name: &str) -> String {
        format!("Delete the role {name}?")
    }
}

pub mod tokens {
    pub const TITLE: &str = "Your tokens";
    pub const SAYS: &str =
        "What programs log in with as you. A token never may more than you may at that moment.";
    pub const COLUMNS: [&str; 6] = ["Name", "Opens", "Made", "Last used", "Ends", ""];
    pub const EMPTY: &str = "No token yet";
    pub const EMPTY_SAYS: &str =
        "Make one for a script or a CI job; jobs that can prove who they are need none (docs/tokens.md).";
    pub const NEW: &str = "New token";
    pub const NAME: &str = "What it is for";
    pub const NAME_HINT: &str = "Letters a-z, digits and hyphens.";
    pub const OPENS: &str = "What it opens";
    pub const EVERYTHING: &str = "Every workspace of yours";
    pub const LASTS: &str = "How long it is good";
    pub const FOR_EVER: &str = "Until it is revoked";
    pub const CREATE: &str = "Make the token";
    pub const SECRET: &str = "The token";
    pub const REVOKE: &str = "Revoke";
    pub const REVOKE_SAYS: &str = "The next request that uses it is refused.";
    pub const NEVER: &str = "never";
    pub const DAYS: [u64; 3] = [30, 90, 365];

    pub fn only(workspace: &str) -> String {
        format!("Only {workspace}")
    }

    pub fn revoke_title(name: &str) -> String {
        format!("Revoke the token {name}?")
    }

    pub fn days(days: u64) -> String {
        format!("{days} days")
    }
}

pub mod audit {
    pub const COLUMNS: [&str; 5] = ["When", "What", "About", "By", "Outcome"];
    pub const EMPTY: &str = "No line matches.";
    pub const NAME: &str = "Name of the resource";
    pub const ACTION: &str = "Action";
    pub const ACTION_EXAMPLE: &str = "CreateRunner";
    pub const OUTCOME: &str = "Outcome";
    pub const ANY: &str = "Any";
    pub const DONE: &str = "Done";
    pub const REFUSED: &str = "Refused";
    pub const FILTER: &str = "Filter";
    pub const NOBODY: &str = "nobody known";
    pub const DETAILS: &str = "Changes";
    pub const BEFORE: &str = "Before";
    pub const AFTER: &str = "After";
}
