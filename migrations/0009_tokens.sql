-- API tokens that name workspaces and what they may there, and devices that somebody lets in from a browser.

-- SQLite cannot drop a column that refers to another table: `workspace_id` goes into a table of its own.
CREATE TABLE new_tokens (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    hash           TEXT NOT NULL UNIQUE,
    -- Of the secret before this one, and up to when that is good.
    former_hash    TEXT UNIQUE,
    former_until   INTEGER,
    -- Whether it opens only what is in `token_workspaces`, even if nothing is left there.
    limited        INTEGER NOT NULL,
    -- JSON, a list of networks; from everywhere when empty.
    networks       TEXT NOT NULL DEFAULT '[]',
    -- The token that made it: it lives no longer than that.
    made_by        TEXT REFERENCES new_tokens (id) ON DELETE CASCADE,
    created_at     INTEGER NOT NULL,
    not_before     INTEGER,
    expires_at     INTEGER,
    last_used_at   INTEGER,
    last_used_from TEXT,
    UNIQUE (user_id, name)
) STRICT;
INSERT INTO new_tokens (id, user_id, name, hash, limited, created_at, expires_at)
    SELECT id, user_id, name, hash, workspace_id IS NOT NULL, created_at, expires_at FROM tokens;

CREATE TABLE token_workspaces (
    token_id     TEXT NOT NULL REFERENCES new_tokens (id) ON DELETE CASCADE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- JSON, a list of grants; whatever the maker may when null.
    grants       TEXT,
    PRIMARY KEY (token_id, workspace_id)
) STRICT;
CREATE INDEX token_workspaces_by_workspace ON token_workspaces (workspace_id);
INSERT INTO token_workspaces (token_id, workspace_id)
    SELECT id, workspace_id FROM tokens WHERE workspace_id IS NOT NULL;

DROP TABLE tokens;
ALTER TABLE new_tokens RENAME TO tokens;
CREATE INDEX tokens_by_user ON tokens (user_id, id);
CREATE INDEX tokens_by_maker ON tokens (made_by);

-- Devices that wait to be let in (RFC 8628). Both codes are stored as hashes.
CREATE TABLE device_codes (
    hash           TEXT PRIMARY KEY,
    user_code_hash TEXT NOT NULL UNIQUE,
    -- What it calls itself, and where it asks from.
    device         TEXT,
    client         TEXT,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    polled_at      INTEGER,
    interval_s     INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied')),
    -- Who has decided.
    user_id        TEXT REFERENCES users (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX device_codes_by_user ON device_codes (user_id);
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);

-- Codes that somebody typed and nobody had been given.
CREATE TABLE device_guesses (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX device_guesses_by_user ON device_guesses (user_id, at);
CREATE INDEX device_guesses_by_time ON device_guesses (at);

-- Whose jobs a workspace trusts, and what these are there.
CREATE TABLE federations (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    issuer       TEXT NOT NULL,
    audience     TEXT NOT NULL,
    -- JSON, a pattern for each claim.
    conditions   TEXT NOT NULL,
    -- Nobody gets more by it than this person may.
    created_by   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;
CREATE INDEX federations_by_workspace ON federations (workspace_id, id);
CREATE INDEX federations_by_maker ON federations (created_by);

CREATE TABLE federation_roles (
    federation_id TEXT NOT NULL REFERENCES federations (id) ON DELETE CASCADE,
    -- The name of a built-in role, or the id of one of the workspace's own.
    role          TEXT NOT NULL,
    role_id       TEXT REFERENCES roles (id) GENERATED ALWAYS AS (iif(substr(role, 1, 5) = 'role_', role, NULL)) STORED,
    PRIMARY KEY (federation_id, role),
    CHECK (role IN ('owner', 'admin', 'developer', 'viewer') OR role_id IS NOT NULL)
) STRICT;
CREATE INDEX federation_roles_by_role ON federation_roles (role_id);

-- What jobs act with, for an hour.
CREATE TABLE job_tokens (
    id            TEXT PRIMARY KEY,
    hash          TEXT NOT NULL UNIQUE,
    federation_id TEXT NOT NULL REFERENCES federations (id) ON DELETE CASCADE,
    -- Who the issuer says it is.
    subject       TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX job_tokens_by_federation ON job_tokens (federation_id);
CREATE INDEX job_tokens_by_expiry ON job_tokens (expires_at);
