// Package httpapi has the two source types for systems that speak HTTP and
// JSON: "http-api", which reads nothing because others push, and "http-pull",
// which reads any address that answers with lists of records.
//
//	push.go      http-api
//	pull.go      http-pull, and how its sources are made
//	options.go   what an operator sets up; schema.json says it to the form
//	read.go      a reading: answer by answer, page by page
//	progress.go  where it stands, and whether all of it came
//	lookup.go    single records
//	check.go     a test for the operator
//	paging.go    how one answer leads to the next
//	decode.go    records out of an answer, one at a time
//	mapping.go   a record of theirs made one of ours
//	client.go    calls, and trying again
//	answer.go    what may be wrong with an answer
//	signer.go    credentials, and who gets them
package httpapi
