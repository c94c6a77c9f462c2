-- A deployment on several runners.

CREATE TABLE placements (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    runner_id     TEXT NOT NULL REFERENCES runners (id),
    -- In the list, from 0.
    position      INTEGER NOT NULL,
    -- Of the requests, 0 to 100; 0 stands by.
    weight        INTEGER NOT NULL,
    -- The generation with which it was put on the list.
    since         INTEGER NOT NULL,
    -- Whether it was live there since then.
    arrived       INTEGER NOT NULL DEFAULT 0,
    -- The generation with which it was taken off the list, while it serves until another one does.
    leaving       INTEGER,
    PRIMARY KEY (deployment_id, runner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX placements_by_runner ON placements (runner_id, deployment_id);
INSERT INTO placements (deployment_id, runner_id, position, weight, since, arrived)
    SELECT id, runner_id, 0, 1, generation,
           EXISTS (SELECT 1 FROM releases r WHERE r.deployment_id = d.id AND r.outcome = 'live')
    FROM deployments d;
DROP INDEX deployments_by_runner;
ALTER TABLE deployments DROP COLUMN runner_id;

-- Which runners have said how the rollout of a release ended there: the first word of each counts.
CREATE TABLE rollouts (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    runner_id     TEXT NOT NULL,
    PRIMARY KEY (deployment_id, number, runner_id)
) STRICT, WITHOUT ROWID;
INSERT INTO rollouts (deployment_id, number, runner_id)
    SELECT r.deployment_id, r.number, p.runner_id
    FROM releases r JOIN placements p ON p.deployment_id = r.deployment_id WHERE r.outcome <> 'pending';

-- One for each runner that the deployment has to go from.
CREATE TABLE tombstones_new (
    deployment_id TEXT NOT NULL,
    runner_id     TEXT NOT NULL,
    generation    INTEGER NOT NULL,
    PRIMARY KEY (runner_id, deployment_id)
) STRICT, WITHOUT ROWID;
INSERT INTO tombstones_new (deployment_id, runner_id, generation)
    SELECT deployment_id, runner_id, generation FROM tombstones;
DROP TABLE tombstones;
ALTER TABLE tombstones_new RENAME TO tombstones;

-- Routing tables name all runners: published anew.
UPDATE hosts SET revision = revision + 1
WHERE host IN (SELECT host FROM managed_urls WHERE deployment_id IS NOT NULL);
