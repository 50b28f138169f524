// Package wecomtest is a simulated WeCom: a [Company] that can be changed, and
// a [Server] that answers WeCom's calls about it over real HTTP and tells a
// callback address of its changes. It behaves as WeCom's documentation says,
// whoever asks; it knows nothing of the source that Roster reads WeCom with.
//
//	c := wecomtest.NewCompany("ww5823bf96d3bd56c7", "Acme")
//	c.PutDepartment(wecomtest.Department{ID: 2, Name: "Sales", ParentID: 1})
//	c.PutMember(wecomtest.Member{UserID: "zhangsan", Name: "Zhang San", Places: []wecomtest.Place{{Department: 2}}})
//	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: "made up", Departments: []int64{1}})
//	s := wecomtest.Start(c)
//	defer s.Close()
//
// Changes come into force at once, in the middle of somebody's reading too.
// What WeCom would refuse is refused with its [Code]. Faults are made to order:
// [Server.Fail], [Server.Cut], [Server.Slow], [Server.Stall], [Server.Before].
// The same can be had over HTTP, under /simulator/.
package wecomtest
