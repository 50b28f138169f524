-- Roster's own tables: an index of NocoBase's that can be rebuilt, and the runs.

-- +goose Up
-- What each source last said, and which row it stands for. uid leads the key:
-- it is what differs between rows.
CREATE TABLE roster_records (
    uid text NOT NULL,
    source text NOT NULL,
    type text NOT NULL,
    record_id bigint NOT NULL,      -- its row in NocoBase's userDataSyncRecords
    row_id bigint,                  -- its row in users or departments
    adopted boolean NOT NULL,       -- the row was there before the record
    digest text NOT NULL,           -- of the record and of how it was read, as last applied
    memberships text NOT NULL,      -- of its statement about departments
    row_updated_at DATETIME,           -- the row's updatedAt as we wrote it
    seen_at DATETIME NOT NULL,
    PRIMARY KEY (uid, source, type)
);
CREATE INDEX roster_records_row ON roster_records (row_id, type);

-- What waits for a department (of the same source) that has not arrived: the
-- membership of a user, or the parent of a department.
CREATE TABLE roster_pending (
    source text NOT NULL,
    awaits text NOT NULL,
    type text NOT NULL,
    uid text NOT NULL,
    pos bigint NOT NULL,
    is_owner boolean,
    is_main boolean,
    PRIMARY KEY (source, awaits, type, uid)
);
CREATE INDEX roster_pending_uid ON roster_pending (source, type, uid);

-- Memberships that were there before any source claimed them: they stay when
-- the last claim goes.
CREATE TABLE roster_kept_memberships (
    user_id bigint NOT NULL,
    department_id bigint NOT NULL,
    PRIMARY KEY (user_id, department_id)
);

CREATE TABLE roster_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source text NOT NULL,
    kind text NOT NULL,             -- push, plan
    state text NOT NULL,
    owner text NOT NULL,            -- the process and run that hold it
    beat_at DATETIME NOT NULL,         -- when the owner last said that it lives
    started_at DATETIME NOT NULL,
    finished_at DATETIME,
    message text NOT NULL DEFAULT '',
    counts text NOT NULL DEFAULT '{}'
);
CREATE INDEX roster_runs_finished ON roster_runs (finished_at);
-- One run per source plans and applies at a time, across processes.
CREATE UNIQUE INDEX roster_runs_active ON roster_runs (source) WHERE state IN ('planning', 'held', 'applying');

-- The parts of a run that have been committed.
CREATE TABLE roster_chunks (
    run bigint NOT NULL,
    type text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    applied_at DATETIME NOT NULL,
    PRIMARY KEY (run, type, first)
);

-- What a run does, record by record, with the values it writes: the columns of
-- departments and users are added before a run as those tables have them.
CREATE TABLE roster_plan_departments (
    _run bigint NOT NULL,
    _n bigint NOT NULL,             -- the order of the records; negative: values change hands, in one transaction
    _op text NOT NULL,              -- create, link, update, touch, fail, skip
    _uid text NOT NULL,
    _fresh boolean NOT NULL,        -- the record itself is new
    _record_id bigint,
    _row_id bigint,
    _mask text NOT NULL,            -- which columns the record states, one character each
    _changed text NOT NULL,         -- which columns differ, one a line
    _digest text,                   -- null: the source said nothing new of this record
    _memberships text,              -- null: its statement about departments is what it was
    _awaits text,                   -- the uid of a parent that has not arrived
    _raw text,
    _kind text,                     -- why it failed: kind, field, sentence
    _field text,
    _reason text,
    PRIMARY KEY (_run, _n)
);
CREATE TABLE roster_plan_users (
    _run bigint NOT NULL,
    _n bigint NOT NULL,             -- the order of the records; negative: values change hands, in one transaction
    _op text NOT NULL,              -- create, link, update, touch, fail, skip
    _uid text NOT NULL,
    _fresh boolean NOT NULL,        -- the record itself is new
    _record_id bigint,
    _row_id bigint,
    _mask text NOT NULL,            -- which columns the record states, one character each
    _changed text NOT NULL,         -- which columns differ, one a line
    _digest text,                   -- null: the source said nothing new of this record
    _memberships text,              -- null: its statement about departments is what it was
    _awaits text,                   -- the uid of a parent that has not arrived
    _raw text,
    _kind text,                     -- why it failed: kind, field, sentence
    _field text,
    _reason text,
    PRIMARY KEY (_run, _n)
);
CREATE TABLE roster_plan_memberships (
    _run bigint NOT NULL,
    _n bigint NOT NULL,             -- the user's item
    _pos bigint NOT NULL,           -- the order in which the record names them
    -- add (membership and claim), restore (membership), claim, set (the owner
    -- flag), drop (both), unclaim, await
    _op text NOT NULL,
    department_id bigint,
    department_uid text,            -- as the record names it
    is_owner boolean,
    is_main boolean,
    PRIMARY KEY (_run, _n, _op, _pos)
);

CREATE TABLE roster_counters (
    name text PRIMARY KEY,
    next bigint NOT NULL
);
INSERT INTO roster_counters (name, next) VALUES ('departments', 1);
