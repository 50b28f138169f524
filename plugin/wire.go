package plugin

import "encoding/json"

// The words of the wire between Roster and an adapter. Roster says them to
// whoever registered an adapter, and answers them for the adapters it has:
// package rpc documents each method.

// UserData is records of one type, in NocoBase's words.
type UserData struct {
	DataType Type     `json:"dataType"`
	Records  []Record `json:"records"`
}

// Group gives records as UserData, in their order: a run of one type is one
// UserData.
func Group(records []Record) []UserData {
	data := []UserData{}
	for _, r := range records {
		if n := len(data); n == 0 || data[n-1].DataType != r.Type {
			data = append(data, UserData{DataType: r.Type})
		}
		last := &data[len(data)-1]
		last.Records = append(last.Records, r)
	}
	return data
}

// Ungroup gives the records of UserData, each with its type.
func Ungroup(data []UserData) []Record {
	var records []Record
	for _, d := range data {
		for _, r := range d.Records {
			r.Type = d.DataType
			records = append(records, r)
		}
	}
	return records
}

type (
	// OpenParams are those of source/open.
	OpenParams struct {
		SourceType string          `json:"sourceType" jsonschema:"of registry/listSourceTypes"`
		Name       string          `json:"name,omitempty" jsonschema:"of the source, for messages"`
		Options    json.RawMessage `json:"options,omitempty" jsonschema:"as the type's optionsSchema says, secrets in clear"`
	}
	// OpenResult is that of source/open.
	OpenResult struct {
		Session string `json:"session" jsonschema:"names the open source until source/close"`
	}
	// SessionParams are those of source/ack, source/check and source/close.
	SessionParams struct {
		Session string `json:"session"`
	}
	// ReadParams are those of source/read.
	ReadParams struct {
		Session    string          `json:"session"`
		State      json.RawMessage `json:"state,omitempty" jsonschema:"of the first read: go on after the page that carried it; absent: from the beginning"`
		MaxRecords int             `json:"maxRecords,omitempty" jsonschema:"how many records to answer with at most; absent or 0: 1000"`
	}
	// ReadResult is that of source/read. Without pages, and not done, nothing is there yet.
	ReadResult struct {
		Pages []UserData      `json:"pages" jsonschema:"to be stored and then acknowledged with source/ack"`
		State json.RawMessage `json:"state,omitempty" jsonschema:"to go on from, once these pages are stored"`
		Done  bool            `json:"done" jsonschema:"nothing more comes; the next read begins another reading"`
		// The rest is the Reading, in the answer that is done.
		Complete bool         `json:"complete,omitempty" jsonschema:"all pages together are all that the system has of the types they speak of"`
		Confirm  bool         `json:"confirm,omitempty" jsonschema:"what is not in it may be there all the same: it is asked for with source/lookup before it is taken for gone"`
		Counts   map[Type]int `json:"counts,omitempty" jsonschema:"how many records of each type that was"`
		Gone     []Ref        `json:"gone,omitempty" jsonschema:"records that do not exist any more"`
		Hidden   []Ref        `json:"hidden,omitempty" jsonschema:"records of which cannot be seen whether they exist"`
		Warnings []string     `json:"warnings,omitempty" jsonschema:"what could not be read, and why"`
	}
	// LookupParams are those of source/lookup.
	LookupParams struct {
		Session string `json:"session"`
		Refs    []Ref  `json:"refs" jsonschema:"the records to read"`
	}
	// LookupResult is that of source/lookup: every ref is found, gone or hidden.
	LookupResult struct {
		Found  []UserData `json:"found"`
		Gone   []Ref      `json:"gone"`
		Hidden []Ref      `json:"hidden"`
	}
	// CheckResult is that of source/check.
	CheckResult struct {
		Steps  []Step     `json:"steps"`
		Sample []UserData `json:"sample"`
	}
	// WebhookParams are those of source/webhook.
	WebhookParams struct {
		Session string            `json:"session,omitempty" jsonschema:"an open source: the events come back"`
		Source  string            `json:"source,omitempty" jsonschema:"the name of a source that Roster has: it keeps the events and acts on them"`
		Method  string            `json:"method"`
		Query   string            `json:"query,omitempty" jsonschema:"as it was sent, without the question mark"`
		Headers map[string]string `json:"headers,omitempty"`
		Body    string            `json:"body,omitempty" jsonschema:"as text; with bodyEncoding base64, so encoded"`
		// Base64 marks bodies that are no text.
		BodyEncoding string `json:"bodyEncoding,omitempty" jsonschema:"base64, or absent"`
	}
	// WebhookResult is that of source/webhook.
	WebhookResult struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
		// Base64 marks bodies that are no text.
		BodyEncoding string  `json:"bodyEncoding,omitempty"`
		Events       []Event `json:"events" jsonschema:"what changed; already kept where the params named a source"`
	}
)

type (
	// OriginRecord is a record as NocoBase hands it to a UserDataResource.
	OriginRecord struct {
		ID         string `json:"id"`
		SourceName string `json:"sourceName"`
		SourceUk   string `json:"sourceUk"`
		DataType   Type   `json:"dataType"`
		MetaData   Record `json:"metaData"`
		Resources  []Link `json:"resources"`
	}
	// CreateParams are those of target/create.
	CreateParams struct {
		Target   string       `json:"target"`
		Key      string       `json:"key" jsonschema:"the same key is the same change: it is not made twice"`
		Record   OriginRecord `json:"record"`
		MatchKey string       `json:"matchKey,omitempty"`
	}
	// UpdateParams are those of target/update.
	UpdateParams struct {
		Target      string       `json:"target"`
		Key         string       `json:"key" jsonschema:"the same key is the same change: it is not made twice"`
		Record      OriginRecord `json:"record"`
		ResourcePks []string     `json:"resourcePks"`
		MatchKey    string       `json:"matchKey,omitempty"`
	}
	// ApplyParams are those of target/apply.
	ApplyParams struct {
		Target  string       `json:"target"`
		Changes []WireChange `json:"changes"`
	}
	// WireChange is a Change.
	WireChange struct {
		Key         string       `json:"key" jsonschema:"the same key is the same change: it is not made twice"`
		Op          Op           `json:"op" jsonschema:"create, update or delete"`
		Record      OriginRecord `json:"record"`
		ResourcePks []string     `json:"resourcePks"`
		MatchKey    string       `json:"matchKey,omitempty"`
	}
	// ApplyResult is that of target/apply.
	ApplyResult struct {
		Outcomes []WireOutcome `json:"outcomes" jsonschema:"one for each change"`
	}
	// WireOutcome is an Outcome.
	WireOutcome struct {
		Key         string     `json:"key"`
		ResourcePks []string   `json:"resourcePks,omitempty" jsonschema:"the target's rows for the record now"`
		Error       *WireError `json:"error,omitempty"`
	}
	// WireError is an Error where it travels in an answer.
	WireError struct {
		Kind         Kind   `json:"kind"`
		Message      string `json:"message"`
		Hint         string `json:"hint,omitempty"`
		Path         string `json:"path,omitempty"`
		RetryAfterMs int64  `json:"retryAfterMs,omitempty"`
	}
	// FindParams are those of target/find.
	FindParams struct {
		Target   string   `json:"target" jsonschema:"of registry/listTargets"`
		DataType Type     `json:"dataType" jsonschema:"the type of the records that the rows are for"`
		Field    string   `json:"field" jsonschema:"id, or a field that records state: username, email, phone, title"`
		Values   []string `json:"values" jsonschema:"up to 1000"`
	}
	// FindResult is that of target/find.
	FindResult struct {
		Rows []Found `json:"rows"`
	}
)
