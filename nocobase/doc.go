// Package nocobase holds Roster to the living NocoBase: its tests start a real
// one, push through Roster, and ask that NocoBase over its own API what it sees.
// Its folder plugin is Roster inside NocoBase, and is held to it as well.
//
// They install NocoBase from npm, which takes a minute and a gigabyte, and so
// stand behind the build tag nocobase: run them with `task test:nocobase`. What
// they find different from NocoBase's own engine is docs/compatibility.md.
package nocobase
