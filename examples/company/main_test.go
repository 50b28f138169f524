package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

func TestCompanyFileIsGenerated(t *testing.T) {
	var want bytes.Buffer
	if err := write(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../company.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("examples/company.json is not what this program writes: run task generate")
	}
}

// The share of people who lack something, and how many departments they are in,
// are what examples/README.md says of the file.
func TestCompanyIsAsUntidyAsAnnounced(t *testing.T) {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(&out)
	var departments body[department]
	var users struct {
		Records []struct {
			Email, Phone string
			Departments  []json.RawMessage
		}
	}
	if err := dec.Decode(&departments); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(&users); err != nil {
		t.Fatal(err)
	}

	var noEmail, noPhone int
	memberships := map[int]int{}
	for _, u := range users.Records {
		if u.Email == "" {
			noEmail++
		}
		if u.Phone == "" {
			noPhone++
		}
		memberships[len(u.Departments)]++
	}
	if got := len(departments.Records); got != 151 {
		t.Errorf("departments = %d, want 151", got)
	}
	if got := len(users.Records); got != 2012 {
		t.Errorf("users = %d, want 2012", got)
	}
	within(t, "people without e-mail", noEmail, 300, 400)
	within(t, "people without phone", noPhone, 560, 680)
	for n := 1; n <= 4; n++ {
		within(t, fmt.Sprintf("people in %d departments", n), memberships[n], 20, 1600)
	}
	if got := memberships[5]; got != 0 {
		t.Errorf("people in five departments = %d, want none", got)
	}
}

func within(t *testing.T, what string, got, low, high int) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s = %d, want %d to %d", what, got, low, high)
	}
}
