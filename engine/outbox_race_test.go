package engine_test

import (
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// On SQLite the two cannot meet: a transaction has the database to itself.
func TestAChangeThatIsRefusedWhileALaterOneIsWrittenGivesWay(t *testing.T) {
	each(t, func(c *company) {
		if c.db.Dialect() != "postgres" {
			return
		}
		crm := newCRM()
		c.registers(crm)
		crm.troubled(failing(plugin.Transient, "1"))
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`))
		reached, open := c.gate()
		sent, refuse := make(chan struct{}), make(chan struct{})
		crm.troubled(func(changes []plugin.Change) ([]plugin.Outcome, error, bool) {
			close(sent)
			<-refuse
			crm.trouble = nil
			return failing(plugin.Data, "1")(changes)
		})
		var group errgroup.Group
		settled := make(chan struct{})
		group.Go(func() error { defer close(settled); c.delivers(); return nil })
		<-sent
		group.Go(func() error {
			_, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"1","nickname":"Anna"}`)})}, nil)
			return err
		})
		for !reached() { // the later change is written, and not committed
		}
		close(refuse)
		for waits := false; !waits; { // or has settled already
			select {
			case <-settled:
				waits = true
			default:
				waits = c.list(`SELECT count(*) FROM pg_locks WHERE NOT granted`)[0] != "0"
			}
		}
		open()
		c.ok(group.Wait())
		c.delivers()
		c.same("crm", crm.has(), "c1 Anna")
		c.same("outbox", c.waiting())
	})
}

// gate holds whoever puts a change into the outbox until it is opened.
func (c *company) gate() (reached func() bool, open func()) {
	c.Helper()
	for _, q := range []string{
		`CREATE TABLE gate (open integer)`, `CREATE SEQUENCE gate_reached`,
		`CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			PERFORM nextval('gate_reached');
			LOOP
				EXIT WHEN EXISTS (SELECT 1 FROM gate);
				PERFORM pg_sleep(0.01);
			END LOOP;
			RETURN NEW;
		END $$`,
		`CREATE TRIGGER wait_at_gate BEFORE INSERT ON {outbox} FOR EACH ROW EXECUTE FUNCTION wait_at_gate()`,
	} {
		c.hand(q)
	}
	return func() bool { return c.list(`SELECT count(*) FROM gate_reached WHERE is_called`)[0] == "1" },
		func() { c.hand(`INSERT INTO gate VALUES (1)`) }
}
