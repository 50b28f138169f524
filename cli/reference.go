package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed configuration.tmpl
var configurationPage string

// A commandPage is what the reference says of a command.
type commandPage struct {
	Use, Short string
	Flags      []flagRow
}

type flagRow struct{ Flag, Default, About string }

// configuration gives the reference of commands, flags and variables.
func (a *app) configuration() ([]byte, error) {
	root := a.command()
	page, err := template.New("").Parse(configurationPage)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, struct {
		Global   []flagRow
		Commands []commandPage
	}{flagsOf(root.PersistentFlags()), commandsOf(root)})
	return b.Bytes(), err
}

// commandsOf are the commands below cmd that do something, as help lists them.
func commandsOf(cmd *cobra.Command) []commandPage {
	var pages []commandPage
	for _, c := range cmd.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		pages = append(pages, commandPage{strings.TrimSuffix(c.UseLine(), " [flags]"), c.Short, flagsOf(c.LocalNonPersistentFlags())})
		pages = append(pages, commandsOf(c)...)
	}
	return pages
}

func flagsOf(flags *pflag.FlagSet) []flagRow {
	var rows []flagRow
	flags.VisitAll(func(f *pflag.Flag) {
		kind, about := pflag.UnquoteUsage(f)
		flag := "--" + f.Name
		if f.Shorthand != "" {
			flag = "-" + f.Shorthand + ", " + flag
		}
		row := flagRow{Flag: "`" + strings.TrimSpace(flag+" "+kind) + "`", About: strings.ReplaceAll(about, "|", `\|`)}
		if f.DefValue != "" && f.DefValue != "false" {
			row.Default = fmt.Sprintf("`%s`", f.DefValue)
		}
		if f.Name != "help" {
			rows = append(rows, row)
		}
	})
	return rows
}
