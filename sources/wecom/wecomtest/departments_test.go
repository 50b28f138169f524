package wecomtest_test

import (
	"testing"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func TestListsHaveTheVisibleRangeAndNothingElse(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	// the parent of 2 is out of range: it is named, and not there
	v.expect("department/list", `{"errcode":0,"errmsg":"ok","department":[
		{"id":2,"name":"Sales","name_en":"sales","department_leader":["Lisi","boss"],"parentid":1,"order":2147483648},
		{"id":3,"name":"Field Sales","department_leader":[],"parentid":2,"order":0}]}`)
	v.expect("department/simplelist", `{"errcode":0,"errmsg":"ok","department_id":[
		{"id":2,"parentid":1,"order":2147483648},{"id":3,"parentid":2,"order":0}]}`)
	v.expect("department/simplelist?id=3", `{"errcode":0,"errmsg":"ok","department_id":[{"id":3,"parentid":2,"order":0}]}`)
	v.refused("department/list?id=1", wecomtest.NoPrivilege)
	v.refused("department/list?id=99", wecomtest.NoDepartment)
	v.refused("department/list?id=x", wecomtest.BadDepartmentID)
}

func TestAListFromADepartmentHasAllBelowIt(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1, Secret: appSecret, Departments: []int64{1}})
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: "another"})
	v := visit(t, c, appSecret)
	v.expect("department/simplelist?id=1", `{"errcode":0,"errmsg":"ok","department_id":[
		{"id":1,"parentid":0,"order":0},{"id":2,"parentid":1,"order":2147483648},{"id":3,"parentid":2,"order":0},{"id":4,"parentid":1,"order":0}]}`)
}

func TestOneDepartmentNamesOnlyLeadersThatAreVisible(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	v.expect("department/get?id=2", `{"errcode":0,"errmsg":"ok","department":
		{"id":2,"name":"Sales","name_en":"sales","department_leader":["Lisi"],"parentid":1,"order":2147483648}}`)
	v.refused("department/get?id=4", wecomtest.NoPrivilege)
	v.refused("department/get?id=99", wecomtest.NoDepartment)
	v.refused("department/get", wecomtest.BadDepartmentID)
}

func TestAnOutlineAboveTheRangeHasNoNamesAndCannotBeRead(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{3}, Outline: true})
	v := visit(t, c, appSecret)
	v.expect("department/list", `{"errcode":0,"errmsg":"ok","department":[
		{"id":1,"department_leader":[],"parentid":0,"order":0},
		{"id":2,"department_leader":[],"parentid":1,"order":2147483648},
		{"id":3,"name":"Field Sales","department_leader":[],"parentid":2,"order":0}]}`)
	v.refused("department/get?id=2", wecomtest.NoPrivilege)
	v.refused("user/list?department_id=2", wecomtest.NoPrivilege)
}

func TestADepartmentMayVanishWhileItIsRead(t *testing.T) {
	c := acme(t)
	v := visit(t, c, appSecret)
	v.Before("user/list", func() { must(t, c.RemoveDepartment(3)) })
	v.refused("user/list?department_id=3", wecomtest.NoDepartment)
	v.expect("department/simplelist", `{"errcode":0,"errmsg":"ok","department_id":[{"id":2,"parentid":1,"order":2147483648}]}`)
	v.refused("user/get?userid=zhaoliu", wecomtest.NoPrivilege) // is in the company's own department now
}

func TestARangeFollowsTheTree(t *testing.T) {
	c := acme(t)
	v := visit(t, c, appSecret)
	must(t, c.PutDepartment(wecomtest.Department{ID: 4, Name: "R&D", ParentID: 3}))
	v.expect("department/simplelist?id=4", `{"errcode":0,"errmsg":"ok","department_id":[{"id":4,"parentid":3,"order":0}]}`)
	must(t, c.PutDepartment(wecomtest.Department{ID: 3, Name: "Field Sales", ParentID: 1}))
	v.refused("department/get?id=4", wecomtest.NoPrivilege)
}

func TestADepartmentWithoutANameIsListedWithoutOne(t *testing.T) {
	c := acme(t)
	must(t, c.PutDepartment(wecomtest.Department{ID: 7, ParentID: 3}), c.PutDepartment(wecomtest.Department{ID: 8, ParentID: 3}))
	v := visit(t, c, appSecret)
	v.expect("department/list?id=7", `{"errcode":0,"errmsg":"ok","department":[{"id":7,"department_leader":[],"parentid":3,"order":0}]}`)
	v.expect("user/list?department_id=8", `{"errcode":0,"errmsg":"ok","userlist":[]}`)
}
