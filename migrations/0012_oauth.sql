-- Programs of others that act for people who let them (OAuth 2.1).
CREATE TABLE oauth_clients (
    id            TEXT PRIMARY KEY,
    -- Who has registered it.
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    -- Null for one that cannot keep a secret.
    secret_hash   TEXT,
    -- JSON, a list of addresses.
    redirect_uris TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    UNIQUE (user_id, name)
) STRICT;
CREATE INDEX oauth_clients_by_user ON oauth_clients (user_id, id);

-- What a person has let a client do. Every secret of the client for it hangs on this row.
CREATE TABLE oauth_authorizations (
    id         TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- JSON, a list of workspaces with the grants in each.
    openings   TEXT NOT NULL,
    -- What the client asked for.
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When the client last got tokens.
    renewed_at INTEGER,
    -- Of the newest secret with which the client can get tokens.
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_authorizations_by_client ON oauth_authorizations (client_id);
CREATE INDEX oauth_authorizations_by_user ON oauth_authorizations (user_id, id);
CREATE INDEX oauth_authorizations_by_expiry ON oauth_authorizations (expires_at);

-- What a client gets its first tokens with. A used one stays: when it comes again, somebody has stolen it.
CREATE TABLE oauth_codes (
    hash             TEXT PRIMARY KEY,
    authorization_id TEXT NOT NULL REFERENCES oauth_authorizations (id) ON DELETE CASCADE,
    redirect_uri     TEXT NOT NULL,
    -- Of the verifier (RFC 7636), S256.
    challenge        TEXT NOT NULL,
    expires_at       INTEGER NOT NULL,
    used             INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX oauth_codes_by_authorization ON oauth_codes (authorization_id);

-- Used ones stay until they would have expired, for the same reason.
CREATE TABLE oauth_refresh_tokens (
    hash             TEXT PRIMARY KEY,
    authorization_id TEXT NOT NULL REFERENCES oauth_authorizations (id) ON DELETE CASCADE,
    expires_at       INTEGER NOT NULL,
    used             INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX oauth_refresh_tokens_by_authorization ON oauth_refresh_tokens (authorization_id);
CREATE INDEX oauth_refresh_tokens_by_expiry ON oauth_refresh_tokens (expires_at);

CREATE TABLE oauth_access_tokens (
    id               TEXT PRIMARY KEY,
    hash             TEXT NOT NULL UNIQUE,
    authorization_id TEXT NOT NULL REFERENCES oauth_authorizations (id) ON DELETE CASCADE,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_access_tokens_by_authorization ON oauth_access_tokens (authorization_id);
CREATE INDEX oauth_access_tokens_by_expiry ON oauth_access_tokens (expires_at);
