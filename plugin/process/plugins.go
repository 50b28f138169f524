package process

import (
	"context"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// Options say how adapters are run.
type Options struct {
	Version string      // Roster's, told to the adapters
	Kept    Kept        // where it is noted how they fare; "" notes nothing
	Log     *zap.Logger // nil logs nothing
}

// Plugins are adapters that may be started. It is safe for concurrent use.
type Plugins struct{ all []*Process }

// Register puts the source types and targets of adapters into a registry, all of
// an adapter or none. No process is started by that. One that cannot be used is
// said in the log, and keeps none of the others from being used.
func Register(r *plugin.Registry, found []Found, o Options) *Plugins {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	all := &Plugins{}
	for _, f := range found {
		p := newProcess(f, o)
		if err := p.register(r); err != nil {
			p.close()
			o.Log.Warn("an adapter cannot be used", zap.String("adapter", f.Name()), zap.String("folder", f.Folder), zap.Error(err))
			continue
		}
		all.all = append(all.all, p)
	}
	return all
}

// Close stops all processes, and waits for that.
func (ps *Plugins) Close() error {
	if ps == nil {
		return nil
	}
	var stopping sync.WaitGroup
	for _, p := range ps.all {
		stopping.Go(func() { p.Close() }) //nolint:errcheck // it gives none
	}
	stopping.Wait()
	return nil
}

// register adds what the adapter declares to a registry.
func (p *Process) register(r *plugin.Registry) error {
	if p.found.Err != nil {
		return p.found.Err
	}
	if err := p.addTo(r.Clone()); err != nil {
		return err
	}
	return p.addTo(r)
}

func (p *Process) addTo(r *plugin.Registry) error {
	peer := plugin.Peer{Caller: p}
	for _, t := range p.found.Manifest.SourceTypes {
		t.Origin = p.name()
		if err := r.AddDriver(peer.Driver(t)); err != nil {
			return err
		}
	}
	for _, t := range p.found.Manifest.Targets {
		if err := r.AddTarget(t, newTarget(peer, t.Name)); err != nil {
			return err
		}
	}
	return nil
}

// A target is written to in batches, unless its adapter has only NocoBase's own
// methods, for one record at a time.
type target struct {
	batches, singly plugin.Target
	single          atomic.Bool
}

func newTarget(peer plugin.Peer, name string) plugin.Target {
	t := &target{batches: peer.Target(name, true, true), singly: peer.Target(name, false, false)}
	return struct {
		*target
		plugin.Finder
	}{t, t.batches.(plugin.Finder)}
}

// Apply finds out with the first changes which methods there are.
func (t *target) Apply(ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
	if t.single.Load() {
		return t.singly.Apply(ctx, changes)
	}
	outcomes, err := t.batches.Apply(ctx, changes)
	if len(outcomes) > 0 || plugin.KindOf(err) != plugin.Unsupported {
		return outcomes, err
	}
	first, failed := t.singly.Apply(ctx, changes[:1])
	if failed != nil {
		return first, failed
	}
	if plugin.KindOf(first[0].Err) == plugin.Unsupported { // that was not why
		return nil, err
	}
	t.single.Store(true)
	rest, failed := t.singly.Apply(ctx, changes[1:])
	return append(first, rest...), failed
}
