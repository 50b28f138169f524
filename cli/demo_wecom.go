package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

const (
	wecomAddress     = "127.0.0.1:8020"
	wecomDepartments = 200
)

// addServeWeCom lets cmd serve a simulated WeCom in place of what it does else.
func (a *app) addServeWeCom(cmd *cobra.Command) {
	const name = "serve-wecom"
	var address string
	play := cmd.RunE
	cmd.Flags().StringVar(&address, name, "", "serve a simulated WeCom on `HOST:PORT`, "+wecomAddress+" if none is given, until interrupted")
	cmd.Flags().Lookup(name).NoOptDefVal = wecomAddress
	cmd.Example += "\n  roster demo --serve-wecom"
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed(name) {
			return cobra.MaximumNArgs(1)(cmd, args) // "--serve-wecom ADDR", as one writes flags
		}
		return cobra.NoArgs(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed(name) {
			return play(cmd, args)
		}
		if len(args) > 0 {
			address = args[0]
		}
		return a.serveWeCom(cmd.Context(), address)
	}
}

// serveWeCom serves a made-up company until the first signal.
func (a *app) serveWeCom(ctx context.Context, address string) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	company := wecomtest.Crowd(demoPeople, wecomDepartments)
	app := wecomtest.App{AgentID: 1000002, Name: "Roster", Secret: "made-up-secret-of-the-app", Departments: []int64{1}, Withholds: true}
	company.PutApp(app)
	company.PutContacts(wecomtest.Contacts{Secret: "made-up-secret-of-contacts-sync"})
	s, err := wecomtest.Listen(company, address)
	if err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "listen on " + address, Err: err, Hint: "choose another address with --serve-wecom"}
	}
	defer s.Close()
	if err := a.introduceWeCom(wecomOptions{s.URL(), company.ID(), app.AgentID, app.Secret, "made-up-secret-of-contacts-sync"}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// wecomOptions are what a source takes to read the simulated WeCom.
type wecomOptions struct {
	BaseURL        string `json:"baseUrl"`
	CorpID         string `json:"corpId"`
	AgentID        int64  `json:"agentId"`
	Secret         string `json:"secret"`
	ContactsSecret string `json:"contactsSecret"`
}

// introduceWeCom says how it is read and changed.
func (a *app) introduceWeCom(o wecomOptions) error {
	if a.json {
		return a.printJSON(o)
	}
	options, err := json.Marshal(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "A simulated WeCom: %s people in %d departments, until it is interrupted.\n\n", humanize.Comma(demoPeople), wecomDepartments)
	t := &table{align: "ll"}
	t.add("base URL", o.BaseURL)
	t.add("corp id", o.CorpID)
	t.add("agent id", fmt.Sprint(o.AgentID))
	t.add("secret", o.Secret)
	t.add("secret of contacts sync", o.ContactsSecret)
	if err := t.write(a.out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, `
%s
  roster sources add wecom --type wecom --options - <<'END'
%s
END
  roster sync wecom

%s
  curl -X DELETE %[4]s/simulator/members/Li00002
  curl -X PUT %[4]s/simulator/members -d '{"userid": "new.hire", "name": "New Hire", "places": [{"department": 2}]}'
`, a.out.bold("Read it"), options, a.out.bold("Change it, and read it again"), o.BaseURL)
	return err
}
