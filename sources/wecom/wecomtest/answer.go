package wecomtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/netip"
	"strconv"
)

// encode writes an answer: the errcode, the errmsg, and what else there is.
func encode(result any, err error, from netip.Addr) []byte {
	var answer bytes.Buffer
	text := "ok"
	if err != nil {
		text = message(code(err), from)
	}
	fmt.Fprintf(&answer, `{"errcode":%d,"errmsg":%q`, code0(err), text)
	rest := marshal(result)
	if len(rest) > len("{}") {
		answer.WriteByte(',')
		answer.Write(rest[1:])
		return answer.Bytes()
	}
	answer.WriteByte('}')
	return answer.Bytes()
}

func code0(err error) Code {
	if err == nil {
		return 0
	}
	return code(err)
}

// marshal gives the JSON of an object, "{}" for nil.
func marshal(result any) []byte {
	if result == nil {
		return []byte("{}")
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		panic(err) // all of it is our own
	}
	return bytes.TrimSpace(text.Bytes())
}

// message is an errmsg with the hints that WeCom adds, which nobody should read
// anything from but people.
func message(c Code, from netip.Addr) string {
	hash := fnv.New64a()
	hash.Write([]byte(from.String() + strconv.Itoa(int(c))))
	return fmt.Sprintf("%s, hint: [%019d], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d",
		c.text(), hash.Sum64()>>1, from, int(c))
}

// send answers, or as much as comes through when the connection is cut.
func send(w http.ResponseWriter, answer []byte, cut bool) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	if cut {
		answer = answer[:len(answer)/2]
	}
	_, _ = w.Write(answer) // whoever went away knows
}
