-- Desired state and identity. Times are milliseconds since the Unix epoch, JSON is text.

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE workspaces (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    workspace_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    UNIQUE (user_id, name)
) STRICT;

CREATE TABLE members (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role         TEXT NOT NULL CHECK (role IN ('owner')),
    PRIMARY KEY (workspace_id, user_id)
) STRICT;
CREATE INDEX members_by_user ON members (user_id, workspace_id);

CREATE TABLE login_failures (
    email TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_by_email ON login_failures (email, at);

CREATE TABLE runners (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    runtime      TEXT NOT NULL,
    token_hash   TEXT NOT NULL UNIQUE,
    -- Counts the changes of what is desired there.
    revision     INTEGER NOT NULL DEFAULT 1,
    created_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE deployments (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    runner_id    TEXT NOT NULL REFERENCES runners (id),
    name         TEXT NOT NULL,
    generation   INTEGER NOT NULL,
    release      INTEGER NOT NULL,
    power        TEXT NOT NULL CHECK (power IN ('running', 'stopped')),
    replicas     INTEGER NOT NULL,
    -- Counts the restarts that people asked for.
    restart      INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;
CREATE INDEX deployments_by_runner ON deployments (runner_id);

CREATE TABLE releases (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    spec          TEXT NOT NULL,
    -- Found by the runner; never changes once known.
    digest        TEXT,
    outcome       TEXT NOT NULL DEFAULT 'pending' CHECK (outcome IN ('pending', 'live', 'failed', 'superseded')),
    failure       TEXT,
    ended_at      INTEGER,
    created_by    TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, number)
) STRICT;

-- Proof that a deployment was deleted, until its runner has removed it.
CREATE TABLE tombstones (
    deployment_id TEXT PRIMARY KEY,
    runner_id     TEXT NOT NULL,
    generation    INTEGER NOT NULL
) STRICT;
CREATE INDEX tombstones_by_runner ON tombstones (runner_id);

CREATE TABLE sites (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    live         INTEGER,
    running      INTEGER NOT NULL DEFAULT 1,
    generation   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE site_versions (
    site_id    TEXT NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    manifest   TEXT NOT NULL,
    files      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, number)
) STRICT;

-- Packs that are in KV, by workspace.
CREATE TABLE packs (
    workspace_id TEXT NOT NULL,
    hash         TEXT NOT NULL,
    size         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, hash)
) STRICT, WITHOUT ROWID;

-- A host belongs to one workspace. `revision` grows with each change below it; the routing table in KV is up to
-- date when `published` has caught up.
CREATE TABLE hosts (
    host         TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    revision     INTEGER NOT NULL DEFAULT 1,
    published    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX hosts_unpublished ON hosts (host) WHERE published < revision;

CREATE TABLE managed_urls (
    id            TEXT PRIMARY KEY,
    workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
    host          TEXT NOT NULL REFERENCES hosts (host),
    path          TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('deployment', 'site', 'proxy', 'redirect')),
    deployment_id TEXT REFERENCES deployments (id),
    port          INTEGER,
    site_id       TEXT REFERENCES sites (id),
    url           TEXT,
    permanent     INTEGER NOT NULL DEFAULT 0,
    automatic     INTEGER NOT NULL DEFAULT 0,
    generation    INTEGER NOT NULL DEFAULT 1,
    created_at    INTEGER NOT NULL,
    UNIQUE (host, path)
) STRICT;
CREATE INDEX managed_urls_by_workspace ON managed_urls (workspace_id, id);
CREATE INDEX managed_urls_by_deployment ON managed_urls (deployment_id);
CREATE INDEX managed_urls_by_site ON managed_urls (site_id);

CREATE TABLE audit (
    id           TEXT PRIMARY KEY,
    at           INTEGER NOT NULL,
    workspace_id TEXT,
    user_id      TEXT NOT NULL,
    token_id     TEXT,
    action       TEXT NOT NULL,
    resource     TEXT NOT NULL,
    name         TEXT NOT NULL,
    request_id   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_workspace ON audit (workspace_id, id);

-- Answers to writes with an `Idempotency-Key`, for 24 hours.
CREATE TABLE idempotency (
    user_id      TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status       INTEGER,
    etag         TEXT,
    body         TEXT,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
