// Package examples holds the adapters in its folders to the promises of the
// contract, each as a process of its own, and what they carry of package sdk to
// the original.
package examples
