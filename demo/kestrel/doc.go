// Package kestrel is a made-up company, Kestrel Group, the same every time, and
// how it is kept in a simulated WeCom.
//
//	company.go   who works where
//	changes.go   what happens in the company
//	regions.go   names and titles, in three languages
//	tenant.go    the company in WeCom
package kestrel
