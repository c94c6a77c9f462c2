-- The audit log as chains that can only grow, buckets of attempts, and quotas.

-- A line is chained with what it belongs to: a workspace, else an account, else `none`. D1 cannot hash: the lines of before
-- have no hash yet, and are given one before the first line that follows them (docs/audit.md).
CREATE TABLE audit_new (
    chain       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    id          TEXT NOT NULL,
    at          INTEGER NOT NULL,
    user_id     TEXT,
    token_id    TEXT,
    session_id  TEXT,
    address     TEXT,
    agent       TEXT,
    action      TEXT NOT NULL,
    resource    TEXT NOT NULL,
    name        TEXT NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    code        TEXT,
    before_json TEXT,
    after_json  TEXT,
    request_id  TEXT NOT NULL,
    prev        TEXT NOT NULL,
    hash        TEXT NOT NULL,
    UNIQUE (chain, seq)
) STRICT;
INSERT INTO audit_new (chain, seq, id, at, user_id, token_id, action, resource, name, outcome, code, request_id, prev, hash)
    SELECT coalesce(workspace_id, user_id, 'none'),
           row_number() OVER (PARTITION BY coalesce(workspace_id, user_id, 'none') ORDER BY rowid),
           id, at, user_id, token_id, action, resource, name,
           CASE action WHEN 'LogInFailed' THEN 'refused' ELSE 'done' END,
           CASE action WHEN 'LogInFailed' THEN 'wrong_password' END, request_id, '', ''
    FROM audit ORDER BY rowid;
DROP TABLE audit;
ALTER TABLE audit_new RENAME TO audit;
CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_unsealed ON audit (chain, seq) WHERE hash = '';

-- Up to which line of a chain those that are too old may go.
CREATE TABLE audit_retained (
    chain   TEXT PRIMARY KEY,
    through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_is_not_changed
BEFORE UPDATE OF chain, seq, id, at, user_id, token_id, session_id, address, agent, action, resource, name, outcome, code,
                 before_json, after_json, request_id ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_is_sealed_once
BEFORE UPDATE OF prev, hash ON audit WHEN OLD.hash <> ''
BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_is_kept
BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_retained WHERE chain = OLD.chain AND through >= OLD.seq)
BEGIN
    SELECT RAISE(ABORT, 'the audit log only grows');
END;

DROP TABLE login_failures;
DROP TABLE access_failures;
-- Attempts, by what is counted and whose they are: the moment at which all of them are forgiven.
CREATE TABLE limits (
    bucket     TEXT PRIMARY KEY,
    forgiven_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX limits_by_age ON limits (forgiven_at);

-- What the operator allows one workspace, in place of what the installation is configured with.
CREATE TABLE quotas (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    quota        TEXT NOT NULL,
    most         INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, quota)
) STRICT, WITHOUT ROWID;

-- Always empty. A batch that exceeds a quota puts a null into the column of its name, which stops it.
CREATE TABLE exceeded (
    runners     INTEGER NOT NULL DEFAULT 0,
    deployments INTEGER NOT NULL DEFAULT 0,
    replicas    INTEGER NOT NULL DEFAULT 0,
    sites       INTEGER NOT NULL DEFAULT 0,
    site_bytes  INTEGER NOT NULL DEFAULT 0,
    volumes     INTEGER NOT NULL DEFAULT 0,
    secrets     INTEGER NOT NULL DEFAULT 0,
    urls        INTEGER NOT NULL DEFAULT 0,
    members     INTEGER NOT NULL DEFAULT 0
) STRICT;
