package wecom

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

var errXML = errors.New("it is not the XML that WeCom sends")

// A message is the elements right below the root of what WeCom sends, by their
// names in lower case: it writes UserID and UserId.
type message map[string]string

// readMessage reads XML. One that declares anything (a DTD) is refused.
func readMessage(text []byte) (message, error) {
	m := message{}
	d := xml.NewDecoder(bytes.NewReader(text))
	var path []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(m) > 0 {
			return m, nil
		}
		if err != nil {
			return nil, errXML // what encoding/xml says may repeat what is in it
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errXML
		case xml.StartElement:
			path = append(path, strings.ToLower(token.Name.Local))
			if len(path) == 2 {
				m[path[1]] = ""
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) == 2 {
				m[path[1]] += string(token)
			}
		}
	}
}

// of gives an element, by its name in lower case, without the space around it.
func (m message) of(name string) string { return strings.TrimSpace(m[name]) }
