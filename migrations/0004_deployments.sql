-- Secrets, volumes, and deployments that scale by themselves.

-- The key that a workspace's secrets are encrypted with, itself encrypted with the Worker secret PATR_SECRETS_KEY.
CREATE TABLE data_keys (
    workspace_id TEXT PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    wrapped      TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A deleted secret keeps its row: a version that was ever given out is not given out again.
CREATE TABLE secrets (
    id           INTEGER PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    -- The newest, also of a deleted one.
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE secret_versions (
    secret_id  INTEGER NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    -- Encrypted.
    value      TEXT NOT NULL,
    -- Of the value as it was set.
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (secret_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE volumes (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    runner_id    TEXT NOT NULL REFERENCES runners (id),
    name         TEXT NOT NULL,
    shared       INTEGER NOT NULL,
    -- Its runner had it once: from then on its absence is an error.
    made         INTEGER NOT NULL DEFAULT 0,
    -- What is to be in it is still on its way.
    copying      INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;
CREATE INDEX volumes_by_workspace ON volumes (workspace_id, id);
CREATE INDEX volumes_by_runner ON volumes (runner_id, id);

CREATE TABLE volume_snapshots (
    id         TEXT PRIMARY KEY,
    volume_id  TEXT NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX volume_snapshots_by_volume ON volume_snapshots (volume_id, id);

-- Proof that a volume was deleted, until its runner has removed it.
CREATE TABLE volume_tombstones (
    volume_id TEXT PRIMARY KEY,
    runner_id TEXT NOT NULL
) STRICT;
CREATE INDEX volume_tombstones_by_runner ON volume_tombstones (runner_id);

-- What a release names, whether that is still there or not.
CREATE TABLE release_secrets (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    secret_id     INTEGER NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, number, secret_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_secrets_by_secret ON release_secrets (secret_id, version);

CREATE TABLE release_volumes (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    volume_id     TEXT NOT NULL,
    PRIMARY KEY (deployment_id, number, volume_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_volumes_by_volume ON release_volumes (volume_id);

-- What secrets for it are sealed with.
ALTER TABLE runners ADD COLUMN public_key TEXT;
-- JSON; null: a fixed number of replicas.
ALTER TABLE deployments ADD COLUMN autoscale TEXT;

-- A rollout can be called off. SQLite cannot change a CHECK, so the table is made anew.
CREATE TABLE releases_new (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    spec          TEXT NOT NULL,
    -- Found by the runner; never changes once known.
    digest        TEXT,
    outcome       TEXT NOT NULL DEFAULT 'pending'
                  CHECK (outcome IN ('pending', 'live', 'failed', 'superseded', 'cancelled')),
    failure       TEXT,
    ended_at      INTEGER,
    created_by    TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, number)
) STRICT;
INSERT INTO releases_new (deployment_id, number, spec, digest, outcome, failure, ended_at, created_by, created_at)
    SELECT deployment_id, number, spec, digest, outcome, failure, ended_at, created_by, created_at FROM releases;
DROP TABLE releases;
ALTER TABLE releases_new RENAME TO releases;
