package wecom

import (
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/sources/mapping"
)

// A field is made of what WeCom gives, and these are what it is named there, with
// what follows from them:
//
//	state  active, disabled or left
//	mail   biz_mail, or email where there is none
//	rank   of a department among its siblings, from 1
//
// Extended attributes are extattr.NAME.
func userFields() []string {
	return []string{
		"userid", "name", "alias", "english_name", "position", "mobile", "telephone", "email", "biz_mail", "mail", "gender", "status", "state",
		"department", "order", "is_leader_in_dept", "direct_leader", "main_department", "avatar", "thumb_avatar", "qr_code", "address",
		"open_userid", "external_position", "external_profile", "extattr",
	}
}

func departmentFields() []string {
	return []string{"id", "parentid", "name", "name_en", "department_leader", "order", "rank"}
}

// defaultFields are what is mapped where the options say nothing else.
func defaultFields() fields {
	return fields{
		Users:       map[string]string{"nickname": "name", "username": "userid", "phone": "mobile", "email": "mail"},
		Departments: map[string]string{"title": "name", "sort": "rank"},
	}
}

// A mapper makes records of what WeCom gives.
type mapper struct {
	users, departments mapping.Fields
	dropsDisabled      bool
}

func newMapper(o *options) (*mapper, error) {
	m, defaults := &mapper{dropsDisabled: o.dropsDisabled()}, defaultFields()
	var err error
	if m.users, err = parseFields("/fields/users", defaults.Users, o.Fields.Users, userFields()); err != nil {
		return nil, err
	}
	m.departments, err = parseFields("/fields/departments", defaults.Departments, o.Fields.Departments, departmentFields())
	return m, err
}

// parseFields reads what attributes are made of. An empty expression leaves out
// one that is mapped by default.
func parseFields(at string, exprs, given map[string]string, known []string) (mapping.Fields, error) {
	maps.Copy(exprs, given)
	for _, own := range []string{"uid", "isDeleted", "departments", "parentUid"} {
		if _, ok := exprs[own]; ok {
			return nil, mapping.Wrong(at+"/"+own, "it cannot be mapped", "it follows from what WeCom says; leave it out")
		}
	}
	maps.DeleteFunc(exprs, func(_, expr string) bool { return expr == "" })
	parsed, err := mapping.ParseFields(at, exprs)
	if err != nil {
		return nil, err
	}
	for _, f := range parsed {
		for _, p := range f.Expr.Paths() {
			if !slices.Contains(known, p[0]) {
				return nil, mapping.Wrong(at+mapping.Path{f.Name}.String(), "WeCom has no such field", "one of "+strings.Join(known, ", ")+"; an extended attribute is extattr.NAME, a constant =TEXT")
			}
		}
	}
	return parsed, nil
}
