-- Versions of sites that are safe to live with: previews, what is carried of earlier versions, and nothing in KV that is
-- deleted while it may be in use.

-- What is in KV and may go: no row of `blobs` answers for it. `worker/src/blobs.rs` draws how a key comes and goes.
CREATE TABLE garbage (
    key        TEXT PRIMARY KEY,
    -- Not before this.
    due_at     INTEGER NOT NULL,
    -- Since when somebody is deleting it.
    claimed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX garbage_by_due ON garbage (due_at);

-- The first format of manifests cannot be served any more: their versions go, and the next deploy brings a site back.
-- The script that serves them may still be running, so their bytes stay for a day.
INSERT INTO garbage (key, due_at)
    SELECT 'pack/' || workspace_id || '/' || hash, unixepoch() * 1000 + 86400000 FROM packs;
INSERT INTO garbage (key, due_at)
    SELECT DISTINCT 'manifest/' || s.workspace_id || '/' || v.manifest, unixepoch() * 1000 + 86400000
    FROM site_versions v JOIN sites s ON s.id = v.site_id;
-- Numbers that were given to versions of a site. None is given twice, even when its version is gone.
ALTER TABLE sites ADD COLUMN versions INTEGER NOT NULL DEFAULT 0;
UPDATE sites SET versions = (SELECT coalesce(max(number), 0) FROM site_versions v WHERE v.site_id = sites.id);
UPDATE hosts SET revision = revision + 1;
DROP TABLE packs;
DROP TABLE site_versions;

-- Values in KV that are named by their content, under the key `kind/workspace/hash`.
CREATE TABLE blobs (
    id           INTEGER PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('pack', 'manifest')),
    hash         TEXT NOT NULL,
    size         INTEGER NOT NULL,
    -- When something that needed it let go of it, or somebody who may need it asked for it. Null: it is needed, and
    -- collection need not look.
    released_at  INTEGER,
    UNIQUE (workspace_id, kind, hash)
) STRICT;
CREATE INDEX blobs_released ON blobs (released_at) WHERE released_at IS NOT NULL;

-- The packs that a manifest names. As long as it is there, they are.
CREATE TABLE manifest_packs (
    manifest_id INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    pack_id     INTEGER NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (manifest_id, pack_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_packs_by_pack ON manifest_packs (pack_id);

CREATE TABLE site_versions (
    id          INTEGER PRIMARY KEY,
    site_id     TEXT NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    manifest_id INTEGER NOT NULL REFERENCES blobs (id),
    files       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    -- Of a preview that was never live.
    expires_at  INTEGER,
    created_by  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (site_id, number)
) STRICT;
CREATE INDEX site_versions_by_manifest ON site_versions (manifest_id);
CREATE INDEX site_versions_expiring ON site_versions (expires_at) WHERE expires_at IS NOT NULL;

-- A version that is live cannot be deleted.
ALTER TABLE sites DROP COLUMN live;
ALTER TABLE sites ADD COLUMN live_id INTEGER REFERENCES site_versions (id);
-- The manifest of what is carried of earlier versions, and the last day of any of its files, counted from 1970.
ALTER TABLE sites ADD COLUMN carried_id INTEGER REFERENCES blobs (id);
ALTER TABLE sites ADD COLUMN carried_until INTEGER;
-- When its old versions were last looked through.
ALTER TABLE sites ADD COLUMN tended_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX sites_by_live ON sites (live_id);
CREATE INDEX sites_by_carried ON sites (carried_id);
CREATE INDEX sites_by_tended ON sites (tended_at);

-- An address of one version, until then.
ALTER TABLE managed_urls ADD COLUMN version_id INTEGER REFERENCES site_versions (id);
ALTER TABLE managed_urls ADD COLUMN expires_at INTEGER;
CREATE INDEX managed_urls_by_version ON managed_urls (version_id);
CREATE INDEX managed_urls_expiring ON managed_urls (expires_at) WHERE expires_at IS NOT NULL;

-- Who may see a site. The generation grows with each change, and with it end the cookies that were given out before.
ALTER TABLE sites ADD COLUMN access TEXT NOT NULL DEFAULT 'public' CHECK (access IN ('public', 'password', 'members'));
ALTER TABLE sites ADD COLUMN access_generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sites ADD COLUMN password_hash TEXT;

-- Wrong passwords for a site, by the address of who gave them.
CREATE TABLE access_failures (
    site_id TEXT NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    client  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX access_failures_by_site ON access_failures (site_id, client, at);
CREATE INDEX access_failures_by_age ON access_failures (at);

-- Codes that were exchanged for a cookie, until they would have expired.
CREATE TABLE access_codes (
    code       TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_codes_by_expiry ON access_codes (expires_at);

-- What was served, by site and day (counted from 1970, UTC).
CREATE TABLE site_days (
    site_id  TEXT NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    day      INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    s2xx     INTEGER NOT NULL,
    s3xx     INTEGER NOT NULL,
    s4xx     INTEGER NOT NULL,
    s5xx     INTEGER NOT NULL,
    -- Answered from the memory of an isolate.
    hits     INTEGER NOT NULL,
    PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;
