// Package plugin is the contract between Roster and its adapters: the records
// that travel, the errors that say what to do, and the declarations that hosts
// read. It imports nothing but the standard library.
package plugin
