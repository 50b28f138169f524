-- A NocoBase that lives on beside Roster: it may write, be restored from a
-- backup, and keep more than we know of.

-- +goose Up
-- Whose tables the index is of.
CREATE TABLE roster_host (
    id integer PRIMARY KEY CHECK (id = 1), -- there is one
    naming text,            -- how NocoBase calls its tables: schema, prefix, underscored
    witness_id bigint,      -- the newest of NocoBase's sync records when a run last ended
    witness_at DATETIME  -- when it was made: where that differs, the database is not the one it was
);
INSERT INTO roster_host (id) VALUES (1);

-- How far NocoBase's sync records have been read for a source: what others wrote
-- up to here, the index has.
CREATE TABLE roster_cursors (
    source text PRIMARY KEY,
    record_id bigint NOT NULL
);

-- The record's own updatedAt as we wrote it: NocoBase's engine may have written since.
ALTER TABLE roster_records ADD COLUMN record_updated_at DATETIME;

-- What went with rows that were removed, those rows included, as it was before.
CREATE TABLE roster_before_images (
    id INTEGER PRIMARY KEY,     -- in the order in which they went
    run bigint NOT NULL,
    type text NOT NULL,         -- of the record whose row went
    n bigint NOT NULL,          -- its item
    rows_of text NOT NULL,      -- the table, as SQL
    lost text,                  -- the column that was set to something else; null: the whole row went
    image text NOT NULL         -- the row, as JSON
);
CREATE INDEX roster_before_images_item ON roster_before_images (run, type, n);
