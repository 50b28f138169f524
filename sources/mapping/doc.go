// Package mapping makes attributes of records as other systems have them: what
// sources of several types offer their operators under fields.
//
//	expr.go    what an attribute is made of
//	fields.go  the attributes of a record
//	path.go    where in JSON something is
package mapping
