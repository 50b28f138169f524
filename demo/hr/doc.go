// Package hr is a simulated HR system: a made-up company, the same every time,
// and an HTTP server on loopback that answers with its people and departments,
// and breaks when it is told to.
//
//	company.go   who works where
//	morning.go   what happens in the company overnight
//	regions.go   names and titles, in three languages
//	system.go    the server, and what may be wrong with it
//	answer.go    what it answers
package hr
