package wecomtest_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"testing"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// unseal decrypts a message of the vectors, far enough to find its random
// bytes; what is in it the vectors say.
func unseal(t *testing.T, aesKey, encrypted string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	must(t, err)
	text, err := base64.StdEncoding.DecodeString(encrypted)
	must(t, err)
	block, err := aes.NewCipher(key)
	must(t, err)
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(text, text)
	return string(text)
}

func TestMessagesAreSealedAsThePublishedOnes(t *testing.T) {
	for name, v := range map[string]struct {
		token, aesKey, receiver, timestamp, nonce, signature, encrypted, message string
	}{
		"V1": {
			"QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7", "1409659589", "263014780",
			"5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
			"P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
			"1616140317555161061",
		},
		"V2": {
			"QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7", "1409659813", "1372623149",
			"477715d11cdb4164915debcba66cb864d751f3e6",
			"RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==",
			"<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>",
		},
		"V3": {
			"hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt", "ww1436e0e65a779aee", "1476416373", "47744683",
			"012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb",
			"fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA==",
			"1288432023552776189",
		},
		"V4": {
			"hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt", "ww1436e0e65a779aee", "1476422779", "1597212914",
			"0c3914025cb4b4d68103f6bfc8db550f79dcf48e",
			"Kl7kjoSf6DMD1zh7rtrHjFaDapSCkaOnwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGzBhzTtRLNshw2AEew+kkYcD+Fq72Kt00fT0WnN87hGrW8SqGc+NcT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3JWcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka7ilEbjbfvhKkNL65HHL0J6EYJIZUC2pFrdkJ7MhmEbU2qARR4iQHE7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49HKYg84EpHSGXAyh+/oxwaWbvL6aSDPOYuPDGOCI8jmnKiypE+",
			"<xml><ToUserName>ww1436e0e65a779aee</ToUserName><FromUserName>ChenJiaShun</FromUserName><CreateTime>1476422779</CreateTime><MsgType>text</MsgType><Content>你好</Content><MsgId>1456453720</MsgId><AgentID>1000002</AgentID></xml>",
		},
	} {
		random := unseal(t, v.aesKey, v.encrypted)[:16]
		encrypted, signature, err := wecomtest.Seal(v.token, v.aesKey, v.receiver, random, v.message, v.timestamp, v.nonce)
		if err != nil || encrypted != v.encrypted || signature != v.signature {
			t.Errorf("%s is sealed as %s, %s, %v; want %s, %s", name, encrypted, signature, err, v.encrypted, v.signature)
		}
	}
}

func TestSettingsThatTheConsoleDoesNotTake(t *testing.T) {
	const key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	for name, v := range map[string]struct{ token, aesKey string }{
		"no key": {"QDG6eK", ""}, "a short key": {"QDG6eK", key[1:]}, "a long key": {"QDG6eK", key + "A"},
		"a key of another alphabet": {"QDG6eK", key[1:] + "="}, "no token": {"", key},
		"a long token": {"123456789012345678901234567890123", key}, "a token with a blank": {"QD G6eK", key},
	} {
		c := wecomtest.NewCompany(corpID, "Acme")
		if err := c.SetCallback(wecomtest.Callback{URL: "http://192.0.2.1", Token: v.token, AESKey: v.aesKey}); err == nil {
			t.Errorf("SetCallback() takes %s", name)
		}
	}
}
