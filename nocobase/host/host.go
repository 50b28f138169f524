// Package host gives tests a living NocoBase: it installs one from npm, once a
// machine, starts it on a database of the test's own, and asks it over its API.
//
//   - app.go and lock.go install it;
//   - naming.go, server.go and process.go run it;
//   - plugins.go brings plugins into it, as an operator does;
//   - client.go, collections.go, sources.go and directory.go ask it.
//
// ROSTER_TEST_NOCOBASE names the folder of an installed app to use instead of
// one of our own.
package host
