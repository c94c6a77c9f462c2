//! `DELETE /api/v1/workspaces/{workspace}/members/{member}`
//!
//! Take somebody out of a workspace: the next request is refused, by whatever token. Nobody removes a member who may do more
//! than they do, and a workspace keeps an owner.

use super::PersonRef;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Take somebody out of a workspace
    RemoveMember: DELETE "/api/v1/workspaces/{workspace}/members/{member}" {
        auth: Member(MemberRemove),
        path: { workspace: Ref<WorkspaceId>, member: PersonRef },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        MoreThanYours { role: String, permission: String } = 403 "more_than_yours",
            "the member is `{role}`, which allows `{permission}` for more than you have it for",
            hint "ask an owner of the workspace to do this";
        LastOwner = 409 "last_owner", "a workspace needs an owner, and this is the only one",
            hint "make somebody else an owner first, or delete the workspace";
    }
}
