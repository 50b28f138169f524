// Package sdk is for adapters that are programs of their own. For each language
// it has one thing: for Go, [Main]; for Python and Node.js a file to copy,
// roster.py and roster.mjs, which speak the protocol and leave an adapter to
// its author.
//
//	sdk.go       a Go program that is an adapter
//	manifest.go  its plugin.json, made of what it registers
//	vendored.go  the files to copy
//	skeleton/    adapters to begin with
package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc"
)

// Main makes the process an adapter: it serves what is registered to the Roster
// that started it, until that ends the connection, and gives the exit code. What
// is logged goes to standard error, and so does whatever else is printed.
//
// With the argument manifest it prints the adapter's plugin.json instead.
func Main(name, version string, adapters *plugin.Registry) int {
	var err error
	if len(os.Args) == 2 && os.Args[1] == "manifest" {
		err = writeManifest(os.Stdout, name, version, adapters)
	} else {
		err = serveProcess(name, version, adapters)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// serveProcess serves on the streams of the process. An interrupt at a terminal
// is for Roster, whose child this is.
func serveProcess(name, version string, adapters *plugin.Registry) error {
	in, out := os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	signal.Ignore(os.Interrupt, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(os.Stderr), zapcore.InfoLevel)
	err := Serve(ctx, name, version, adapters, in, out, zap.New(core))
	if ctx.Err() != nil {
		return nil // as we were told
	}
	return err
}

// Serve serves what is registered to the Roster that writes to in and reads from
// out, until in ends, Roster says exit, or ctx is done. Nothing but the protocol
// is written to out.
func Serve(ctx context.Context, name, version string, adapters *plugin.Registry, in io.Reader, out io.Writer, log *zap.Logger) error {
	server := rpc.Server{Name: name, Version: version, Adapters: adapters, Log: log}
	if err := server.Serve(ctx, in, out); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("serve Roster: %w", err)
	}
	return nil
}
