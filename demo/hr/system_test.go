package hr

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// start starts a system with 1,000 people.
func start(t *testing.T) (*System, *Company) {
	t.Helper()
	c := NewCompany(1000)
	s, err := Start(t.Context(), c, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s, c
}

// get asks for a path with a token.
func get(t *testing.T, s *System, path, token string) (status int, body []byte, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// logins are those of a page of people.
func logins(t *testing.T, s *System, path string) (logins []string, total int) {
	t.Helper()
	status, body, err := get(t, s, path, Token.Reveal())
	var page struct {
		Items []Person
		Total int
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &page) != nil {
		t.Fatalf("GET %s = %d %.80s, %v", path, status, body, err)
	}
	for _, p := range page.Items {
		logins = append(logins, p.Login)
	}
	return logins, page.Total
}

func TestPagesHaveEverybodyOnce(t *testing.T) {
	s, c := start(t)
	var got []string
	for _, page := range []string{"1", "2", "3"} {
		some, total := logins(t, s, "/people?size=400&page="+page)
		if total != 1000 {
			t.Errorf("page %s tells of %d people, want 1000", page, total)
		}
		got = append(got, some...)
	}
	if len(got) != 1000 || got[999] != c.People[999].Login {
		t.Errorf("three pages have %d people, want 1000", len(got))
	}
	if rest, _ := logins(t, s, "/people?size=400&page=4"); len(rest) > 0 {
		t.Errorf("page 4 has %d people, want none", len(rest))
	}
	if got := s.Asked(); !slices.Equal(got, []int{1, 2, 3, 4}) || s.Asked() != nil {
		t.Errorf("Asked() = %v", got)
	}
}

func TestTheSystemListensOnLoopbackAndAsksForItsToken(t *testing.T) {
	s, _ := start(t)
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
		t.Errorf("it answers at %s", s.URL())
	}
	if status, body, _ := get(t, s, "/people", "guessed"); status != http.StatusUnauthorized {
		t.Errorf("with a token that is not its own it answers %d %.80s", status, body)
	}
}

func TestAFaultIsSeenUntilItIsMended(t *testing.T) {
	s, _ := start(t)
	s.Break(Fault{CutAt: 2})
	logins(t, s, "/people?size=400&page=1")
	if _, body, err := get(t, s, "/people?size=400&page=2", Token.Reveal()); err == nil || len(body) == 0 {
		t.Errorf("page 2 has %d bytes and ended with %v, want it to break off", len(body), err)
	}
	s.Break(Fault{Forget: true})
	if some, total := logins(t, s, "/people?size=400&page=1"); len(some)+total > 0 {
		t.Errorf("it remembers %d of %d people", len(some), total)
	}
	s.Break(Fault{})
	if some, _ := logins(t, s, "/people?size=400&page=2"); len(some) != 400 {
		t.Errorf("mended, page 2 has %d people", len(some))
	}
}
