package wecomtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"
)

var (
	validToken  = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
	validAESKey = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
)

const padTo = 32 // bytes, more than a block of the cipher

// A seal encrypts and signs what is sent to a callback address.
type seal struct {
	token, receiver string
	key             []byte
}

func newSeal(token, aesKey, receiver string) (*seal, error) {
	if !validToken.MatchString(token) {
		return nil, errors.New("the token is not 1 to 32 letters and digits")
	}
	if !validAESKey.MatchString(aesKey) {
		return nil, errors.New("the EncodingAESKey is not 43 letters and digits")
	}
	key, err := base64.StdEncoding.DecodeString(aesKey + "=") // not strict: its last bits may be any
	return &seal{token, receiver, key}, err
}

// encrypt gives the base64 of a message behind 16 random bytes.
func (s *seal) encrypt(random, message string) (string, error) {
	text := append([]byte(random), make([]byte, 4)...)
	binary.BigEndian.PutUint32(text[len(random):], uint32(len(message)))
	text = append(append(text, message...), s.receiver...)
	pad := padTo - len(text)%padTo
	text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return "", err
	}
	cipher.NewCBCEncrypter(block, s.key[:aes.BlockSize]).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text), nil
}

// sign is the msg_signature.
func (s *seal) sign(timestamp, nonce, encrypted string) string {
	parts := []string{s.token, timestamp, nonce, encrypted}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}
