-- Records that are gone, snapshots in parts, and runs that another process ends.

-- +goose Up
-- How the source's last word that the record is gone was carried out: kept,
-- unlinked, disabled, deleted; null while it stands.
ALTER TABLE roster_records ADD COLUMN removed text;
-- Of a disabled row: the field that says so and, on the next line, what it was.
ALTER TABLE roster_records ADD COLUMN before text;

-- What the run was asked for besides its records, as JSON.
ALTER TABLE roster_runs ADD COLUMN request text NOT NULL DEFAULT '{}';
-- How many records of which type came, as JSON; null until the plan is made
-- and the run can be ended by anybody.
ALTER TABLE roster_runs ADD COLUMN totals text;
-- What the columns of the plan meant when it was made.
ALTER TABLE roster_runs ADD COLUMN layout text NOT NULL DEFAULT '';
-- Somebody wants it to stop.
ALTER TABLE roster_runs ADD COLUMN cancel_at DATETIME;

-- The row's updatedAt when the plan was made: what has changed since is planned
-- again.
ALTER TABLE roster_plan_departments ADD COLUMN _row_at DATETIME;
ALTER TABLE roster_plan_users ADD COLUMN _row_at DATETIME;
-- Why the record is taken for gone: tombstone, absent, below, replaced; null
-- while it stands.
ALTER TABLE roster_plan_departments ADD COLUMN _gone text;
ALTER TABLE roster_plan_users ADD COLUMN _gone text;
-- For records.before.
ALTER TABLE roster_plan_departments ADD COLUMN _before text;
ALTER TABLE roster_plan_users ADD COLUMN _before text;
-- Records whose values change hands with each other: all are written, or none.
ALTER TABLE roster_plan_departments ADD COLUMN _circle bigint;
ALTER TABLE roster_plan_users ADD COLUMN _circle bigint;

-- A reading of a whole directory that comes in parts and is not done yet.
CREATE TABLE roster_snapshots (
    source text PRIMARY KEY,
    id text NOT NULL,
    began_at DATETIME NOT NULL,
    spoiled text NOT NULL DEFAULT '' -- types of which a record could not be told by name
);
-- Which records have come since it began: in its parts, or beside it.
CREATE TABLE roster_snapshot_records (
    source text NOT NULL,
    type text NOT NULL,
    uid text NOT NULL,
    part boolean NOT NULL,
    PRIMARY KEY (source, type, uid)
);
CREATE INDEX roster_runs_source ON roster_runs (source, finished_at);
-- What a retry may do again.
CREATE INDEX roster_runs_unfinished ON roster_runs (source, id) WHERE state IN ('partial', 'failed', 'canceled', 'interrupted');
CREATE INDEX roster_plan_departments_failed ON roster_plan_departments (_run) WHERE _op = 'fail';
CREATE INDEX roster_plan_users_failed ON roster_plan_users (_run) WHERE _op = 'fail';

-- Records that want what somebody else holds: the next run of their source tries
-- them again, unless something newer has been said of them.
CREATE TABLE roster_conflicts (
    source text NOT NULL,
    type text NOT NULL,
    uid text NOT NULL,
    raw text NOT NULL,
    PRIMARY KEY (source, type, uid)
);
