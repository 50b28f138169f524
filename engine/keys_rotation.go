package engine

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nocobase-roster/roster/schema"
)

// A Rotation is what it came to that secrets were encrypted anew.
type Rotation struct {
	Sources int `json:"sources"` // whose secrets were encrypted anew
	Secrets int `json:"secrets"` // that were encrypted anew
	Current int `json:"current"` // that were encrypted with the first key already
}

// RotateSecrets encrypts all secrets of all sources with the first key. Each
// source is written by itself, so that it can be ended at any moment and begun
// anew: keys that decrypt are to be kept until it has come to its end. A source
// with a secret that cannot be decrypted stays as it is, and the error names it;
// the others go on. Secrets that NocoBase has written in the clear are left alone.
func (e *Engine) RotateSecrets(ctx context.Context) (Rotation, error) {
	var total Rotation
	rows, err := e.sourceRows(ctx, e.db.On(e.db))
	if err != nil {
		return total, told(ctx, err)
	}
	var errs []error
	for _, row := range rows {
		var of Rotation
		err := e.transact(ctx, func(x schema.Conn) (err error) {
			of, err = e.rotate(ctx, x, row.Name)
			return err
		})
		if ctx.Err() != nil {
			return total, told(ctx, err)
		}
		if err != nil {
			errs = append(errs, told(ctx, err))
			continue
		}
		total.Current += of.Current
		if total.Secrets += of.Secrets; of.Secrets > 0 {
			total.Sources++
		}
	}
	return total, errors.Join(errs...)
}

// rotate encrypts the secrets of one source anew.
func (e *Engine) rotate(ctx context.Context, x schema.Conn, name string) (of Rotation, err error) {
	row, err := e.sourceRow(ctx, x, name, x.DB().ForUpdate("s", false))
	if err != nil {
		return of, err
	}
	options, err := row.kept()
	if err != nil {
		return of, err
	}
	_, err = shape{}.eachSecret("", options, func(pointer string, secret any) (any, error) {
		again, err := e.keys.again(string(secret.(sealed)), row.place(pointer))
		switch {
		case err != nil:
			return nil, row.unread(pointer, err)
		case again == "":
			of.Current++
			return secret, nil
		}
		of.Secrets++
		return again, nil
	})
	if err != nil || of.Secrets == 0 {
		return of, err
	}
	raw, err := json.Marshal(options)
	if err != nil {
		return of, err
	}
	_, err = x.Exec(ctx, `UPDATE {userDataSyncSources} SET options = `+x.DB().JSON("?")+` WHERE id = ?`, string(raw), row.ID)
	return of, schema.Wrap(err, "write secrets that were encrypted anew")
}

// again encrypts a secret with the first key; it gives nothing where that is
// what it is encrypted with.
func (k *Keys) again(text, place string) (string, error) {
	secret, err := k.open(text, place)
	if err != nil {
		return "", err
	}
	first, err := k.first()
	if l, _ := parseLocked(text); err != nil || l.key == first.id {
		return "", err
	}
	return k.seal(secret, place)
}
