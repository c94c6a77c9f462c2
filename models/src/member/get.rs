//! `GET /api/v1/workspaces/{workspace}/members/{member}`
//!
//! One member, by id or address.

use super::{Member, PersonRef};
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a member
    GetMember: GET "/api/v1/workspaces/{workspace}/members/{member}" {
        auth: Member(MemberView),
        path: { workspace: Ref<WorkspaceId>, member: PersonRef },
        response: Json<Member>,
    }
}
