package rpc

import (
	"cmp"
	"context"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
)

// protocolVersion is the one version of the protocol there is.
const protocolVersion = "1"

// A stage is where a connection stands in its life.
type stage int

const (
	fresh stage = iota // not initialized
	ready
	shut // after shutdown
)

type initializeParams struct {
	ProtocolVersion string         `json:"protocolVersion" jsonschema:"the version of the protocol that the host speaks: 1"`
	Client          peer           `json:"client,omitzero" jsonschema:"who the host is"`
	Capabilities    map[string]any `json:"capabilities,omitempty" jsonschema:"what the host can do: resolve, that it answers sources/resolve; any other member is ignored"`
	Limits          hostLimits     `json:"limits,omitzero" jsonschema:"how much the host takes"`
	Config          Config         `json:"config,omitzero" jsonschema:"which database; without it flags and environment decide"`
}

type peer struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

type initializeResult struct {
	ProtocolVersion string             `json:"protocolVersion"`
	Server          peer               `json:"server"`
	Capabilities    serverCapabilities `json:"capabilities"`
	Limits          Limits             `json:"limits"`
}

type serverCapabilities struct {
	Push     bool `json:"push" jsonschema:"sync/push and sync/plan"`
	Progress bool `json:"progress" jsonschema:"$/progress for requests with a progressToken"`
	Cancel   bool `json:"cancel" jsonschema:"$/cancelRequest"`
	Pull     bool `json:"pull" jsonschema:"sync/start, source/open and the other methods of source/, and the notification task/updated"`
	Registry bool `json:"registry" jsonschema:"registry/registerSource and registry/registerTarget: adapters of the host's own"`
	Changed  bool `json:"changed" jsonschema:"the notification target/changed, as components.schemas.Changed: rows are no more as they were, and what is kept of them in caches must be dropped"`
}

// initialize opens the connection, unless something is wrong with what the
// host wants; then it may try again.
func (s *session) initialize(ctx context.Context, p initializeParams) (*initializeResult, error) {
	if s.stage != fresh {
		return nil, invalidRequest("initialize comes once", "")
	}
	if p.ProtocolVersion != protocolVersion {
		return nil, &plugin.Error{
			Kind: plugin.Unsupported, Path: "/protocolVersion",
			Msg: "protocol version " + quoteShort(p.ProtocolVersion) + " is not supported", Hint: "this Roster speaks version " + protocolVersion,
		}
	}
	frameBytes, err := p.Limits.frameBytes(s.limits.MaxFrameBytes)
	if err != nil {
		return nil, err
	}
	if err := p.Config.check(); err != nil {
		return nil, err
	}
	s.stage, s.hostMax = ready, frameBytes
	s.introduce(p.Client.Name)
	s.stream.LimitWrites(frameBytes)
	s.openDatabase(flightOf(ctx).conn, p.Config, p.Capabilities["resolve"] == true)
	return &initializeResult{
		ProtocolVersion: protocolVersion,
		Server:          peer{cmp.Or(s.server.Name, "roster"), s.server.Version},
		Capabilities:    s.server.capabilities(),
		Limits:          s.limits,
	}, nil
}

// capabilities are those of Roster; an adapter has the few that need no engine.
func (s *Server) capabilities() serverCapabilities {
	whole := s.Open != nil
	return serverCapabilities{Push: whole, Progress: whole, Cancel: true, Pull: true, Registry: whole, Changed: whole}
}

// introduce notes who the host is.
func (s *session) introduce(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clientName = name
}

// openDatabase begins to open the database, unless all is over already. What is
// changed in it, the host is told; a host that resolves says how sources are set up.
func (s *session) openDatabase(conn *jsonrpc2.Conn, c Config, resolves bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && s.server.Open != nil {
		s.database = newDatabase(s.log, func(ctx context.Context) (*engine.Engine, error) {
			e, err := s.server.Open(ctx, c)
			if err == nil {
				e.SetAdapters(s.adapters)
				e.Watch(func(target string, ids []int64) { tellChanged(conn, target, ids) })
				e.WatchTasks(newTaskNews(conn).tell)
				if resolves {
					e.SetResolver(caller{s, conn}.resolve)
				}
			}
			return e, err
		}, (*engine.Engine).Work)
	}
}

func (s *session) initialized(context.Context, none) {}

type pong struct{}

func (s *session) ping(context.Context, none) (pong, error) { return pong{}, nil }

func (s *session) shutdown(context.Context, none) (null, error) {
	s.stage = shut
	return null{}, nil
}

func (s *session) exit(ctx context.Context, _ none) {
	var why error
	if s.stage != shut {
		why = ErrNoShutdown
	}
	s.stage = shut
	s.takeBack()
	s.end(flightOf(ctx).conn, why)
}

type cancelParams = call.CancelParams

func (s *session) cancelRequest(_ context.Context, p cancelParams) {
	if f := s.flights.get(p.ID); f != nil {
		s.takeBackOne(f)
	}
}

type levelParams struct {
	Level string `json:"level" jsonschema:"debug, info, warn or error"`
}

func (s *session) setLevel(_ context.Context, p levelParams) (levelParams, error) {
	level, err := zap.ParseAtomicLevel(p.Level)
	if err != nil {
		return p, invalidParams(&plugin.Error{Path: "/level", Msg: "/level must be debug, info, warn or error, not " + quoteShort(p.Level)})
	}
	if s.server.Level == (zap.AtomicLevel{}) {
		return p, &plugin.Error{Kind: plugin.Unsupported, Msg: "the level of this log is fixed"}
	}
	s.server.Level.SetLevel(level.Level())
	return levelParams{level.String()}, nil
}
