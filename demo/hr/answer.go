package hr

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// An answer is a page of a list.
type answer struct {
	Items any `json:"items"`
	Total int `json:"total"` // on all pages
}

// handler answers GET /departments and GET /people, with page (from 1 on) and
// size in the query.
func (s *System) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /departments", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		list := s.departments
		s.mu.Unlock()
		send(w, page(r, list), false)
	})
	mux.HandleFunc("GET /people", func(w http.ResponseWriter, r *http.Request) {
		list, cut := s.askForPeople(number(r, "page"))
		send(w, page(r, list), cut)
	})
	return s.guarded(mux)
}

// askForPeople gives all people, and whether the answer with that page breaks off.
func (s *System) askForPeople(page int) (list []Person, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages = append(s.pages, page)
	if s.fault.Forget {
		return []Person{}, false
	}
	return s.people, s.fault.CutAt == page
}

// guarded lets in who shows the token, after having thought.
func (s *System) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+Token.Reveal() {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		s.mu.Lock()
		delay := s.delay
		s.mu.Unlock()
		select {
		case <-time.After(delay):
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// page cuts the page that is asked for out of a list.
func page[T any](r *http.Request, list []T) answer {
	size := max(number(r, "size"), 1)
	from := min(size*max(number(r, "page")-1, 0), len(list))
	return answer{list[from:min(from+size, len(list))], len(list)}
}

// number reads a parameter of the query; 0 where it is none.
func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(name))
	return n
}

// send sends an answer, or half of it: then the connection breaks.
func send(w http.ResponseWriter, a answer, half bool) {
	body, err := json.Marshal(a)
	if err != nil {
		panic(err) // it holds text and numbers only
	}
	w.Header().Set("Content-Type", "application/json")
	if !half {
		_, _ = w.Write(body) // who has hung up needs no answer
		return
	}
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
