// Package input reads pushes out of files, folders and standard input. A record
// goes through it from the bytes up: bodies.go takes the bodies of pushes out of
// a file, body.go the records out of a body, chain.go makes one of several files,
// runs.go gathers bodies into runs, and fault.go says where and why that cannot
// go on.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A Head is what a body says about its records: its members dataType,
// sourceName and matchKey as far as they are known.
type Head map[string]string

// The members of a Head.
const (
	DataType   = "dataType"
	SourceName = "sourceName"
	MatchKey   = "matchKey"
)

// An Input is files and standard input, read one after the other.
type Input struct {
	files []string // "-" is standard input
	given Head
	stdin io.Reader
}

// Find finds what args name, before anything else is done: files, folders,
// which stand for their *.json and *.ndjson in the order of the names, and "-"
// for stdin. What is given overrides what bodies say; a data type is only for
// bare arrays of records.
func Find(args []string, stdin io.Reader, given Head) (*Input, error) {
	in := &Input{given: given, stdin: stdin}
	for _, arg := range args {
		files, err := expand(arg)
		if err != nil {
			return nil, err
		}
		in.files = append(in.files, files...)
	}
	return in, nil
}

// expand gives the files that an argument stands for.
func expand(arg string) ([]string, error) {
	if arg == "-" {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, unread(arg, err)
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	entries, err := os.ReadDir(arg) // in the order of the names
	if err != nil {
		return nil, unread(arg, err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".json", ".ndjson"}, filepath.Ext(e.Name())) {
			files = append(files, filepath.Join(arg, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: arg + ": a folder without *.json or *.ndjson"}
	}
	return files, nil
}

// unread says that a file cannot be read, and why, without the system call.
func unread(name string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// Whole yields the runs of an input that is all of every directory in it: the
// bodies of a source make one run, in whatever files they are. A source that
// comes a second time is a fault: its first run has taken what it did not have
// for gone. So files are read through before anything is yielded; what can be
// read only once tells it when it comes to it.
func (in *Input) Whole(ctx context.Context) iter.Seq2[engine.Push, error] {
	return func(yield func(engine.Push, error) bool) {
		if err := in.check(ctx); err != nil {
			yield(engine.Push{}, err)
			return
		}
		in.whole(ctx, yield)
	}
}

// check reads all there is, where that can be done twice.
func (in *Input) check(ctx context.Context) (wrong error) {
	for _, name := range in.files {
		info, err := os.Stat(name)
		if name == "-" || err == nil && !info.Mode().IsRegular() {
			return nil
		}
	}
	in.whole(ctx, func(run engine.Push, err error) bool {
		if wrong = err; err == nil {
			wrong = through(ctx, run)
		}
		return wrong == nil
	})
	return wrong
}

// through reads a run to its end.
func through(ctx context.Context, run engine.Push) error {
	for body, err := range run.Bodies {
		if err != nil {
			return err
		}
		if body.Records == nil {
			continue
		}
		for _, err := range body.Records {
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
		}
	}
	return nil
}

// whole yields the runs of all files as if they were one.
func (in *Input) whole(ctx context.Context, yield func(engine.Push, error) bool) {
	files := in.chain(ctx, in.files...)
	defer files.close()
	todo := newRuns(files)
	todo.seen = map[string]bool{}
	for {
		run, err := todo.next()
		if errors.Is(err, io.EOF) || !yield(run, err) || err != nil {
			return
		}
	}
}

// Pushes yields the runs of all files. Each must be read to its end before the
// next. A run never goes on into another file: a folder may hold the states of
// one source on different days. Standard input is no longer waited for when
// ctx ends.
func (in *Input) Pushes(ctx context.Context) iter.Seq2[engine.Push, error] {
	return func(yield func(engine.Push, error) bool) {
		for _, name := range in.files {
			if !in.pushesOf(ctx, name, yield) {
				return
			}
		}
	}
}

// pushesOf yields the runs of one file and says whether to go on.
func (in *Input) pushesOf(ctx context.Context, name string, yield func(engine.Push, error) bool) bool {
	file := in.chain(ctx, name)
	defer file.close()
	todo := newRuns(file)
	for {
		run, err := todo.next()
		if errors.Is(err, io.EOF) {
			return true
		}
		if !yield(run, err) {
			return false
		}
	}
}

// chain gives the bodies of files.
func (in *Input) chain(ctx context.Context, files ...string) *chain {
	return &chain{rest: files, given: in.given, begin: func(name string) (io.ReadCloser, error) { return in.open(ctx, name) }}
}

func (in *Input) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return untilDone(ctx, in.stdin), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, unread(name, err)
	}
	return file, nil
}

// untilDone reads r, and no longer waits for it when ctx ends: a pipe may stay
// silent for ever.
func untilDone(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { out.CloseWithError(ctx.Err()) })
	return out
}
