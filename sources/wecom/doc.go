// Package wecom has the source type for WeCom (企业微信): it reads the departments
// and members that an application of the company sees, and takes the callbacks
// that tell of changes.
//
//	wecom.go        the source type, and how its sources are made
//	options.go      what an operator sets up; schema.json says it to the form
//	read.go         a reading: departments, their members, who is visible alone
//	departments.go  the departments, named or not
//	tree.go         their order, and which of them are wanted
//	members.go      a member as WeCom gives it, made a record
//	mapping.go      what attributes are made of
//	people.go       who is counted
//	range.go        who is visible alone, or through a tag
//	census.go       who there is besides, by the secret of contacts sync
//	doubts.go       why a reading is not complete
//	lookup.go       single records
//	ahead.go        calls in parallel, answers in order
//	client.go       calls, and trying again
//	token.go        the access token
//	gate.go         how many calls at a time
//	line.go         the connection, and what may go wrong on it
//	codes.go        what WeCom's codes mean
//	callback.go     what WeCom sends by itself, with crypt.go, message.go, event.go
package wecom
