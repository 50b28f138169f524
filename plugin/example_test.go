package plugin_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// A source in twenty lines: people in a text of lines, "uid name".
func Example_source() {
	type options struct {
		Text string `json:"text"`
	}
	driver := plugin.NewDriver(plugin.SourceType{
		Name: "lines", Title: "Lines of text", DataTypes: []plugin.Type{plugin.User},
		OptionsSchema: json.RawMessage(`{"type":"object","properties":{"text":{"type":"string","title":"Text","description":"A person a line."}}}`),
		Capabilities:  plugin.Capabilities{Pull: true},
	}, func(_ context.Context, o options, _ *zap.Logger) (plugin.Source, error) {
		return lines(o.Text), nil
	})

	source, err := driver.Open(context.Background(), plugin.Setup{Name: "staff", Options: json.RawMessage(`{"text":"ada Ada\nben Ben"}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	reading, err := source.Read(context.Background(), plugin.Request{}, func(p plugin.Page) error {
		for _, r := range p.Records {
			text, _ := json.Marshal(r)
			fmt.Println(r.Type, string(text))
		}
		return nil
	})
	fmt.Println(reading.Complete, reading.Counts[plugin.User], err)
	// Output:
	// user {"nickname":"Ada","uid":"ada"}
	// user {"nickname":"Ben","uid":"ben"}
	// true 2 <nil>
}

// Lines are people, one a line.
type lines string

func (l lines) Read(ctx context.Context, _ plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	var page plugin.Page
	for s := bufio.NewScanner(strings.NewReader(string(l))); s.Scan(); {
		uid, name, _ := strings.Cut(s.Text(), " ")
		page.Records = append(page.Records, plugin.Record{Type: plugin.User, UID: uid, Attrs: map[string]any{"nickname": name}})
	}
	if err := emit(page); err != nil {
		return plugin.Reading{}, err
	}
	return plugin.Reading{Complete: true, Counts: map[plugin.Type]int{plugin.User: len(page.Records)}}, ctx.Err()
}

// A target in fifteen lines: a phone book, written one record at a time.
func ExamplePerRecord() {
	book := map[string]string{}
	write := func(_ context.Context, c plugin.Change) ([]plugin.Written, error) {
		row := c.Record.UID
		if c.Record.Deleted {
			delete(book, row)
			return []plugin.Written{{Row: row, Deleted: true}}, nil
		}
		book[row] = fmt.Sprint(c.Record.Attrs["phone"])
		return []plugin.Written{{Row: row}}, nil
	}
	var registry plugin.Registry
	info := plugin.TargetInfo{Name: "phone-book", Accepts: []plugin.Type{plugin.User}, After: []string{"users"}}
	if err := registry.AddTarget(info, plugin.PerRecord(write, write)); err != nil {
		fmt.Println(err)
		return
	}

	ada := plugin.Record{Type: plugin.User, UID: "ada", Attrs: map[string]any{"phone": "+44 1"}}
	outcomes, err := registry.Target("phone-book").Apply(context.Background(), []plugin.Change{{Key: "1", Op: plugin.Create, Record: ada}})
	fmt.Println(book, outcomes[0].Rows, err)
	// Output: map[ada:+44 1] [ada] <nil>
}

// A source whose system tells of changes: it checks the signature, and says what
// to read again.
func ExampleReceiver() {
	var source plugin.Receiver = signed{lines(""), "hunter2"}
	body := []byte(`{"changed":"ada"}`)
	for _, signature := range []string{sign("hunter2", body), "forged"} {
		answer, events, err := source.Receive(context.Background(), plugin.Callback{
			Method: http.MethodPost, Header: http.Header{"X-Signature": {signature}}, Body: body,
		})
		fmt.Println(answer.Status, err)
		for _, event := range events {
			fmt.Println("look at", event.Type, event.UID)
		}
	}
	// Output:
	// 0 <nil>
	// look at user ada
	// 403 <nil>
}

// Signed is a source that takes callbacks.
type signed struct {
	lines
	key plugin.Secret
}

func (s signed) Receive(_ context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	if !hmac.Equal([]byte(sign(s.key, c.Body)), []byte(c.Header.Get("X-Signature"))) {
		return plugin.Answer{Status: http.StatusForbidden}, nil, nil
	}
	var body struct{ Changed string }
	if err := json.Unmarshal(c.Body, &body); err != nil {
		return plugin.Answer{Status: http.StatusBadRequest}, nil, nil
	}
	return plugin.Answer{}, []plugin.Event{{Type: plugin.User, UID: body.Changed}}, nil
}

func sign(key plugin.Secret, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
