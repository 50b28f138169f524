// Package plugintest says whether an adapter keeps the promises of package
// plugin, one check for each sentence of the comments there.
//
// A source is tested on a system of known content, which its test starts anew
// for each check:
//
//	func TestSource(t *testing.T) {
//		plugintest.TestSource(t, func(t plugintest.T) plugintest.System {
//			server := newServer(t, people)
//			return plugintest.System{Type: mine.Type(), Open: …, Holds: people}
//		})
//	}
//
// What more a test can do to the system, it says by filling in more of the
// [System]: then more is checked. A target is tested likewise, with a [Shelf].
// Outside of tests checks are run by [Run].
//
// A [Directory] is a source in memory and a [Register] a target: the references.
package plugintest
