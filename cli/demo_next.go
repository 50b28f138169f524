package cli

import (
	"fmt"
	"strings"
)

// farewell says what can be done next; with the database, where it is kept.
func (a *app) farewell(url string, kept bool) error {
	next := &table{align: "ll"}
	if kept {
		next.add("roster tasks", "what was run")
		next.add("roster tasks show 3 -v", "what the third run did")
		next.add("roster health", "the database")
	} else {
		next.add("roster demo --keep demo", "the same, and its database stays")
		next.add("roster push examples/company.json", "another company, from a file")
		next.add("roster help", "all commands")
	}
	fmt.Fprintf(a.out, "\n%s\n", a.out.bold("Go on with"))
	if kept {
		fmt.Fprintln(a.out, "  export ROSTER_DB="+quoted(url))
	}
	if err := next.write(a.out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.out, "\nWith a WeCom of your own: docs/wecom.md. Into NocoBase's database: docs/in-nocobase.md")
	return err
}

// quoted is an argument as a shell takes it.
func quoted(arg string) string {
	if !strings.ContainsAny(arg, " \t'\"\\$`&;|<>()*?[]{}!#~") {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
