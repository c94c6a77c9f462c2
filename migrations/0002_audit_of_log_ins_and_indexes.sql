-- A login that failed may have no account. SQLite cannot take a NOT NULL back, so the table is made anew.
CREATE TABLE audit_new (
    id           TEXT PRIMARY KEY,
    at           INTEGER NOT NULL,
    workspace_id TEXT,
    -- Null: whoever it was has no account here.
    user_id      TEXT,
    token_id     TEXT,
    action       TEXT NOT NULL,
    resource     TEXT NOT NULL,
    name         TEXT NOT NULL,
    request_id   TEXT NOT NULL
) STRICT;
INSERT INTO audit_new (id, at, workspace_id, user_id, token_id, action, resource, name, request_id)
    SELECT id, at, workspace_id, user_id, token_id, action, resource, name, request_id FROM audit ORDER BY rowid;
DROP TABLE audit;
ALTER TABLE audit_new RENAME TO audit;
CREATE INDEX audit_by_workspace ON audit (workspace_id, id);
CREATE INDEX audit_of_nobody ON audit (at) WHERE user_id IS NULL;

-- A page of a list reads its own rows and no others.
CREATE INDEX runners_by_workspace ON runners (workspace_id, id);
CREATE INDEX deployments_by_workspace ON deployments (workspace_id, id);
DROP INDEX deployments_by_runner;
CREATE INDEX deployments_by_runner ON deployments (runner_id, id);
CREATE INDEX sites_by_workspace ON sites (workspace_id, id);
CREATE INDEX tokens_by_user ON tokens (user_id, id);

-- What the sweep forgets.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX login_failures_by_age ON login_failures (at);

-- A foreign key without an index on its side makes each deletion on the other side read the whole table.
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX tokens_by_workspace ON tokens (workspace_id);
CREATE INDEX hosts_by_workspace ON hosts (workspace_id);
