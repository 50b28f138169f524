package wecomtest

// Seal has what is behind a callback, for the published vectors: it gives the
// encrypted message and its signature.
func Seal(token, aesKey, receiver, random, message, timestamp, nonce string) (encrypted, signature string, err error) {
	s, err := newSeal(token, aesKey, receiver)
	if err != nil {
		return "", "", err
	}
	encrypted, err = s.encrypt(random, message)
	return encrypted, s.sign(timestamp, nonce, encrypted), err
}
