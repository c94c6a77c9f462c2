-- Who may do what: roles of a workspace's own, members with several roles, invitations.

CREATE TABLE roles (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    -- A list of permissions with the resources that each is for, as JSON.
    grants       TEXT NOT NULL,
    generation   INTEGER NOT NULL DEFAULT 1,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;
CREATE INDEX roles_by_workspace ON roles (workspace_id, id);

-- The roles of a member. One that somebody has cannot be deleted.
CREATE TABLE member_roles (
    workspace_id TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    -- The name of a built-in role, or the id of one of the workspace's own.
    role         TEXT NOT NULL,
    role_id      TEXT REFERENCES roles (id) GENERATED ALWAYS AS (iif(substr(role, 1, 5) = 'role_', role, NULL)) STORED,
    PRIMARY KEY (workspace_id, user_id, role),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('owner', 'admin', 'developer', 'viewer') OR role_id IS NOT NULL)
) STRICT;
CREATE INDEX member_roles_by_role ON member_roles (role_id);

INSERT INTO member_roles (workspace_id, user_id, role) SELECT workspace_id, user_id, role FROM members;
ALTER TABLE members DROP COLUMN role;
ALTER TABLE members ADD COLUMN joined_at INTEGER NOT NULL DEFAULT 0;
UPDATE members SET joined_at = (SELECT created_at FROM workspaces w WHERE w.id = members.workspace_id);

-- A link with which somebody becomes a member, once. Gone when it was used.
CREATE TABLE invitations (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    hash         TEXT NOT NULL UNIQUE,
    -- The only address that may use it.
    email        TEXT,
    created_by   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_by_workspace ON invitations (workspace_id, id);
CREATE INDEX invitations_by_maker ON invitations (created_by);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE invitation_roles (
    invitation_id TEXT NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    role          TEXT NOT NULL,
    role_id       TEXT REFERENCES roles (id) GENERATED ALWAYS AS (iif(substr(role, 1, 5) = 'role_', role, NULL)) STORED,
    PRIMARY KEY (invitation_id, role),
    CHECK (role IN ('owner', 'admin', 'developer', 'viewer') OR role_id IS NOT NULL)
) STRICT;
CREATE INDEX invitation_roles_by_role ON invitation_roles (role_id);
