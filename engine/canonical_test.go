package engine

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What is kept of a record must read as what was sent, whatever is in it.
func FuzzCanonicalReadsAsWhatWasSent(f *testing.F) {
	for _, s := range []string{
		`{"b":1,"a":[true,null,1.50,"x"],"é":{"z":"\u0000\"\\","y":1e400}}`, `"\ud83d\ude00 <b>&"`, `[]`, `{}`, `-0`, `12345678901234567890`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sent, ok := decodeAny(raw)
		if !ok {
			return
		}
		once := appendCanonical(nil, sent)
		kept, ok := decodeAny(once)
		if !ok {
			t.Fatalf("appendCanonical(%q) = %q, which is no JSON", raw, once)
		}
		if again := appendCanonical(nil, kept); !bytes.Equal(once, again) {
			t.Errorf("canonical form of %q: once %q, again %q", raw, once, again)
		}
		want, _ := json.Marshal(sent)
		got, _ := json.Marshal(kept)
		if !bytes.Equal(want, got) {
			t.Errorf("%q is kept as %q", want, got)
		}
	})
}

func decodeAny(raw []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return v, d.Decode(&v) == nil
}
