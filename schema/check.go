package schema

import (
	"context"
	"slices"
	"strings"
)

// A need is a table of NocoBase's that a sync reads or writes, the columns of
// it, and the plugin that makes it.
type need struct {
	table, plugin string
	columns       []string
}

// The plugins of NocoBase's that are not always enabled.
const (
	sync        = "user-data-sync"
	departments = "departments"
)

func needs() []need {
	return []need{
		{"users", "users", []string{"id", "createdAt", "updatedAt", "nickname", "username", "email", "phone", "systemSettings", "sort"}},
		{"users", departments, []string{"mainDepartmentId"}},
		{"roles", "acl", []string{"name", "default"}},
		{"rolesUsers", "users", []string{"createdAt", "updatedAt", "roleName", "userId"}},
		{"departments", departments, []string{"id", "createdAt", "updatedAt", "title", "isLeaf", "parentId", "sort"}},
		{"main_departments_path", departments, []string{"nodePk", "path", "rootPk"}},
		{"departmentsUsers", departments, []string{"createdAt", "updatedAt", "departmentId", "userId", "isOwner"}},
		{"departmentsRoles", departments, []string{"departmentId"}},
		{"userDataSyncRecords", sync, []string{"id", "createdAt", "updatedAt", "sourceName", "sourceUk", "dataType", "metaData", "lastMetaData"}},
		{"userDataSyncRecordsResources", sync, []string{"id", "createdAt", "updatedAt", "recordId", "resource", "resourcePk"}},
		{"userDataSyncSources", sync, []string{"id", "createdAt", "updatedAt", "name", "sourceType", "displayName", "enabled", "options", "sort"}},
		{"userDataSyncTasks", sync, []string{"id", "createdAt", "updatedAt", "batch", "sourceId", "status", "message", "cost", "sort"}},
	}
}

// check wants a NocoBase's database to have what a sync needs. The error says
// all that is missing, and which plugins would make it.
func (db *DB) check(ctx context.Context) error {
	var missing, plugins []string
	for _, n := range needs() {
		lack, err := db.lacks(ctx, n)
		if err != nil {
			return err
		}
		if lack != "" {
			missing, plugins = append(missing, lack), append(plugins, n.plugin)
		}
	}
	off, err := db.disabled(ctx)
	if err != nil {
		return err
	}
	for _, plugin := range off {
		missing, plugins = append(missing, "the plugin "+plugin+", which is not enabled"), append(plugins, plugin)
	}
	if len(missing) == 0 {
		return nil
	}
	version, err := db.version(ctx)
	if err != nil {
		return err
	}
	slices.Sort(plugins)
	hint := "enable in NocoBase's plugin manager: " + strings.Join(slices.Compact(plugins), ", ")
	if major, _, _ := strings.Cut(version, "."); major == "0" || major == "1" {
		hint = "bring NocoBase to version 2, and " + hint
	}
	return &Error{Kind: Misconfigured, Op: strings.TrimSpace("NocoBase "+version) + " lacks what a sync needs: " + strings.Join(missing, "; "), Hint: hint}
}

// disabled are the plugins that a sync needs and somebody has switched off;
// their tables may be there still.
func (db *DB) disabled(ctx context.Context) (off []string, err error) {
	there, err := db.On(db).hasTable(ctx, db.Table("applicationPlugins"))
	if err != nil || !there {
		return nil, err
	}
	err = db.On(db).Select(ctx, &off, `SELECT name FROM {applicationPlugins} WHERE name IN ('`+sync+`', '`+departments+`') AND NOT enabled ORDER BY name`)
	return off, Wrap(err, "see which plugins are enabled")
}

// lacks says what of a need is not there; empty for nothing.
func (db *DB) lacks(ctx context.Context, n need) (string, error) {
	table := strings.ReplaceAll(db.Table(n.table), `"`, "")
	columns, err := db.columns(ctx, db.On(db), n.table)
	if err != nil {
		return "", Wrap(err, "read the columns of "+table)
	}
	if len(columns) == 0 {
		return "the table " + table, nil
	}
	var lacking []string
	for _, name := range n.columns {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		switch {
		case i < 0:
			lacking = append(lacking, "the column "+db.naming.column(name)+" of "+table)
		case columns[i].kind != integer && (name == "id" || strings.HasSuffix(name, "Id")):
			lacking = append(lacking, "whole numbers in the column "+db.naming.column(name)+" of "+table)
		}
	}
	return strings.Join(lacking, ", "), nil
}

// version is NocoBase's own; empty where it does not say.
func (db *DB) version(ctx context.Context) (string, error) {
	there, err := db.On(db).hasTable(ctx, db.Table("applicationVersion"))
	if err != nil || !there {
		return "", err
	}
	var versions []string
	err = db.On(db).Select(ctx, &versions, `SELECT value FROM {applicationVersion} LIMIT 1`)
	return strings.Join(versions, ""), Wrap(err, "read NocoBase's version")
}
