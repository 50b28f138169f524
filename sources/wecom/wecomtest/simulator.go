package wecomtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// routeSimulator lets the company be changed over HTTP. Bodies are JSON, with
// the fields of the types of this package in lower case; what cannot be done
// answers 400 with a sentence.
//
//	GET    /simulator/                          how big it is, what was asked
//	PUT    /simulator/departments               a Department
//	DELETE /simulator/departments/{id}
//	PUT    /simulator/members                   a Member
//	DELETE /simulator/members/{userid}
//	POST   /simulator/members/{userid}/rename   {"userid": "the new one"}
//	PUT    /simulator/tags | apps | contacts    a Tag, an App, Contacts
//	PUT    /simulator/callback                  a Callback
//	POST   /simulator/faults                    {"call", "code" | "cut" | "slowMs", "times"}
//	DELETE /simulator/faults
//	POST   /simulator/tokens/expire | revoke
func (s *Server) routeSimulator(mux *http.ServeMux) {
	c := s.company
	mux.HandleFunc("GET /simulator/{$}", s.tellState)
	mux.HandleFunc("PUT /simulator/departments", taking(c.PutDepartment))
	mux.HandleFunc("PUT /simulator/members", taking(c.PutMember))
	mux.HandleFunc("PUT /simulator/tags", taking(always(c.PutTag)))
	mux.HandleFunc("PUT /simulator/apps", taking(always(c.PutApp)))
	mux.HandleFunc("PUT /simulator/contacts", taking(always(c.PutContacts)))
	mux.HandleFunc("PUT /simulator/callback", taking(c.SetCallback))
	mux.HandleFunc("POST /simulator/faults", taking(always(s.order)))
	mux.HandleFunc("DELETE /simulator/faults", func(w http.ResponseWriter, _ *http.Request) { s.Mend(); done(w, nil) })
	mux.HandleFunc("POST /simulator/tokens/expire", func(w http.ResponseWriter, _ *http.Request) { s.ExpireTokens(); done(w, nil) })
	mux.HandleFunc("POST /simulator/tokens/revoke", func(w http.ResponseWriter, _ *http.Request) { s.RevokeTokens(); done(w, nil) })
	mux.HandleFunc("DELETE /simulator/departments/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64) // 0 is none
		done(w, c.RemoveDepartment(id))
	})
	mux.HandleFunc("DELETE /simulator/members/{userid}", func(w http.ResponseWriter, r *http.Request) {
		done(w, c.RemoveMember(r.PathValue("userid")))
	})
	mux.HandleFunc("POST /simulator/members/{userid}/rename", func(w http.ResponseWriter, r *http.Request) {
		taking(func(to struct {
			UserID string `json:"userid"`
		},
		) error {
			return c.RenameMember(r.PathValue("userid"), to.UserID)
		})(w, r)
	})
}

// An order is a fault that is asked for.
type order struct {
	Call   string `json:"call"`
	Times  *int   `json:"times"` // once if it is left out
	Code   int    `json:"code"`
	Cut    bool   `json:"cut"`
	SlowMS int    `json:"slowMs"`
}

func (s *Server) order(o order) {
	times := 1
	if o.Times != nil {
		times = *o.Times
	}
	s.faults.add(o.Call, times, trouble{code: Code(o.Code), cut: o.Cut, delay: time.Duration(o.SlowMS) * time.Millisecond})
}

type state struct {
	CorpID      string   `json:"corpId"`
	People      int      `json:"people"`
	Departments int      `json:"departments"`
	Calls       int      `json:"calls"`
	Delivery    Delivery `json:"delivery"`
}

func (s *Server) tellState(w http.ResponseWriter, _ *http.Request) {
	people, departments := s.company.Size()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(marshal(state{s.company.id, people, departments, s.Calls(""), s.company.post.soFar()}))
}

// taking does something with the body of a request.
func taking[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&body)
		if err == nil {
			err = do(body)
		}
		done(w, err)
	}
}

func always[T any](do func(T)) func(T) error {
	return func(body T) error {
		do(body)
		return nil
	}
}

func done(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
