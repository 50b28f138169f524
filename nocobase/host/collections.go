package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
)

// Values are fields of a row.
type Values map[string]any

// Create makes a row in a collection and gives its id.
func (c *Client) Create(ctx context.Context, collection string, values Values) (id int64, err error) {
	var row struct{ ID int64 }
	err = c.Do(ctx, collection+":create", nil, values, &row)
	return row.ID, err
}

// Update changes fields of a row.
func (c *Client) Update(ctx context.Context, collection string, id int64, values Values) error {
	return c.Do(ctx, collection+":update", byID(id), values, nil)
}

// Destroy removes a row.
func (c *Client) Destroy(ctx context.Context, collection string, id int64) error {
	return c.Do(ctx, collection+":destroy", byID(id), struct{}{}, nil)
}

// Find gives the ids of the rows that a filter of NocoBase's selects.
func (c *Client) Find(ctx context.Context, collection string, filter Values) ([]int64, error) {
	text, err := json.Marshal(filter)
	if err != nil {
		return nil, err
	}
	var rows []struct{ ID int64 }
	err = c.Do(ctx, collection+":list", url.Values{"paginate": {"false"}, "sort": {"id"}, "filter": {string(text)}}, nil, &rows)
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids, err
}

// AddMember puts a user into a department.
func (c *Client) AddMember(ctx context.Context, department, user int64) error {
	return c.Do(ctx, fmt.Sprintf("departments/%d/members:add", department), nil, []int64{user}, nil)
}

// RemoveMember takes a user out of a department.
func (c *Client) RemoveMember(ctx context.Context, department, user int64) error {
	return c.Do(ctx, fmt.Sprintf("departments/%d/members:remove", department), nil, []int64{user}, nil)
}

// SetOwner makes a member of a department its owner.
func (c *Client) SetOwner(ctx context.Context, department, user int64) error {
	return c.Do(ctx, "departments:setOwner", nil, Values{"departmentId": department, "userId": user}, nil)
}

// CreateField adds a column to the users, as NocoBase's data source manager does.
func (c *Client) CreateField(ctx context.Context, collection string, field Values) error {
	return c.Do(ctx, "collections/"+collection+"/fields:create", nil, field, nil)
}

// CreateCollection makes a collection whose rows belong to users: holder is the
// user, and onDelete what becomes of a row when the user goes.
func (c *Client) CreateCollection(ctx context.Context, name, onDelete string) error {
	return c.Do(ctx, "collections:create", nil, Values{
		"name": name, "title": name, "template": "general", "autoGenId": true,
		"fields": []Values{
			{"name": "id", "type": "bigInt", "autoIncrement": true, "primaryKey": true, "allowNull": false},
			{"name": "label", "type": "string", "interface": "input"},
			{"name": "holder", "type": "belongsTo", "interface": "m2o", "target": "users", "foreignKey": "holderId", "targetKey": "id", "onDelete": onDelete},
		},
	}, nil)
}

// byID selects one row.
func byID(id int64) url.Values { return url.Values{"filterByTk": {strconv.FormatInt(id, 10)}} }
