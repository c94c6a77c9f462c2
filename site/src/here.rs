//! Who looks at what, and what they may do there. What a caller may not do is not offered; the API refuses it all the same.

use leptos::prelude::*;
use patr_models::{
    auth::{Access, Permission, ResourceType},
    endpoint::{
        ApiEndpoint, NoQuery,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::{Id, Ref, WorkspaceId},
    page::Page,
    user::{User, who_am_i},
    workspace::{
        Workspace, list,
        permissions::{self, Permissions},
    },
};

use crate::{
    api::{self, Problem},
    browser,
    fresh::{Ask, Fresh, State, fresh, once},
    live::Live,
    place,
    text::shell as words,
};

/// Which workspace this browser looked at last.
const LAST: &str = "workspace";

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    pub(crate) user: Fresh<User>,
    pub(crate) workspaces: Fresh<Page<Workspace>>,
    /// By its name, as in the address; empty outside of any.
    workspace: Memo<String>,
    permissions: Fresh<Permissions>,
    access: Memo<Access>,
}

/// Whether what is in a workspace can be drawn.
#[derive(Clone, PartialEq)]
pub(crate) enum Gate {
    Open,
    Waiting,
    Closed(Problem),
}

impl Here {
    /// Begins, for the whole dashboard.
    pub(crate) fn begin(path: Memo<String>) -> Self {
        let user = once(|| Ask::new("me", api::get::<who_am_i::WhoAmI, _>(who_am_i::Path {})));
        let workspaces = fresh(|| {
            Ask::new("all", api::list::<list::ListWorkspaces, _>(list::Path {}, "", usize::MAX))
                .about(&[ResourceType::Workspace, ResourceType::Member])
        });
        let workspace = Memo::new(move |_| place::workspace(&path.get()).unwrap_or_default().to_owned());
        Live::of_the_page().listen(workspace);
        let permissions = fresh(move || {
            let name = workspace.get();
            Ask::new(name.clone(), async move { may_in(&name).await }).about(&[
                ResourceType::Workspace,
                ResourceType::Member,
                ResourceType::Role,
            ])
        });
        let access = Memo::new(move |_| {
            permissions.known().map(|held| held.grants.into_iter().collect()).unwrap_or_default()
        });
        Effect::new(move |_| {
            if permissions.known().is_some() && !workspace.get().is_empty() {
                browser::remember(LAST, &workspace.get());
            }
        });
        let here = Self { user, workspaces, workspace, permissions, access };
        provide_context(here);
        here
    }

    pub(crate) fn of_the_page() -> Self {
        expect_context()
    }

    /// The name of the workspace; empty outside of any.
    pub(crate) fn name(&self) -> String {
        self.workspace.get()
    }

    /// The same for calls. Views of a workspace are drawn only where it is one.
    pub(crate) fn workspace(&self) -> Result<Ref<WorkspaceId>, Problem> {
        self.workspace.get().parse().map_err(Problem::saying)
    }

    /// One thing of the workspace, by its name in the address; `about` are the kinds that the answer depends on.
    pub(crate) fn one<E, I, T>(
        self,
        name: Memo<String>,
        about: &'static [ResourceType],
        path: fn(Ref<WorkspaceId>, Ref<I>) -> E::Path,
    ) -> Fresh<T>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<T>>,
        I: Id,
        T: Clone + PartialEq + Send + Sync + 'static,
    {
        fresh(move || {
            let (workspace, name) = (self.workspace(), name.get());
            Ask::new(format!("{workspace:?} {name}"), async move {
                let thing: Ref<I> = name.parse().map_err(Problem::saying)?;
                api::get::<E, T>(path(workspace?, thing)).await
            })
            .about(about)
        })
    }

    /// Whether views can be drawn.
    pub(crate) fn gate(&self) -> Gate {
        if self.workspace.get().is_empty() {
            return Gate::Open;
        }
        match self.permissions.state() {
            State::Loading => Gate::Waiting,
            State::Known(_) => Gate::Open,
            State::Failed(problem) => Gate::Closed(problem),
        }
    }

    /// Whether something may be done: to any resource, or to all where single ones cannot be given.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.access.with(|access| access.allows(permission))
    }

    /// Whether something may be done to this resource.
    pub(crate) fn may_on(&self, permission: Permission, id: &impl ToString) -> bool {
        self.access.with(|access| access.allows_on(permission, &id.to_string()))
    }

    /// The workspace to show to somebody who named none: the last one, or the first.
    pub(crate) fn first(&self, of: &[Workspace]) -> Option<String> {
        let last = browser::remembered(LAST);
        let names = || of.iter().map(|workspace| workspace.name.to_string());
        names().find(|name| Some(name) == last.as_ref()).or_else(|| names().next())
    }
}

async fn may_in(name: &str) -> Result<Permissions, Problem> {
    if name.is_empty() {
        return Ok(Permissions { roles: Vec::new(), grants: Vec::new() });
    }
    let workspace = name.parse().map_err(Problem::saying)?;
    let path = permissions::Path { workspace };
    api::get::<permissions::GetPermissions, _>(path).await.map_err(|problem| {
        if problem.is_absent {
            Problem { hint: Some(words::NO_WORKSPACE_HINT.to_owned()), ..problem }
        } else {
            problem
        }
    })
}
