package wecom

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

// A vector is a message that WeCom's own samples sign and encrypt.
type vector struct {
	token, key, receiver                   plugin.Secret
	timestamp, nonce, signature, encrypted string
	text                                   string
}

func vectors() map[string]vector {
	vs := map[string]vector{
		"V1": {
			token: `QDG6eK`, key: `jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C`, receiver: `wx5823bf96d3bd56c7`,
			timestamp: "1409659589", nonce: "263014780", signature: "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
			encrypted: `P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==`,
			text:      `1616140317555161061`,
		},
		"V2": {
			token: `QDG6eK`, key: `jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C`, receiver: `wx5823bf96d3bd56c7`,
			timestamp: "1409659813", nonce: "1372623149", signature: "477715d11cdb4164915debcba66cb864d751f3e6",
			encrypted: `RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==`,
			text:      "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>",
		},
		"V3": {
			token: `hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo`, key: `6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt`, receiver: `ww1436e0e65a779aee`,
			timestamp: "1476416373", nonce: "47744683", signature: "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb",
			encrypted: `fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA==`,
			text:      `1288432023552776189`,
		},
		"V4": {
			token: `hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo`, key: `6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt`, receiver: `ww1436e0e65a779aee`,
			timestamp: "1476422779", nonce: "1597212914", signature: "0c3914025cb4b4d68103f6bfc8db550f79dcf48e",
			encrypted: `Kl7kjoSf6DMD1zh7rtrHjFaDapSCkaOnwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGzBhzTtRLNshw2AEew+kkYcD+Fq72Kt00fT0WnN87hGrW8SqGc+NcT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3JWcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka7ilEbjbfvhKkNL65HHL0J6EYJIZUC2pFrdkJ7MhmEbU2qARR4iQHE7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49HKYg84EpHSGXAyh+/oxwaWbvL6aSDPOYuPDGOCI8jmnKiypE+`,
			text:      `<xml><ToUserName>ww1436e0e65a779aee</ToUserName><FromUserName>ChenJiaShun</FromUserName><CreateTime>1476422779</CreateTime><MsgType>text</MsgType><Content>你好</Content><MsgId>1456453720</MsgId><AgentID>1000002</AgentID></xml>`,
		},
		"V5": {
			token: `hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo`, key: `6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt`, receiver: `ww1436e0e65a779aee`,
			timestamp: "1409659813", nonce: "1372623149", signature: "e3647471e395139e2308c1fa963f2d648a00b90e",
			encrypted: `cjhLUX7UU4yCSelv1vz7T0zT8huF51bAMVWriNvO1FMegHrQZNrtvRxbwf0fUPsFvwqR0U0fgiJNEA5Y30F2MoI2S7vv3EjVQ68C0cjw9frBoUE2Hj0BvFp9h3u6Vbsg4lc1C8AtHdaN8orKuNKkLRLuYEL52R1J3v8olJGZRLnRdVKIivixmX/eQpzgeExtp20jI1HxRP1AAZ6xZoILdqDPO549LO4WeG+685JRUTdiwcY5fjZlqeMxuT4PpMn1X9OWsS7NRj06Wa5E3Tvg4twjWp39KPfOdRte6P1T4JU=`,
			text:      `{ "ToUserName": "wx5823bf96d3bd56c7", "FromUserName": :mycreate", "CreateTime": 1409659813, "MsgType": "text", "Content": "hello", "MsgId": 4561255354251345929, "AgentID": 218}`,
		},
	}
	for name, address := range map[string]string{
		"V9":  "http://test?msg_signature=6a27598fb5b01ee02684379a339fef6de65c83c2&timestamp=1629824456&nonce=bqe3yfbqfc7&echostr=22vyvcBQ1xafTSJuhMGQuFyOAh00m2enIATgo4R6SGHY%2FYhofNmfwCksP3OP0Gxnq%2BcqnJcuvUQtjSbEu60IUA%3D%3D",
		"V10": "http://test?msg_signature=e225d26d3bb4d06b4656f6b674e2143d4d35e81e&timestamp=1629822102&nonce=oduw1lq7iwp&echostr=teMozE0aNgDd2iKay6VOldGRKQXJbHsFqFc10Y4dYBE%2FMu%2B34X0Vd%2BKP6GoxWXGqYOC9bg4eSNw7d3d6awhm%2BA%3D%3D",
	} {
		u, _ := url.Parse(address)
		q := u.Query()
		vs[name] = vector{
			token: "1372623149", key: vs["V1"].key, receiver: vs["V1"].receiver, text: "ECHO",
			timestamp: q.Get("timestamp"), nonce: q.Get("nonce"), signature: q.Get("msg_signature"), encrypted: q.Get("echostr"),
		}
	}
	return vs
}

// otherKey is a key that is right, and nobody's.
const otherKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

func mustSeal(t testing.TB, token, key plugin.Secret) *seal {
	t.Helper()
	s, err := newSeal(token, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatWeComSignsAndEncryptsIsRead(t *testing.T) {
	for name, v := range vectors() {
		s := mustSeal(t, v.token, v.key)
		if !s.signed(v.signature, v.timestamp, v.nonce, v.encrypted) {
			t.Errorf("%s: the signature is not taken", name)
		}
		text, receiver, err := s.open(v.encrypted)
		if string(text) != v.text || receiver != v.receiver.Reveal() || err != nil {
			t.Errorf("%s: open() = %q, %q, %v", name, text, receiver, err)
		}
	}
}

func TestASignatureIsOfAllThatIsSigned(t *testing.T) {
	for name, v := range vectors() {
		s := mustSeal(t, v.token, v.key)
		for what, taken := range map[string]bool{
			"another time":       s.signed(v.signature, "2"+v.timestamp[1:], v.nonce, v.encrypted),
			"another nonce":      s.signed(v.signature, v.timestamp, v.nonce+"1", v.encrypted),
			"another text":       s.signed(v.signature, v.timestamp, v.nonce, v.encrypted[1:]),
			"another token":      mustSeal(t, "token", v.key).signed(v.signature, v.timestamp, v.nonce, v.encrypted),
			"none":               s.signed("", v.timestamp, v.nonce, v.encrypted),
			"a part of it":       s.signed(v.signature[:39], v.timestamp, v.nonce, v.encrypted),
			"in capital letters": s.signed(strings.ToUpper(v.signature), v.timestamp, v.nonce, v.encrypted),
		} {
			if taken {
				t.Errorf("%s: %s: the signature is taken", name, what)
			}
		}
	}
}

func TestAnotherKeyDoesNotOpenAMessage(t *testing.T) {
	for name, v := range vectors() {
		if _, _, err := mustSeal(t, v.token, otherKey).open(v.encrypted); !errors.Is(err, errSealed) {
			t.Errorf("%s: open() = %v", name, err)
		}
	}
}

func TestAKeyIsFortyThreeLettersAndDigits(t *testing.T) {
	for _, key := range []string{"", otherKey[1:], otherKey + "A", otherKey[1:] + "=", otherKey[1:] + "$", otherKey[1:] + "\n", otherKey[1:] + "é"} {
		if _, err := newSeal("token", plugin.Secret(key)); !errors.Is(err, errKey) {
			t.Errorf("newSeal(%q) = %v", key, err)
		}
	}
}

// The last character of a key has two bits too many.
func TestTheLastBitsOfAKeyMayBeAny(t *testing.T) {
	a, b := mustSeal(t, "token", plugin.Secret(otherKey[:42]+"E")), mustSeal(t, "token", plugin.Secret(otherKey[:42]+"F"))
	if !bytes.Equal(a.key, b.key) {
		t.Error("the keys differ")
	}
}

func TestMessagesOfAnyLengthAreRead(t *testing.T) {
	s := mustSeal(t, "token", otherKey)
	for n := range 70 {
		message := strings.Repeat("企", n)[:n]
		text, receiver, err := s.open(s.sealed(message, "ww1"))
		if string(text) != message || receiver != "ww1" || err != nil {
			t.Errorf("%d bytes: open() = %q, %q, %v", n, text, receiver, err)
		}
	}
}

func TestWhatIsNotAsItMustBeIsNotRead(t *testing.T) {
	s := mustSeal(t, "token", otherKey)
	salt := strings.Repeat("s", saltBytes)
	for what, encrypted := range map[string]string{
		"nothing":              "",
		"no base64":            "*",
		"no whole blocks":      base64.StdEncoding.EncodeToString(make([]byte, 17)),
		"no length":            s.raw(pad([]byte(salt + "abc"))),
		"too large a length":   s.raw(pad([]byte(salt + "\xff\xff\xff\xffabc"))),
		"no padding":           s.raw(append([]byte(salt+"\x00\x00\x00\x00"+strings.Repeat("x", 11)), 0)),
		"too long a padding":   s.raw(bytes.Repeat([]byte{33}, 48)),
		"padding that differs": s.raw(append([]byte(salt+"\x00\x00\x00\x00"+strings.Repeat("x", 11)), 2)),
		"longer than the text": s.raw(bytes.Repeat([]byte{17}, 16)),
	} {
		if text, _, err := s.open(encrypted); !errors.Is(err, errSealed) {
			t.Errorf("%s: open() = %q, %v", what, text, err)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	for _, v := range vectors() {
		f.Add(string(v.key), v.encrypted)
	}
	f.Fuzz(func(t *testing.T, key, encrypted string) {
		s, err := newSeal("token", plugin.Secret(key))
		if err != nil {
			s = mustSeal(t, "token", otherKey)
		}
		if text, receiver, err := s.open(encrypted); err != nil && (text != nil || receiver != "") {
			t.Errorf("open() = %q, %q, %v", text, receiver, err)
		}
		raw := []byte(encrypted)
		raw = raw[:len(raw)/16*16]
		s.open(s.raw(raw)) // it must not panic
	})
}

// sealed encrypts a message as WeCom does.
func (s *seal) sealed(message, receiver string) string {
	text := []byte(strings.Repeat("s", saltBytes))
	text = binary.BigEndian.AppendUint32(text, uint32(len(message)))
	return s.raw(pad(append(append(text, message...), receiver...)))
}

func pad(text []byte) []byte {
	n := padBlock - len(text)%padBlock
	return append(text, bytes.Repeat([]byte{byte(n)}, n)...)
}

// raw encrypts whole blocks.
func (s *seal) raw(text []byte) string {
	out := make([]byte, len(text))
	cipher.NewCBCEncrypter(s.block, s.key[:16]).CryptBlocks(out, text)
	return base64.StdEncoding.EncodeToString(out)
}
