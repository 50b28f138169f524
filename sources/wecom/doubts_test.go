package wecom

import (
	"strconv"
	"testing"
)

func TestADoubtNamesCallDepartmentsAndCode(t *testing.T) {
	const why = ": WeCom answered 60011, the member, department or tag is not in the visible range of the application; nobody is taken for gone"
	for n, want := range map[int]string{1: "user/list of department 1" + why, 2: "user/list of departments 1, 2" + why, 12: "user/list of departments 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more" + why} {
		var d doubts
		for id := range n {
			d.code("user/list", 60011, strconv.Itoa(id+1))
		}
		if len(d) != 1 || d[0].String() != want {
			t.Errorf("%d: %v, want %s", n, d, want)
		}
	}
	var d doubts
	for range 3 {
		d.code("user/get", 0, "")
	}
	if want := "user/get (3 times): the answer is not what WeCom documents; nobody is taken for gone"; d[0].String() != want {
		t.Errorf("%v, want %s", d[0], want)
	}
}
