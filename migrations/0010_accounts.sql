-- Accounts: what people are called, how an address is proved, and what a login asks for beside the password.

ALTER TABLE users ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;

ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0;
-- When it was last shown that it is really the person.
ALTER TABLE sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
DROP INDEX sessions_by_user;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- What was sent to an address, by what it is for: `verify`, `change` or `reset`. Gone when it was used.
CREATE TABLE mailed (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL CHECK (purpose IN ('verify', 'change', 'reset')),
    email      TEXT NOT NULL,
    sent_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mailed_by_user ON mailed (user_id, purpose, sent_at);
CREATE INDEX mailed_by_expiry ON mailed (expires_at);

-- Authenticator apps (RFC 6238).
CREATE TABLE totp (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- Encrypted with the installation's key, and which one that was.
    seed    TEXT NOT NULL,
    key     TEXT NOT NULL,
    -- Null until a first code has shown that the seed arrived.
    since   INTEGER,
    -- The last code that was used, as the number of its half minute: none is good twice.
    step    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX totp_by_key ON totp (key);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE passkeys (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    credential   TEXT NOT NULL UNIQUE,
    -- As the authenticator gave it: COSE (RFC 9052), base64url.
    public_key   TEXT NOT NULL,
    -- How often it has signed, as it says itself; most say 0 for ever.
    counter      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

-- Challenges that were answered, until they are too old to be answered again.
CREATE TABLE spent_challenges (
    challenge  TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_challenges_by_expiry ON spent_challenges (expires_at);
