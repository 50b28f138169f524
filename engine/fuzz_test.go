package engine_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// Whatever comes as a record of a push is counted as done or failed, and never
// takes the run with it.
func FuzzRecord(f *testing.F) {
	for _, record := range oddRecords {
		f.Add([]byte(record), true)
		f.Add([]byte(record), false)
	}
	db := schematest.Open(f, schematest.SQLite(f))
	e := engine.New(db, targets.All(db), zap.NewNop())
	f.Fuzz(func(t *testing.T, record []byte, user bool) { pushOdd(t, e, record, user) })
}

// PostgreSQL is stricter about what is a text and a number.
func TestOddRecordsOnPostgres(t *testing.T) {
	db := schematest.Open(t, schematest.Migrated(t))
	e := engine.New(db, targets.All(db), zap.NewNop())
	for _, record := range oddRecords {
		pushOdd(t, e, []byte(record), true)
		pushOdd(t, e, []byte(record), false)
	}
	checkInvariants(t, db)
}

func pushOdd(t *testing.T, e *engine.Engine, record []byte, user bool) {
	t.Helper()
	kind := plugin.Department
	if user {
		kind = plugin.User
	}
	body := engine.Body{DataType: string(kind), Records: func(yield func(json.RawMessage, error) bool) {
		yield(record, nil)
	}}
	r, err := e.Push(t.Context(), pushBodies("odd", "email", body), nil)
	if err != nil {
		t.Fatalf("Push(%q) = %v", record, err)
	}
	c := r.Task.Counts[string(kind)]
	if done := c.Created + c.Linked + c.Updated + c.Deleted + c.Unlinked + c.Unchanged; c.Total != 1 || done+c.Failed != 1 || min(done, c.Failed) < 0 {
		t.Errorf("Push(%q) counts %+v", record, c)
	}
	for _, result := range r.Result {
		for _, failed := range result.Detail.FailedRecords {
			if failed.Message == "" || !utf8.ValidString(failed.Message) || !json.Valid(failed.Record) {
				t.Errorf("Push(%q) fails with %q, %q", record, failed.Message, failed.Record)
			}
		}
	}
}

// oddRecords are what fuzzing starts from.
var oddRecords = []string{
	``, `null`, `7`, `"u1"`, `[]`, `{}`, `{"uid":null}`, `{"uid":""}`, `{"uid":" "}`, `{"uid":7}`, `{"uid":1e400}`, `{"uid":-0.50}`, `{"uid":true}`,
	`{"uid":"u1"}`, `{"uid":"u1"} {"uid":"u2"}`, `{"uid":"u1"`, `{"uid":"u1","uid":"u2"}`, `{"UID":"u1"}`,
	`{"uid":"u\u0000"}`, `{"uid":"u1","nickname":"a\u0000b"}`, `{"uid":"u1","shoe":"a\u0000b","sh\u0000e":1}`, `{"uid":"\ud800"}`, "{\"uid\":\"\xff\"}",
	`{"uid":"u1","nickname":{"a":1},"email":[1],"phone":true}`, `{"uid":"u1","email":"","phone":0.1e-7,"username":" "}`,
	`{"uid":"u1","departments":{}}`, `{"uid":"u1","departments":[null]}`, `{"uid":"u1","departments":[[]]}`, `{"uid":"u1","departments":["u1",7,{"uid":"u1","isOwner":1}]}`,
	`{"uid":"u1","departments":["u1",7,{"uid":"u1","isOwner":true,"isMain":null}]}`, `{"uid":"u1","parentUid":"u1"}`, `{"uid":"u1","parentUid":{}}`,
	`{"uid":"u1","isDeleted":true}`, `{"uid":"u1","isDeleted":"yes"}`, `{"uid":"u1","roles":["admin"],"password":"x","resetToken":"y"}`,
	`{"uid":"u1","id":1,"sort":"x","createdAt":1,"mainDepartmentId":5,"parentId":5,"isLeaf":false,"systemSettings":{},"passwordChangeTz":1,"appLang":"x"}`,
	`{"uid":"\\.","nickname":"\\N\t\r\n\\","title":"\\."}`, `{"uid":"u1","nickname":"\u202eمرحبا 😀 \u0001"}`, `{"uid":"?","title":"{users} [id] ' \" -- ;"}`,
	`{"uid":"u1","metaData":1e999999}`, `{"uid":"u1","seq":1,"_mask":"0","_raw":null}`,
}
