package wecom

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeCom signs with it
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

const (
	padBlock  = 32 // of the padding, twice that of AES
	saltBytes = 16 // random ones at the start of a text
	sizeBytes = 4  // of the length of the message
)

var (
	errKey    = errors.New("an EncodingAESKey is 43 letters and digits")
	errSealed = errors.New("it cannot be decrypted with this EncodingAESKey")
)

// A seal is what WeCom signs and encrypts callbacks with.
type seal struct {
	token string
	key   []byte
	block cipher.Block
}

// newSeal makes the seal of a Token and an EncodingAESKey, as WeCom's console
// shows them.
func newSeal(token, encodingAESKey plugin.Secret) (*seal, error) {
	text := encodingAESKey.Reveal()
	if ok, _ := regexp.MatchString(`^[0-9A-Za-z]{43}$`, text); !ok {
		return nil, errKey
	}
	key, err := base64.StdEncoding.DecodeString(text + "=") // not strict: the last bits may be any
	if err != nil {
		return nil, errKey
	}
	block, err := aes.NewCipher(key)
	return &seal{token.Reveal(), key, block}, err
}

// signed says whether the signature is that of the other three.
func (s *seal) signed(signature, timestamp, nonce, encrypted string) bool {
	return subtle.ConstantTimeCompare([]byte(s.signature(timestamp, nonce, encrypted)), []byte(signature)) == 1
}

// signature signs with the token; the key plays no part in it.
func (s *seal) signature(timestamp, nonce, encrypted string) string {
	parts := []string{s.token, timestamp, nonce, encrypted}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// open decrypts what was sent: the message, and the id of whom it is for. A wrong
// key gives bytes of any kind, so that no length in them is believed.
func (s *seal) open(encrypted string) (message []byte, receiver string, err error) {
	text, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, "", errSealed
	}
	cipher.NewCBCDecrypter(s.block, s.key[:aes.BlockSize]).CryptBlocks(text, text)
	text, ok := unpad(text)
	if !ok || len(text) < saltBytes+sizeBytes {
		return nil, "", errSealed
	}
	size, text := binary.BigEndian.Uint32(text[saltBytes:]), text[saltBytes+sizeBytes:]
	if uint64(size) > uint64(len(text)) {
		return nil, "", errSealed
	}
	return text[:size], string(text[size:]), nil
}

// unpad takes the padding of PKCS#7 off.
func unpad(text []byte) ([]byte, bool) {
	n := int(text[len(text)-1])
	if n < 1 || n > padBlock || n > len(text) {
		return nil, false
	}
	rest, padding := text[:len(text)-n], text[len(text)-n:]
	return rest, bytes.Equal(padding, bytes.Repeat(padding[:1], n))
}
