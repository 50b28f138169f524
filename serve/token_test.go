package serve_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const onePerson = `{"dataType":"user","sourceName":"hr","records":[{"uid":"1"}]}`

func TestWhoHasNoTokenIsToldSoAndNothingElse(t *testing.T) {
	each(t, func(s *site) {
		ended, _, err := s.engine.CreateToken(s.Context(), "ended", "", time.Millisecond)
		if err != nil {
			s.Fatal(err)
		}
		s.waitFor("its end", func() bool {
			return s.send(http.MethodPost, "/api/userData:push", onePerson, ended.Reveal()).status == 401
		})
		for name, token := range map[string]string{"none": "", "unknown": "roster_unknown", "expired": ended.Reveal(), "two words": s.token + " x"} {
			got := s.push(http.StatusUnauthorized, onePerson, token)
			if !strings.HasPrefix(got.body, `{"errors":[{"message":"`) || got.header.Get("WWW-Authenticate") != "Bearer" {
				s.Errorf("%s: %v", name, got)
			}
		}
		for _, path := range []string{"/api/userData:pull?name=hr", "/api/userData:retry?id=1", "/api/userData:listSyncTypes"} {
			if got := s.send(http.MethodGet, path, "", ""); got.status != 401 {
				s.Errorf("GET %s without a token: status %d", path, got.status)
			}
		}
	})
}

func TestATokenForOneSourceIsForNoOther(t *testing.T) {
	each(t, func(s *site) {
		text, _, err := s.engine.CreateToken(s.Context(), "hr only", "hr", time.Hour)
		if err != nil {
			s.Fatal(err)
		}
		task := brief(s, s.push(200, `{"dataType":"user","sourceName":"crm","records":[{"nickname":"no uid"}]}`).body, "taskId")
		s.push(200, onePerson, text.Reveal())
		for _, body := range []string{`{"dataType":"user","records":[{"uid":"1"}]}`, strings.Replace(onePerson, "hr", "crm", 1)} {
			s.push(http.StatusForbidden, body, text.Reveal())
		}
		for _, path := range []string{"/api/userData:pull?name=crm", "/api/userData:retry?id=" + strings.Trim(task, `"`)} {
			if got := s.send(http.MethodGet, path, "", text.Reveal()); got.status != 403 {
				s.Errorf("GET %s: status %d, want 403: %s", path, got.status, got.body)
			}
		}
	})
}

func TestARevokedTokenIsRefused(t *testing.T) {
	each(t, func(s *site) {
		s.push(200, onePerson)
		if err := s.engine.RevokeToken(s.Context(), "tester"); err != nil {
			s.Fatal(err)
		}
		s.push(401, onePerson)
	})
}
