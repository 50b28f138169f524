package wecomtest

import (
	"net/url"
	"slices"
	"strconv"
)

type department struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name,omitempty"`
	NameEN  string   `json:"name_en,omitempty"`
	Leaders []string `json:"department_leader"`
	Parent  int64    `json:"parentid"`
	Order   uint32   `json:"order"`
}

type departmentID struct {
	ID     int64  `json:"id"`
	Parent int64  `json:"parentid"`
	Order  uint32 `json:"order"`
}

type departmentList struct {
	Departments []department `json:"department"`
}

type departmentIDs struct {
	Departments []departmentID `json:"department_id"`
}

type oneDepartment struct {
	Department department `json:"department"`
}

func listDepartments(v *visit) (any, error) {
	listed, err := v.listed()
	if err != nil {
		return nil, err
	}
	list := departmentList{make([]department, 0, len(listed))}
	for _, id := range listed {
		list.Departments = append(list.Departments, v.tellDepartment(id))
	}
	return list, nil
}

func listDepartmentIDs(v *visit) (any, error) {
	listed, err := v.listed()
	if err != nil {
		return nil, err
	}
	list := departmentIDs{make([]departmentID, 0, len(listed))}
	for _, id := range listed {
		d := v.departments[id]
		list.Departments = append(list.Departments, departmentID{d.ID, d.ParentID, d.Order})
	}
	return list, nil
}

func getDepartment(v *visit) (any, error) {
	id, err := v.readable("id")
	if err != nil {
		return nil, err
	}
	d := v.tellDepartment(id)
	d.Leaders = v.visible(d.Leaders)
	return oneDepartment{d}, nil
}

// listed has the numbers that a list of departments tells of, by size: all that
// the bearer sees, or the one named and those below it.
func (v *visit) listed() ([]int64, error) {
	if !v.query.Has("id") {
		return v.view.listed, v.enabled()
	}
	id, err := v.readable("id")
	if err != nil {
		return nil, err
	}
	below := v.subtree(id)
	slices.Sort(below)
	return below, nil
}

// readable reads the number of a department that the bearer may read.
func (v *visit) readable(parameter string) (int64, error) {
	if err := v.enabled(); err != nil {
		return 0, err
	}
	id, err := number(v.query, parameter)
	switch {
	case err != nil:
		return 0, BadDepartmentID
	case v.departments[id] == nil:
		return 0, NoDepartment
	case !v.view.departments[id]:
		return 0, NoPrivilege
	}
	return id, nil
}

// tellDepartment is a department as the lists have it: one above the visible
// range has no name and no leaders.
func (v *visit) tellDepartment(id int64) department {
	d := v.departments[id]
	told := department{ID: d.ID, Leaders: []string{}, Parent: d.ParentID, Order: d.Order}
	if v.view.departments[id] {
		told.Name, told.NameEN, told.Leaders = d.Name, d.NameEN, v.present(d.Leaders)
	}
	return told
}

// present leaves out who has left, as they are written where they are members.
func (v *visit) present(userIDs []string) []string {
	present := []string{}
	for _, userID := range userIDs {
		if m := v.members[key(userID)]; m != nil {
			present = append(present, m.UserID)
		}
	}
	return present
}

// visible leaves out whom the bearer does not see, and who has left.
func (v *visit) visible(userIDs []string) []string {
	return slices.DeleteFunc(v.present(userIDs), func(userID string) bool { return !v.view.sees(v.members[key(userID)]) })
}

func number(query url.Values, parameter string) (int64, error) {
	return strconv.ParseInt(query.Get(parameter), 10, 64)
}
