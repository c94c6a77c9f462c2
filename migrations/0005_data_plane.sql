-- How requests to managed URLs are treated, and what they came to.

-- As JSON; what is not in it is as it is by default.
ALTER TABLE managed_urls ADD COLUMN options TEXT NOT NULL DEFAULT '{}';

-- What was asked under a managed URL, by hour (counted from 1970, UTC).
CREATE TABLE url_hours (
    url_id    TEXT NOT NULL REFERENCES managed_urls (id) ON DELETE CASCADE,
    hour      INTEGER NOT NULL,
    requests  INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    troubles  INTEGER NOT NULL,
    parked    INTEGER NOT NULL,
    failovers INTEGER NOT NULL,
    cached    INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    -- JSON lists of numbers: by class of status, by bucket of time, by lane.
    statuses  TEXT NOT NULL,
    latency   TEXT NOT NULL,
    lanes     TEXT NOT NULL,
    PRIMARY KEY (url_id, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX url_hours_by_hour ON url_hours (hour);
