-- Sources that are read or send events, targets that others registered, and
-- tokens for those who push over HTTP.

-- +goose Up
-- A reading that is under way, or was cut off and can be gone on with.
CREATE TABLE roster.readings (
    id bigserial PRIMARY KEY,
    source text NOT NULL,
    run bigint NOT NULL,            -- that reads, or read last
    setup text NOT NULL,            -- a digest of what it is read with: with anything else it begins anew
    began_at timestamptz NOT NULL,
    state text                      -- where the source goes on; null: from the beginning
);
CREATE INDEX roster_readings_source ON roster.readings (source);
-- What it has brought so far. The pages go when their records are planned.
CREATE TABLE roster.pages (
    reading bigint NOT NULL,
    n bigint NOT NULL,              -- in the order in which they came
    type text NOT NULL,
    records text NOT NULL,          -- JSON, a record a line
    PRIMARY KEY (reading, n)
);
-- A source is read by one run at a time.
CREATE UNIQUE INDEX roster_runs_pull ON roster.runs (source) WHERE kind = 'pull' AND finished_at IS NULL;

-- Events that were answered and not acted on yet.
CREATE TABLE roster.inbox (
    id bigserial PRIMARY KEY,
    source text NOT NULL,
    event text NOT NULL,            -- as JSON
    received_at timestamptz NOT NULL
);
CREATE INDEX roster_inbox_source ON roster.inbox (source, id);

-- Names that records had: what was read under one before is nobody new.
CREATE TABLE roster.renames (
    source text NOT NULL,
    type text NOT NULL,
    was text NOT NULL,              -- the uid until then
    at timestamptz NOT NULL,
    PRIMARY KEY (was, source, type)
);

-- Which targets of somebody else get the changes of a source, be they there now
-- or not: all that the source had before, they were given.
CREATE TABLE roster.feeds (
    target text NOT NULL,
    source text NOT NULL,
    type text NOT NULL,
    seen_at timestamptz NOT NULL, -- when it was last there as the source was synchronized, to the day
    PRIMARY KEY (target, source, type)
);
-- Changes that such a target has not taken yet.
CREATE TABLE roster.outbox (
    id bigserial PRIMARY KEY,
    target text NOT NULL,
    run bigint NOT NULL,            -- that made it; 0: what the source had before
    source text NOT NULL,
    type text NOT NULL,
    uid text NOT NULL,
    n bigint,                       -- the item of the run; null: it failed in an earlier one
    record_id bigint,               -- in userDataSyncRecords
    gone boolean NOT NULL,          -- the record is no business of the target's any more
    match_key text NOT NULL,
    record text NOT NULL,           -- as JSON
    added_at timestamptz NOT NULL,
    due_at timestamptz,             -- when it is tried; null: not by itself any more
    claim text,                     -- who sent it last, without having learned what came of it
    attempts integer NOT NULL DEFAULT 0,
    kind text,                      -- why the last attempt failed: kind, sentence
    reason text
);
CREATE INDEX roster_outbox_due ON roster.outbox (target, due_at, run, type, n, id);
CREATE INDEX roster_outbox_record ON roster.outbox (uid, source, type, target, id);
CREATE INDEX roster_outbox_run ON roster.outbox (run);
CREATE INDEX roster_outbox_claim ON roster.outbox (claim) WHERE claim IS NOT NULL;
CREATE INDEX roster_outbox_added ON roster.outbox (added_at);

CREATE TABLE roster.tokens (
    id bigserial PRIMARY KEY,
    name text NOT NULL UNIQUE,
    hash text NOT NULL UNIQUE,      -- SHA-256 of the token
    source text,                    -- the one source it may push to; null: any
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    used_at timestamptz
);

-- The row of NocoBase's userDataSyncTasks that shows the run.
ALTER TABLE roster.runs ADD COLUMN task_id bigint;
CREATE INDEX roster_runs_task ON roster.runs (task_id) WHERE task_id IS NOT NULL;
