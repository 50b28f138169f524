package demo

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/serve"
)

// News are what WeCom tells while the story goes on.
type news struct {
	at         time.Time // when the first of it happened
	was, login string    // of somebody who is called otherwise now
	user       int64     // the id of the user who that is
	leads      string    // the login of who leads a department now
}

// An acted is the end of a run on what WeCom has sent.
type acted struct {
	task engine.Task
	at   time.Time
}

// watch is told of the runs that the engine does by itself.
func (s *Story) watch(task engine.Task, _ engine.Progress) {
	if task.Kind == "events" && task.FinishedAt != nil {
		select {
		case s.acted <- acted{task, time.Now()}:
		default: // the first one is looked at
		}
	}
}

// listen takes callbacks as roster serve does, and gives the address to send
// those of the source to.
func (s *Story) listen(ctx context.Context) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", &plugin.Error{Kind: plugin.Transient, Msg: "take callbacks", Err: err, Hint: "it needs a port of 127.0.0.1"}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server := &serve.Server{Engine: s.engine, Adapters: s.adapters, Log: s.log, Limits: serve.DefaultLimits()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(ctx, listener) // the error of a listener that is closed
	}()
	s.stop = func() { cancel(); <-done }
	return "http://" + listener.Addr().String() + "/callback/" + sourceName, nil
}

func (s *Story) happens(ctx context.Context) ([]string, error) {
	s.company.Show(s.company.Regions()...)
	url, err := s.listen(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.company.Call(url); err != nil {
		return nil, &plugin.Error{Kind: plugin.Internal, Msg: "WeCom does not take the address for callbacks", Err: err}
	}
	n := &s.news
	n.at = time.Now()
	n.was, n.login = s.company.Rename()
	n.leads = s.company.Promote()
	if n.user, err = s.userID(ctx, n.was); err != nil {
		return nil, err
	}
	return []string{
		"roster serve takes callbacks at " + url + ": WeCom has verified it.",
		fmt.Sprintf("In WeCom, %s is renamed to %s, and %s leads %s.", n.was, n.login, s.company.Person(n.leads).Name, s.leads(n.leads)),
	}, nil
}

// userID is the id of the user of that name.
func (s *Story) userID(ctx context.Context, username string) (id int64, err error) {
	err = s.db.On(s.db).Get(ctx, &id, `SELECT coalesce(max(id), 0) FROM {users} WHERE username = ?`, username)
	return id, schema.Wrap(err, "look up a user")
}

// patience is how long is waited for what takes a second or two.
const patience = 30 * time.Second

func (s *Story) follows(ctx context.Context, _ Tell) (*Outcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, &plugin.Error{Kind: plugin.Internal, Msg: "nobody acted on what WeCom has sent"})
	defer cancel()
	var run acted
	select {
	case run = <-s.acted:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	items, err := s.engine.Items(ctx, engine.ItemFilter{Task: run.task.ID})
	if err != nil {
		return nil, err
	}
	o := &Outcome{Report: &engine.Report{Task: run.task, Items: items}}
	id, err := s.userID(ctx, s.news.login)
	if err != nil {
		return nil, err
	}
	sent := s.wecom.Delivered()
	o.fact(sent.Accepted == 2, fmt.Sprintf("two encrypted callbacks, and %.1f s after it happened NocoBase had it", run.at.Sub(s.news.at).Seconds()))
	o.fact(id != 0 && id == s.news.user, fmt.Sprintf("%s is the user that %s was, with the same id", s.news.login, s.news.was))
	return o, s.agree(ctx, o, s.byHand())
}
