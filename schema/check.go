package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// needed are the columns of NocoBase's that a sync reads or writes.
func needed() map[string][]string {
	return map[string][]string{
		"users":                        {"id", "createdAt", "updatedAt", "nickname", "username", "email", "phone", "systemSettings", "sort", "mainDepartmentId"},
		"departments":                  {"id", "createdAt", "updatedAt", "title", "isLeaf", "parentId", "sort"},
		"main_departments_path":        {"nodePk", "path", "rootPk"},
		"departmentsUsers":             {"createdAt", "updatedAt", "departmentId", "userId", "isOwner"},
		"roles":                        {"name", "default"},
		"rolesUsers":                   {"createdAt", "updatedAt", "roleName", "userId"},
		"userDataSyncRecords":          {"id", "createdAt", "updatedAt", "sourceName", "sourceUk", "dataType", "metaData", "lastMetaData"},
		"userDataSyncRecordsResources": {"id", "createdAt", "updatedAt", "recordId", "resource", "resourcePk"},
	}
}

// check wants a database that is not ours to make to have what a sync needs.
func (db *DB) check(ctx context.Context) error {
	x := db.On(db)
	for _, table := range nocobase() {
		want := needed()[table]
		if want == nil {
			continue
		}
		columns, err := db.Columns(ctx, x, table)
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(want), func(name string) bool {
			return slices.ContainsFunc(columns, func(c Column) bool { return c.Name == name })
		})
		if len(missing) > 0 {
			return &Error{
				Kind: Misconfigured, Op: fmt.Sprintf("the table %s lacks %s", table, strings.Join(missing, ", ")),
				Hint: "is this NocoBase's database, of version 2, with the plugins user-data-sync and departments enabled?",
			}
		}
	}
	return nil
}
