package wecomtest

import (
	"fmt"
	"strings"
)

// fan is how many departments are below one in a crowd.
const fan = 8

// Crowd makes a company of that size, always the same for the same numbers:
// departments eight below each, everybody in one and each tenth in another one
// too, a leader in each, all fields filled in. Nobody may read it yet; see
// [Company.PutApp].
func Crowd(people, departments int) *Company {
	c := NewCompany("ww5823bf96d3bd56c7", "晨星科技")
	for i := 2; i <= departments; i++ {
		c.must(c.PutDepartment(unit(i, people)))
	}
	for i := range people {
		c.must(c.PutMember(person(i, departments)))
	}
	return c
}

// must stops at a crowd that WeCom would not have.
func (c *Company) must(err error) {
	if err != nil {
		panic(fmt.Errorf("a company of that size is not to be had: %w", err))
	}
}

// unit is the department of that number, from 2.
func unit(i, people int) Department {
	kinds := []string{"研发部", "销售部", "市场部", "财务部", "人力资源部", "客户服务部", "采购部", "质量部"}
	english := []string{"R&D", "Sales", "Marketing", "Finance", "People", "Service", "Purchasing", "Quality"}
	d := Department{
		ID: int64(i), ParentID: int64((i-2)/fan + 1), Order: uint32(1e8 - i),
		Name: fmt.Sprintf("%s %d", kinds[i%len(kinds)], i), NameEN: fmt.Sprintf("%s %d", english[i%len(english)], i),
	}
	if i <= people {
		d.Leaders = []string{userID(i - 1)}
	}
	return d
}

// person is the member of that number, from 0, of a company with so many departments.
func person(i, departments int) Member {
	departments = max(departments, 1)
	home := i % departments
	m := Member{
		UserID: userID(i), Name: surname(i) + given(i), Status: Activated, Gender: fmt.Sprint(1 + i%2),
		Places:   []Place{{Department: int64(home + 1), Order: uint32(i % 100), Leader: i < departments}},
		Position: []string{"工程师", "销售经理", "专员", "会计", "主管"}[i%5],
		Mobile:   fmt.Sprintf("138%08d", i), Telephone: fmt.Sprintf("020-%06d", i), Address: "广州市海珠区新港中路",
		Avatar:  fmt.Sprintf("https://wework.qpic.cn/wwhead/%d/0", i),
		ExtAttr: []Attr{{Name: "工号", Value: fmt.Sprintf("E%06d", i)}},
	}
	m.Email = strings.ToLower(m.UserID) + "@example.com"
	m.BizMail = strings.ToLower(m.UserID) + "@example.wecom.work"
	if i%10 == 9 && departments > 1 {
		m.Places = append(m.Places, Place{Department: int64((home+departments/2)%departments + 1)})
	}
	if i%20 == 19 {
		m.Status = NotActivated
	}
	if i >= departments {
		m.DirectLeaders = []string{userID(home)}
	}
	return m
}

// userID is the userid of a member of a crowd: some are written in capitals too.
func userID(i int) string {
	pinyin := []string{"zhang", "wang", "Li", "liu", "chen", "yang", "Huang", "zhao", "wu", "zhou"}
	return fmt.Sprintf("%s%05d", pinyin[i%len(pinyin)], i)
}

func surname(i int) string {
	return []string{"张", "王", "李", "刘", "陈", "杨", "黄", "赵", "吴", "周"}[i%10]
}

func given(i int) string {
	first := []string{"", "晓", "志", "建", "文", "思", "雨"}[i/10%7]
	return first + []string{"伟", "芳", "敏", "静", "强", "磊", "洋", "艳", "勇", "杰", "娟"}[i/70%11]
}
