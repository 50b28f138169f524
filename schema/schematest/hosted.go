package schematest

import (
	"context"
	"fmt"

	"github.com/nocobase-roster/roster/schema"
)

// host makes the tables that NocoBase makes with DB_SCHEMA=nbs,
// DB_TABLE_PREFIX=nb_ and DB_UNDERSCORED=true, out of those of one without, and
// attaches Roster to them.
func host(ctx context.Context, url string) error {
	db, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, rename); err != nil {
		return fmt.Errorf("rename NocoBase's tables: %w", err)
	}
	return db.Migrate(ctx, schema.Told{})
}

// rename says by itself what a name becomes: what finds it out is tested with it.
const rename = `
DROP SCHEMA roster CASCADE;
CREATE SCHEMA nbs;
DO $$
DECLARE t record; c record;
BEGIN
	FOR t IN SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' LOOP
		FOR c IN SELECT column_name AS name FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = t.name AND column_name <> lower(column_name) LOOP
			EXECUTE format('ALTER TABLE %I RENAME COLUMN %I TO %I', t.name, c.name, lower(regexp_replace(c.name, '([A-Z])', '_\1', 'g')));
		END LOOP;
		EXECUTE format('ALTER TABLE %I SET SCHEMA nbs', t.name);
		EXECUTE format('ALTER TABLE nbs.%I RENAME TO %I', t.name, 'nb_' || lower(regexp_replace(t.name, '([A-Z])', '_\1', 'g')));
	END LOOP;
END $$`
