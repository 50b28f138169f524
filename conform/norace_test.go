//go:build !race

package conform_test

const tried = 1 // all of them
