package wecomtest

import (
	"context"
	"sync"
	"time"
)

// A postOffice delivers messages, as long as there are any, by goroutines that
// end when there are none.
type postOffice struct {
	corpID string

	mu      sync.Mutex // guards what follows
	idle    *sync.Cond
	line    *line // nil: nobody is told
	ctx     context.Context
	giveUp  context.CancelFunc
	waiting []string
	working int
	sum     Delivery
}

func newPostOffice(corpID string) *postOffice {
	p := &postOffice{corpID: corpID}
	p.idle = sync.NewCond(&p.mu)
	return p
}

// Delivered waits until no message is on its way to a callback address, and
// says what became of all that there were. Changes made meanwhile count.
func (s *Server) Delivered() Delivery { return s.company.post.settle() }

// Notify sends a message to the callback address as it is, an XML document.
func (c *Company) Notify(message string) { c.post.send(message) }

// FinishJob tells the callback address that an asynchronous job has ended:
// "sync_user", "replace_user", "invite_user" or "replace_party".
func (c *Company) FinishJob(jobType string) {
	c.Notify(envelope(c.id, "sys", "batch_job_result", time.Now(), write([]element{{"BatchJob", write([]element{
		text("JobId", "S0MrnndvRG5fadSlLwiBqiDDbM143UqTmKP3152FZk4"), text("JobType", jobType),
		integer("ErrCode", 0), text("ErrMsg", "ok"),
	})}})))
}

// tell sends news to the callback address, if there is one.
func (c *Company) tell(what func() news) {
	if l := c.post.current(); l != nil {
		c.post.send(what().message(c.id, l.Legacy, time.Now()))
	}
}

// open sets the line that messages go by, and gives up what is on its way.
func (p *postOffice) open(l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangUp()
	for p.working > 0 {
		p.idle.Wait()
		p.hangUp() // on whom another has set meanwhile
	}
	p.ctx, p.giveUp = context.WithCancel(context.Background())
	p.line = l
}

// hangUp gives up what waits and what is under way. The lock is held.
func (p *postOffice) hangUp() {
	if p.giveUp != nil {
		p.giveUp()
	}
	p.sum.Lost += len(p.waiting)
	p.waiting, p.line = nil, nil
}

func (p *postOffice) current() *line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line
}

func (p *postOffice) close() {
	p.open(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangUp()
}

func (p *postOffice) soFar() Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sum
}

func (p *postOffice) settle() Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.working > 0 {
		p.idle.Wait()
	}
	return p.sum
}

// send puts a message with its copies on its way; an empty one is none.
func (p *postOffice) send(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line == nil || message == "" {
		return
	}
	for range 1 + p.line.Copies {
		p.waiting = append(p.waiting, message)
		p.sum.Sent++
		if p.working < p.line.Parallel {
			p.working++
			go p.work(p.ctx, p.line)
		}
	}
}

// work delivers until nothing waits.
func (p *postOffice) work(ctx context.Context, l *line) {
	for {
		message, ok := p.next(l)
		if !ok {
			return
		}
		outcome := l.deliver(ctx, message)
		p.mu.Lock()
		p.sum.add(outcome)
		p.mu.Unlock()
	}
}

// next takes a message in hand. Where there is none the worker is done.
func (p *postOffice) next(l *line) (message string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		message, p.waiting = p.waiting[0], p.waiting[1:]
		return message, true
	}
	p.working--
	if p.working == 0 {
		l.http.CloseIdleConnections()
		p.idle.Broadcast()
	}
	return "", false
}
