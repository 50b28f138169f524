package rpc

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/nocobase-roster/roster/rpc/call"
)

// TypeScript gives the declarations of the wire of a Roster of this version, the
// same every time: types of all params and results, and maps of the methods.
// They come from the table of methods and the Go types, as OpenRPC does.
func TypeScript(version string) ([]byte, error) {
	v, err := newVocabulary()
	if err != nil {
		return nil, err
	}
	maps, err := v.methodMaps()
	if err != nil {
		return nil, err
	}
	data, err := v.notation(reflect.TypeFor[call.ErrorData]())
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// The wire of Roster %s, protocol version %s: JSON-RPC 2.0, described in protocol.md.\n// Made from the code by \"roster generate\": edit that instead.\n\n", version, protocolVersion)
	b.WriteString(maps)
	fmt.Fprintf(&b, "/** An error as it is answered. */\nexport interface ResponseError {\n  code: ErrorCode;\n  message: string;\n  data?: %s;\n}\n\n", data)
	fmt.Fprintf(&b, "/** See the table of errors in protocol.md. */\nexport type ErrorCode =%s;\n\n", codeUnion())
	for _, t := range v.types {
		t.declare(&b)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

// methodMaps declares what is called by its name.
func (v *vocabulary) methodMaps() (string, error) {
	var b strings.Builder
	served, told := split(methods())
	for _, m := range []struct {
		name, about string
		methods     []methodInfo
	}{
		{"Methods", "What Roster answers.", served},
		{"Notifications", "What a host may tell Roster.", told},
		{"HostMethods", "What Roster asks of a host that has registered an adapter.", hostMethods()},
		{"HostNotifications", "What Roster tells a host.", hostNotifications()},
	} {
		fmt.Fprintf(&b, "/** %s */\nexport interface %s {\n", m.about, m.name)
		for _, method := range m.methods {
			notation, err := v.ofMethod(method)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "  /** %s */\n  %q: %s;\n", method.summary, method.name, notation)
		}
		b.WriteString("}\n\n")
	}
	return b.String(), nil
}

// split gives the methods that are answered, and the notifications.
func split(all []methodInfo) (served, told []methodInfo) {
	for _, m := range all {
		if m.notification() {
			told = append(told, m)
		} else {
			served = append(served, m)
		}
	}
	return served, told
}

// ofMethod gives the notation of a method's params and result.
func (v *vocabulary) ofMethod(m methodInfo) (string, error) {
	params, err := v.notation(m.params)
	if err != nil || m.notification() {
		return "{ params: " + params + " }", err
	}
	result, err := v.notation(m.result)
	return "{ params: " + params + "; result: " + result + " }", err
}

// declare declares a type.
func (t wireType) declare(b *strings.Builder) {
	if t.about != "" {
		fmt.Fprintf(b, "/** %s */\n", t.about)
	}
	if t.notation != "" {
		fmt.Fprintf(b, "export type %s = %s;\n\n", t.name, t.notation)
		return
	}
	fmt.Fprintf(b, "export interface %s {\n", t.name)
	for _, m := range t.members {
		m.write(b, "  ")
	}
	b.WriteString("}\n\n")
}

func codeUnion() string {
	var b strings.Builder
	for _, e := range call.Codes() {
		fmt.Fprintf(&b, "\n  | %d // %s: %s", e.Code, e.Name, e.Means)
	}
	return b.String() + "\n"
}
