package rpc

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// A server without an engine is an adapter: it has the methods of adapters and
// no other, and its targets are written to themselves.
func TestWithoutAnEngineAServerIsAnAdapter(t *testing.T) {
	var adapters plugin.Registry
	register := new(plugintest.Register)
	if err := adapters.AddTarget(register.Shelf().Info, register); err != nil {
		t.Fatal(err)
	}
	server := Server{Name: "mine", Version: "7", Adapters: &adapters, Log: zap.NewNop()}
	const record = `"record":{"id":"1","sourceName":"hr","sourceUk":"u1","dataType":"user","metaData":{"uid":"u1","email":"a@b"},"resources":[]}`
	in := strings.Join([]string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1"}}`,
		`{"jsonrpc":"2.0","id":2,"method":"target/create","params":{"target":"register","key":"k",` + record + `}}`,
	}, "\n") + "\n"
	got := answersOf(t, &server, in)
	want := []string{
		`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1","server":{"name":"mine","version":"7"},"capabilities":{"push":false,"progress":false,"cancel":true,"pull":true,"registry":false,"changed":false},` +
			`"limits":{"maxFrameBytes":16777216,"maxRequestsInFlight":64,"maxBytesInFlight":67108864,"maxOpenSources":16,"sourceIdleMs":900000}}}`,
		`{"jsonrpc":"2.0","id":2,"result":[{"resourcesPk":"1"}]}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers mismatch (-want +got):\n%s", diff)
	}
	if n := len(register.Holds()); n != 1 {
		t.Errorf("the target holds %d records, want 1", n)
	}
}

func TestAnAdapterPassesOverWhatANewerRosterSends(t *testing.T) {
	got := answersOf(t, &Server{Adapters: new(plugin.Registry)}, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1","later":1,"limits":{"later":[]}}}`+"\n"+
		`{"jsonrpc":"2.0","id":2,"method":"target/apply","params":{"target":"other","changes":[],"later":{}}}`+"\n"+
		`{"jsonrpc":"2.0","id":3,"method":"target/apply","params":{"later":{}}}`+"\n")
	slices.Sort(got) // by their ids: 2 and 3 are answered as they are done
	for i, want := range []string{`"result"`, `"code":1009,`, `"code":-32602,`} {
		if i >= len(got) || !strings.Contains(got[i], want) {
			t.Errorf("answer %d of %q has no %s", i+1, got, want)
		}
	}
}

func TestWhatAnAdapterDoesNotHaveIsSaid(t *testing.T) {
	for method, code := range map[string]string{
		`"sync/push","params":{}`:                                                              "-32601",
		`"registry/registerTarget","params":{}`:                                                "-32601",
		`"source/webhook","params":{"source":"hr","method":"GET"}`:                             "1010",
		`"target/apply","params":{"target":"other","changes":[]}`:                              "1009",
		`"target/find","params":{"target":"other","dataType":"user","field":"id","values":[]}`: "1009",
	} {
		got := answersOf(t, &Server{Adapters: new(plugin.Registry)}, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1"}}`+"\n"+
			`{"jsonrpc":"2.0","id":2,"method":`+method+"}\n")
		if len(got) != 2 || !strings.Contains(got[1], `"code":`+code+",") {
			t.Errorf("%s is answered with %q, want the code %s", method, got, code)
		}
	}
}

// answersOf gives what a server says to the lines of in.
func answersOf(t *testing.T, s *Server, in string) []string {
	t.Helper()
	var out strings.Builder
	if err := s.Serve(t.Context(), strings.NewReader(in), &out); err != nil {
		t.Fatalf("Serve() = %v", err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}
