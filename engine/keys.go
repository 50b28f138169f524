package engine

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nocobase-roster/roster/plugin"
)

// Keys encrypt the secrets in the options of sources, with AES-256-GCM: the
// first one encrypts, all of them decrypt. They are safe for concurrent use.
type Keys struct {
	path string // of a file that is made for the first secret; empty: they are all here

	mu   sync.Mutex // guards list while there is a path
	list []key
}

// A key is one of them, by the name that is written beside what it encrypts.
type key struct {
	id   string
	aead cipher.AEAD
}

// keyBytes is how long a key is: AES-256.
const keyBytes = 32

// SetKeys tells which keys secrets are encrypted with. It is called before
// anything else; without keys, secrets cannot be saved or read.
func (e *Engine) SetKeys(k *Keys) { e.keys = k }

// NewKey makes a key, as ParseKeys reads it: the base64 of 32 random bytes.
func NewKey() string {
	b := make([]byte, keyBytes)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// ParseKeys reads keys that NewKey has made, parted by commas. The error is of
// kind Config and holds nothing of them.
func ParseKeys(text string) (*Keys, error) { return parseKeys(strings.Split(text, ",")) }

func parseKeys(texts []string) (*Keys, error) {
	k := &Keys{}
	for i, text := range texts {
		one, err := parseKey(strings.TrimSpace(text))
		if err != nil {
			return nil, badKeys(fmt.Sprintf("key %d is not the base64 of %d bytes", i+1, keyBytes))
		}
		k.list = append(k.list, one)
	}
	return k, nil
}

func parseKey(text string) (key, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != keyBytes {
		return key{}, badKeys("")
	}
	block, err := aes.NewCipher(b)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCM(block)
	sum := sha256.Sum256(b)
	return key{hex.EncodeToString(sum[:4]), aead}, err
}

func badKeys(what string) error {
	return &plugin.Error{
		Kind: plugin.Config, Msg: "the keys for secrets: " + what,
		Hint: "roster secrets new-key makes one; several are parted by commas in ROSTER_SECRET_KEY and stand a line each in a file",
	}
}

// first gives the key that encrypts.
func (k *Keys) first() (key, error) {
	list, err := k.all(true)
	if err != nil {
		return key{}, err
	}
	return list[0], nil
}

// A locked is a secret that is encrypted, taken apart.
type locked struct {
	key  string // the key's id
	data []byte // nonce and ciphertext
}

// sealedPrefix is how an encrypted secret begins.
const sealedPrefix = "roster:v1:"

// parseLocked reads what seal has written.
func parseLocked(text string) (locked, bool) {
	rest, ok := strings.CutPrefix(text, sealedPrefix)
	id, encoded, parted := strings.Cut(rest, ":")
	data, err := base64.RawStdEncoding.DecodeString(encoded)
	return locked{id, data}, ok && parted && err == nil
}

// seal encrypts a secret for one place, which it cannot be moved from.
func (k *Keys) seal(secret []byte, place string) (string, error) {
	key, err := k.first()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, key.aead.NonceSize())
	rand.Read(nonce)
	data := key.aead.Seal(nonce, nonce, secret, []byte(sealedPrefix+key.id+":"+place))
	return sealedPrefix + key.id + ":" + base64.RawStdEncoding.EncodeToString(data), nil
}

// open decrypts what was sealed for that place.
func (k *Keys) open(text, place string) ([]byte, error) {
	l, ok := parseLocked(text)
	list, err := k.all(false)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(one key) bool { return one.id == l.key })
	if i < 0 {
		return nil, unreadable("there is no key "+printableID(l.key), "give ROSTER_SECRET_KEY, or the file of keys, that key as well, or set the secret again")
	}
	n := list[i].aead.NonceSize()
	if !ok || len(l.data) < n {
		return nil, unreadable("it is cut off", "set the secret again")
	}
	secret, err := list[i].aead.Open(nil, l.data[:n], l.data[n:], []byte(sealedPrefix+l.key+":"+place))
	if err != nil {
		return nil, unreadable("it was changed, or comes from another source or option", "set the secret again")
	}
	return secret, nil
}

// printableID keeps what stands where an id should from filling an error.
func printableID(id string) string { return fmt.Sprintf("%.16q", id) }

func unreadable(why, hint string) error {
	return &plugin.Error{Kind: plugin.Config, Msg: "it cannot be decrypted: " + why, Hint: hint}
}
