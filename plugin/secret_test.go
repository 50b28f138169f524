package plugin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/plugin"
)

func TestSecretNeverPrints(t *testing.T) {
	const text = "hunter2"
	type holder struct {
		Secret  plugin.Secret
		Pointer *plugin.Secret
		Map     map[string]plugin.Secret
	}
	s := plugin.Secret(text)
	h := holder{s, &s, map[string]plugin.Secret{"a": s}}
	for _, v := range []any{s, &s, []plugin.Secret{s}, h, &h} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s"} {
			hide(t, text, verb, fmt.Sprintf(verb, v))
		}
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Errorf("Marshal(%T) = %v", v, err)
		}
		hide(t, text, "json", string(encoded))
	}
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	fields := []zap.Field{zap.Any("a", s), zap.Any("b", h), zap.Stringer("c", s), zap.Reflect("d", &h), zap.Any("e", []plugin.Secret{s}), zap.Error(fmt.Errorf("open %v", s))}
	line, err := encoder.EncodeEntry(zapcore.Entry{}, fields)
	if err != nil {
		t.Fatal(err)
	}
	hide(t, text, "zap", line.String())
}

func hide(t *testing.T, secret, how, printed string) {
	t.Helper()
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
		if strings.Contains(printed, form) {
			t.Errorf("%s printed the secret: %s", how, printed)
		}
	}
}

func TestSecretIsRead(t *testing.T) {
	var got struct{ A, B, C plugin.Secret }
	got.B = "kept"
	if err := json.Unmarshal([]byte(`{"A":"hunter2","B":null}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.A.Reveal() != "hunter2" || got.B.Reveal() != "kept" || got.C.Reveal() != "" || got.C.String() != "" {
		t.Errorf("read %q, %q, %q; want hunter2, kept and nothing", got.A.Reveal(), got.B.Reveal(), got.C.Reveal())
	}
	if err := json.Unmarshal([]byte(`{"A":7}`), &got); err == nil {
		t.Error("Unmarshal of a number = nil, want an error")
	}
}
