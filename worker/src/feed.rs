//! What is told to the feeds of workspaces after a write: what is to be read again, and whose connections were opened with
//! what is not allowed any more. It is told once the answer is on its way, and no request fails or waits for it.
//!
//! Every write has its line in the audit log, and from the action in that line follows what it means here.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use patr_models::{
    auth::ResourceType,
    ids::{UserId, WorkspaceId},
    internal::announce::{Announcement, Parted},
    live::Changed,
    routes::Route,
};

use crate::{
    auth::Actor,
    ctx::{Ctx, Installation},
    db::{DbError, members},
    oauth, platform,
};

/// What is told to some feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) workspaces: Vec<WorkspaceId>,
    pub(crate) announcement: Announcement,
}

/// A write, as far as feeds are concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    pub(crate) action: &'a str,
    /// What scopes of permissions know what was written by.
    pub(crate) resource: &'a str,
    pub(crate) refused: bool,
}

/// What a write will have meant, once it is kept. Before it is: who leaves is a member until then.
pub(crate) async fn news(ctx: &Ctx, who: &impl Actor, write: Write<'_>) -> Option<News> {
    if let Some(workspace) = who.workspace() {
        return Some(News { workspaces: vec![workspace], announcement: in_workspace(write) });
    }
    let user = who.user().filter(|_| !write.refused)?;
    let announcement = of_account(user, write.action)?;
    match memberships(ctx, user).await {
        Ok(workspaces) => (!workspaces.is_empty()).then_some(News { workspaces, announcement }),
        Err(error) => {
            platform::log(format_args!("{}: the workspaces of {user} are not told: {error}", ctx.request));
            None
        }
    }
}

async fn memberships(ctx: &Ctx, user: UserId) -> Result<Vec<WorkspaceId>, DbError> {
    let rows: Vec<members::In> = ctx.db.fetch(members::of(user)).await?;
    Ok(rows.into_iter().map(|row| row.workspace_id).collect())
}

/// Tells it all.
pub(crate) async fn tell(installation: &Installation, news: Vec<News>) {
    let each = news.iter().flat_map(|news| news.workspaces.iter().map(|&at| (at, &news.announcement)));
    join_all(each.map(|(at, announcement)| installation.runners.announce(at, announcement))).await;
}

/// What a write in a workspace means. Each has a line in its audit log.
fn in_workspace(write: Write<'_>) -> Announcement {
    let mut changed: BTreeSet<Changed> = [Changed::any(ResourceType::Audit)].into();
    let route = Route::ALL.iter().copied().find(|route| route.name() == write.action);
    // What is only looked at, or worked in, stays what it is.
    let Some(route) = route.filter(|route| !write.refused && route.method() != http::Method::GET) else {
        return Announcement { changed, parted: None };
    };
    changed.extend(changes(route, write.resource));
    Announcement { changed, parted: parted(route, write.resource) }
}

fn changes(route: Route, resource: &str) -> Vec<Changed> {
    let kind = match route {
        // Of these, who calls them is no member yet, or not any more: no permission says what they are about.
        Route::AcceptInvitation | Route::SignUpByInvitation => {
            return vec![Changed::any(ResourceType::Member)];
        }
        Route::LeaveWorkspace => Some(ResourceType::Member),
        route => route.permission().map(|permission| permission.resource_type()),
    };
    let own = kind.map(|kind| Changed::one(kind, resource));
    // Their automatic URLs come, go and follow them.
    let urls = matches!(kind, Some(ResourceType::Deployment | ResourceType::Site));
    own.into_iter().chain(urls.then(|| Changed::any(ResourceType::Url))).collect()
}

/// Who may do something else from now on.
fn parted(route: Route, resource: &str) -> Option<Parted> {
    match route {
        Route::SetMemberRoles | Route::RemoveMember | Route::LeaveWorkspace => {
            resource.parse().ok().map(Parted::User)
        }
        // Who has the role, or acts as a job that was trusted, is not asked for: those who have not come right back.
        Route::UpdateRole | Route::DeleteRole | Route::DeleteFederation | Route::DeleteWorkspace => {
            Some(Parted::Everybody)
        }
        _ => None,
    }
}

/// What a write to an account means in each of its workspaces.
fn of_account(user: UserId, action: &str) -> Option<Announcement> {
    let shown: BTreeSet<Changed> = [Changed::one(ResourceType::Member, user)].into();
    let only_parted = Announcement { changed: BTreeSet::new(), parted: Some(Parted::User(user)) };
    if [oauth::GIVEN_BACK, oauth::STOLEN].contains(&action) {
        return Some(only_parted);
    }
    match Route::ALL.iter().find(|route| route.name() == action)? {
        Route::LogOut
        | Route::EndSession
        | Route::EndOtherSessions
        | Route::ChangePassword
        | Route::ResetPassword
        | Route::RotateToken
        | Route::RevokeToken
        | Route::RevokeAuthorization => Some(only_parted),
        Route::DeleteAccount => Some(Announcement { changed: shown, ..only_parted }),
        Route::UpdateProfile | Route::ChangeEmail | Route::VerifyEmail => {
            Some(Announcement { changed: shown, parted: None })
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
