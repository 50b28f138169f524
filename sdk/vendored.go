package sdk

import _ "embed"

// The files that adapters in other languages carry a copy of.
var (
	//go:embed roster.py
	python string
	//go:embed roster.mjs
	node string
)

// Python is roster.py: it makes a program an adapter, in Python from 3.9 on.
func Python() string { return python }

// Node is roster.mjs: it makes a program an adapter, in Node.js from 18 on.
func Node() string { return node }
