package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Token lets somebody push over HTTP. The text itself is not kept, only what
// it is recognized by.
type Token struct {
	Name      string     `json:"name"`
	Source    string     `json:"source,omitempty"` // the one source it is for; empty: any
	CreatedAt time.Time  `json:"createdAt"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"` // nil: never
	UsedAt    *time.Time `json:"usedAt,omitempty"`    // to the minute; nil: not yet
}

// For says whether the token is good for a source.
func (t *Token) For(source string) bool { return t.Source == "" || t.Source == source }

// tokenPrefix tells what a token is for whoever finds one lying about.
const tokenPrefix = "roster_"

// CreateToken makes a token and gives its text, which cannot be had again. With
// a source it is for that one only; with expires above 0 it ends after that
// long. The error is of kind Conflict when there is one of that name.
func (e *Engine) CreateToken(ctx context.Context, name, source string, expires time.Duration) (plugin.Secret, *Token, error) {
	if n := utf8.RuneCountInString(name); n == 0 || n > 64 || !utf8.ValidString(name) {
		return "", nil, &plugin.Error{Kind: plugin.Config, Path: "/name", Msg: "a token needs a name of up to 64 characters", Hint: "name it after who holds it"}
	}
	if err := e.check(Push{Source: source}); err != nil {
		return "", nil, err
	}
	text := newToken()
	var row tokenRow
	err := e.db.On(e.db).Get(ctx, &row, `INSERT INTO {tokens} (name, hash, source, created_at, expires_at)
		VALUES (?, ?, ?, `+e.db.Now(0)+`, `+e.expiry(expires)+`) RETURNING `+tokenColumns, name, hashOf(text), sql.NullString{String: source, Valid: source != ""})
	if schema.ClassOf(err) == schema.Duplicate {
		return "", nil, &plugin.Error{
			Kind: plugin.Conflict, Path: "/name", Msg: fmt.Sprintf("there is a token %q already", name),
			Hint: "revoke that one first, or choose another name",
		}
	}
	if err != nil {
		return "", nil, told(ctx, schema.Wrap(err, "create a token"))
	}
	return plugin.Secret(text), row.token(), nil
}

// expiry is SQL for when a token ends.
func (e *Engine) expiry(in time.Duration) string {
	if in <= 0 {
		return "NULL"
	}
	return e.db.Now(-in)
}

// Tokens lists the tokens by name, those that have expired too.
func (e *Engine) Tokens(ctx context.Context) ([]Token, error) {
	var rows []tokenRow
	err := e.db.On(e.db).Select(ctx, &rows, `SELECT `+tokenColumns+` FROM {tokens} ORDER BY name`)
	tokens := make([]Token, len(rows))
	for i := range rows {
		tokens[i] = *rows[i].token()
	}
	return tokens, told(ctx, schema.Wrap(err, "list the tokens"))
}

// RevokeToken ends a token: at once in this process, within five seconds in
// others. The error is of kind NotFound when there is none of that name.
func (e *Engine) RevokeToken(ctx context.Context, name string) error {
	n, err := e.db.On(e.db).Exec(ctx, `DELETE FROM {tokens} WHERE name = ?`, name)
	if err != nil {
		return told(ctx, schema.Wrap(err, "revoke a token"))
	}
	e.tokens.forget()
	if n == 0 {
		return &plugin.Error{Kind: plugin.NotFound, Path: "/name", Msg: fmt.Sprintf("there is no token %.64q", name), Hint: "roster token list lists them"}
	}
	return nil
}

// Token gives the token of that text. The error is of kind Auth when there is
// none, or no more.
func (e *Engine) Token(ctx context.Context, text plugin.Secret) (*Token, error) {
	row, err := e.tokens.find(ctx, e, hashOf(text.Reveal()))
	if err != nil {
		return nil, told(ctx, err)
	}
	if row == nil {
		return nil, &plugin.Error{Kind: plugin.Auth, Msg: "the token is unknown, revoked or expired", Hint: "roster token create makes one"}
	}
	return row.token(), nil
}

// tokenColumns are those of a tokenRow.
const tokenColumns = `id, name, hash, coalesce(source, '') AS source, created_at, expires_at, used_at`

// A tokenRow is a row of the table of tokens.
type tokenRow struct {
	ID        int64
	Name      string
	Hash      string
	Source    string
	CreatedAt schema.Timestamp `db:"created_at"`
	ExpiresAt schema.Timestamp `db:"expires_at"`
	UsedAt    schema.Timestamp `db:"used_at"`
}

func (r *tokenRow) token() *Token {
	return &Token{r.Name, r.Source, r.CreatedAt.Time, timeOrNil(r.ExpiresAt), timeOrNil(r.UsedAt)}
}

func timeOrNil(t schema.Timestamp) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t.Time
}

// newToken gives 256 bits of chance, as text.
func newToken() string {
	var b [32]byte
	rand.Read(b[:]) // it never fails: the process ends instead
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is what a token is recognized by. It needs no salt: nobody guesses 256
// bits.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
