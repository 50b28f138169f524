// Package nocobase holds Roster to the living NocoBase: its tests start a real
// one, push through Roster, and ask that NocoBase over its own API what it sees.
//
// They install NocoBase from npm, which takes a minute and a gigabyte, and so
// stand behind the build tag nocobase: run them with `task test:nocobase`. What
// they find different from NocoBase's own engine is docs/compatibility.md.
package nocobase
