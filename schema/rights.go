package schema

import (
	"context"
	"fmt"
	"strings"
)

// written are NocoBase's tables that a sync writes to.
func written() []string {
	return []string{
		"users", "departments", "main_departments_path", "departmentsUsers", "departmentsRoles", "rolesUsers",
		"userDataSyncRecords", "userDataSyncRecordsResources", "userDataSyncSources", "userDataSyncTasks",
	}
}

// rights wants the user of the connection to be allowed what a sync does to
// NocoBase's tables. The error says what it takes, as SQL.
func (db *DB) rights(ctx context.Context) error {
	if db.dialect.name == "sqlite" {
		return nil
	}
	var me struct {
		User, Schema, Database string
	}
	var tables []string
	for _, table := range written() {
		tables = append(tables, "('"+strings.ReplaceAll(db.Table(table), "'", "''")+"')")
	}
	const all = `has_table_privilege(name, 'SELECT') AND has_table_privilege(name, 'INSERT') AND has_table_privilege(name, 'UPDATE') AND has_table_privilege(name, 'DELETE')
		AND coalesce(has_sequence_privilege(sequence, 'USAGE'), true)`
	var lacking []string
	err := db.On(db).Select(ctx, &lacking, `
		SELECT name FROM (
			SELECT name, pg_get_serial_sequence(name, a.attname) AS sequence FROM (VALUES `+strings.Join(tables, ", ")+`) t (name)
			LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(name) AND a.attname = 'id') t
		WHERE NOT (`+all+`) ORDER BY name`)
	if err != nil {
		return Wrap(err, "see what the user may do")
	}
	if len(lacking) == 0 {
		return nil
	}
	err = db.On(db).Get(ctx, &me, `SELECT quote_ident(current_user) AS user, quote_ident(n.nspname) AS schema, quote_ident(current_database()) AS database
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(?)`, db.Table("users"))
	if err != nil {
		return Wrap(err, "see who the user is")
	}
	return &Error{
		Kind: Misconfigured, Op: fmt.Sprintf("the user %s may not read and write %s", me.User, strings.ReplaceAll(strings.Join(lacking, ", "), `"`, "")),
		Hint: strings.NewReplacer("<user>", me.User, "<schema>", me.Schema, "<database>", me.Database).Replace(
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA <schema> TO <user>; GRANT USAGE ON ALL SEQUENCES IN SCHEMA <schema> TO <user>; GRANT CREATE ON DATABASE <database> TO <user>"),
	}
}
