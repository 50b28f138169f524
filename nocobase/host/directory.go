package host

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
)

// A Department is a department as NocoBase shows it. Fields are all of it, by name.
type Department struct {
	ID       int64
	Title    string
	ParentID int64
	IsLeaf   bool
	Owners   []struct{ ID int64 }
	Members  []struct{ ID int64 }
	Fields   map[string]any `json:"-"`
}

// A User is a user as NocoBase shows it. Fields are all of it, by name.
type User struct {
	ID                               int64
	Username, Nickname, Email, Phone string
	MainDepartmentID                 int64
	Departments                      []struct {
		ID      int64
		Through struct{ IsOwner bool } `json:"departmentsUsers"`
	}
	Roles  []struct{ Name string }
	Fields map[string]any `json:"-"`
}

// UnmarshalJSON keeps the fields that this package does not know as well.
func (d *Department) UnmarshalJSON(text []byte) error {
	type plain Department
	if err := json.Unmarshal(text, (*plain)(d)); err != nil {
		return err
	}
	return all(text, &d.Fields)
}

// UnmarshalJSON keeps the fields that this package does not know as well.
func (u *User) UnmarshalJSON(text []byte) error {
	type plain User
	if err := json.Unmarshal(text, (*plain)(u)); err != nil {
		return err
	}
	return all(text, &u.Fields)
}

// all reads every field, and numbers with all their digits.
func all(text []byte, fields *map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(fields)
}

// A Branch is a department in the tree, with those below it.
type Branch struct {
	ID       int64
	Title    string
	Children []Branch
}

// Users lists everybody, in the order of their ids, with the relations named.
func (c *Client) Users(ctx context.Context, relations ...string) ([]User, error) {
	return list[User](ctx, c, "users", "id", relations)
}

// Departments lists all departments in their order, with the relations named.
func (c *Client) Departments(ctx context.Context, relations ...string) ([]Department, error) {
	return list[Department](ctx, c, "departments", "sort", relations)
}

// Tree gives the departments as a tree. It asks with a filter, which all pass,
// for NocoBase then reads the table of paths.
func (c *Client) Tree(ctx context.Context) ([]Branch, error) {
	var roots []Branch
	query := url.Values{"paginate": {"false"}, "sort": {"sort"}, "tree": {"true"}, "filter": {`{"id.$gt":0}`}}
	err := c.Do(ctx, "departments:list", query, nil, &roots)
	return roots, err
}

// list reads page by page: NocoBase takes minutes to list thousands of rows at
// once with their relations.
func list[T any](ctx context.Context, c *Client, collection, sort string, relations []string) ([]T, error) {
	const size = 200
	var everything []T
	for page := 1; ; page++ {
		var rows []T
		query := url.Values{"page": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(size)}, "sort": {sort, "id"}, "appends": relations}
		if err := c.Do(ctx, collection+":list", query, nil, &rows); err != nil {
			return nil, err
		}
		if everything = append(everything, rows...); len(rows) < size {
			return everything, nil
		}
	}
}

// A SyncRecord is what NocoBase keeps of a record that was pushed.
type SyncRecord struct {
	SourceName, DataType string
	SourceUK             string `json:"sourceUk"`
	Resources            []struct {
		Resource   string
		ResourcePK string `json:"resourcePk"`
	}
}

// SyncRecords lists what NocoBase keeps of pushed records, with their links.
func (c *Client) SyncRecords(ctx context.Context) ([]SyncRecord, error) {
	return list[SyncRecord](ctx, c, "userDataSyncRecords", "id", []string{"resources"})
}
