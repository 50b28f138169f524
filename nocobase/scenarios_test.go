//go:build nocobase

package nocobase_test

import "github.com/nocobase-roster/roster/nocobase/host"

// scenarios are what the page for operators is about, in its order.
func scenarios() []scenario {
	var all []scenario
	for _, some := range [][]scenario{
		treeScenarios(), removedDepartmentScenarios(), peopleScenarios(), matchScenarios(), leavingScenarios(),
		membershipScenarios(), ownerScenarios(), handScenarios(), badScenarios(), columnScenarios(),
	} {
		all = append(all, some...)
	}
	return all
}

// begin is what many scenarios begin with.
func begin(s *site) {
	s.departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Works","parentUid":"1"}`, `{"uid":"3","title":"Paint","parentUid":"2"}`)
	s.users(
		`{"uid":"m","username":"mia","nickname":"Mia","email":"mia@example.com","phone":"+15550001","departments":["2"]}`,
		`{"uid":"n","username":"noa","nickname":"Noa","departments":["2","3"]}`)
}

// after is a scenario on top of begin.
func after(act func(*site)) func(*site) {
	return func(s *site) {
		begin(s)
		act(s)
	}
}

func treeScenarios() []scenario {
	return []scenario{
		{name: "A first push brings a tree of departments and their people", act: begin},
		{name: "The same is pushed again", act: after(begin)},
		{name: "Departments are renamed and moved", act: after(func(s *site) {
			s.departments(`{"uid":"4","title":"Sales","parentUid":"1"}`)
			s.departments(`{"uid":"2","title":"Factory","parentUid":"4"}`, `{"uid":"3","title":"Paint shop","parentUid":"1"}`)
		})},
		{name: "A department is moved to the top: its parentUid is null", act: after(func(s *site) {
			s.departments(`{"uid":"3","title":"Paint","parentUid":null}`)
		})},
		{name: "A department is moved to the top: its parentUid is left out", act: after(func(s *site) {
			s.departments(`{"uid":"3","title":"Paint"}`)
		})},
		{name: "A department comes before its parent, in one push", act: func(s *site) {
			s.departments(`{"uid":"3","title":"Paint","parentUid":"2"}`, `{"uid":"2","title":"Works","parentUid":"1"}`, `{"uid":"1","title":"Company"}`)
		}},
		{name: "A department comes a push before its parent", act: func(s *site) {
			s.departments(`{"uid":"3","title":"Paint","parentUid":"2"}`)
			s.departments(`{"uid":"2","title":"Works"}`)
		}},
		{name: "A parent and its child swap places in one push", act: after(func(s *site) {
			s.departments(`{"uid":"3","title":"Paint","parentUid":"1"}`, `{"uid":"2","title":"Works","parentUid":"3"}`)
		})},
		{name: "A department is put below itself", act: after(func(s *site) {
			s.departments(`{"uid":"2","title":"Works","parentUid":"2"}`)
		})},
		{name: "A department is put below one that is below it", act: after(func(s *site) {
			s.departments(`{"uid":"2","title":"Works","parentUid":"3"}`)
		})},
		{name: "A department states its sort", act: func(s *site) {
			s.departments(`{"uid":"1","title":"First","sort":2}`, `{"uid":"2","title":"Second","sort":1}`)
		}},
		{name: "A department has no title", act: func(s *site) { s.departments(`{"uid":"1"}`) }},
		{name: "A department's record leaves its title out", act: after(func(s *site) { s.departments(`{"uid":"2","parentUid":"1"}`) })},
	}
}

func removedDepartmentScenarios() []scenario {
	return []scenario{
		{name: "A department without departments below it is removed by a tombstone", act: after(func(s *site) {
			s.departments(`{"uid":"3","isDeleted":true}`)
		})},
		{name: "A department is removed by a tombstone, and others are below it", act: after(func(s *site) {
			s.departments(`{"uid":"2","isDeleted":true}`)
		})},
		{name: "A removed department is pushed again", act: after(func(s *site) {
			s.departments(`{"uid":"3","isDeleted":true}`)
			s.departments(`{"uid":"3","title":"Paint","parentUid":"2"}`)
		})},
		{name: "A tombstone comes for a department that is removed already", act: after(func(s *site) {
			s.departments(`{"uid":"3","isDeleted":true}`)
			s.departments(`{"uid":"3","title":"Paint","isDeleted":true}`)
		})},
		{name: "A tombstone comes for a department nobody knows", act: after(func(s *site) {
			s.departments(`{"uid":"9","title":"Nowhere","isDeleted":true}`)
		})},
	}
}

func peopleScenarios() []scenario {
	return []scenario{
		{name: "A user's name, e-mail and phone change", act: after(func(s *site) {
			s.users(`{"uid":"m","username":"mia2","nickname":"Mia B.","email":"mia.b@example.com","phone":"+15550009","departments":["2"]}`)
		})},
		{name: "An attribute that is left out stays, one that is null is cleared", act: after(func(s *site) {
			s.users(`{"uid":"m","username":"mia","phone":null,"departments":["2"]}`)
		})},
		{name: "Two users swap their e-mails in one push", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","email":"a@example.com"}`, `{"uid":"b","username":"bob","email":"b@example.com"}`)
			s.users(`{"uid":"a","username":"ann","email":"b@example.com"}`, `{"uid":"b","username":"bob","email":"a@example.com"}`)
		}},
		{name: "Two users want the same e-mail", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","email":"same@example.com"}`, `{"uid":"b","username":"bob","email":"same@example.com"}`)
		}},
		{name: "Two users have an empty e-mail", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","email":""}`, `{"uid":"b","username":"bob","email":""}`)
		}},
		{name: "A uid comes twice in one push", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","nickname":"First"}`, `{"uid":"a","username":"ann","nickname":"Second"}`)
		}},
		{name: "A record states roles", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","roles":["admin"]}`)
		}},
		{name: "A record states a password", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","password":"a secret"}`)
		}},
		{name: "A record states what is protected", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","id":77,"appLang":"zh-CN","sort":9,"createdById":1,"updatedById":1,"systemSettings":{"theme":"dark"}}`)
		}},
		{name: "A record states what is no column", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann","shoeSize":44}`)
		}},
		{name: "A record is not in a later push", act: after(func(s *site) {
			s.users(`{"uid":"m","username":"mia","nickname":"Mia","departments":["2"]}`)
		})},
	}
}

func matchScenarios() []scenario {
	return []scenario{
		{name: "A match key finds a user who was made by hand", act: func(s *site) {
			s.hire(host.Values{"username": "ann", "email": "ann@example.com", "nickname": "Made by hand"})
			s.bring("hr", "user", "email", `{"uid":"a","email":"ann@example.com","nickname":"Ann"}`)
		}},
		{name: "A match key finds nobody for a record without it", act: func(s *site) {
			s.hire(host.Values{"username": "ann", "nickname": "Made by hand"})
			s.bring("hr", "user", "email", `{"uid":"a","nickname":"Ann"}`)
		}},
		{name: "A match key is compared with its case", act: func(s *site) {
			s.hire(host.Values{"username": "ann", "email": "Ann@Example.com"})
			s.bring("hr", "user", "email", `{"uid":"a","email":"ann@example.com","nickname":"Ann"}`)
		}},
		{name: "Two records of one push have the same match key", act: func(s *site) {
			s.bring("hr", "user", "email", `{"uid":"a","username":"ann","email":"same@example.com","nickname":"Ann"}`,
				`{"uid":"b","username":"bob","email":"same@example.com","nickname":"Bob"}`)
		}},
		{name: "A record matches a user whom another record of its source stands for", act: func(s *site) {
			s.bring("hr", "user", "email", `{"uid":"a","username":"ann","email":"same@example.com","nickname":"Ann"}`)
			s.bring("hr", "user", "email", `{"uid":"b","email":"same@example.com","nickname":"Bob"}`)
		}},
		{name: "A second source finds a user by the match key, and states no departments", act: after(func(s *site) {
			s.bring("crm", "user", "email", `{"uid":"7","email":"mia@example.com","nickname":"Mia of CRM"}`)
		})},
		{name: "A second source finds a user by the match key, and states a department of its own", act: after(func(s *site) {
			s.bring("crm", "department", "", `{"uid":"d","title":"Customers"}`)
			s.bring("crm", "user", "email", `{"uid":"7","email":"mia@example.com","departments":["d"]}`)
		})},
		{name: "The match key is no field of a user", act: func(s *site) {
			s.bring("hr", "user", "badge", `{"uid":"a","username":"ann"}`)
		}},
	}
}

func leavingScenarios() []scenario {
	return []scenario{
		{name: "A user goes to whom rows of other collections belong: they go along, or belong to nobody", act: after(func(s *site) {
			s.collect("laptops", "CASCADE", "mia", "noa")
			s.collect("lockers", "SET NULL", "mia", "noa")
			s.collect("visits", "NO ACTION", "mia", "noa")
			s.users(`{"uid":"m","username":"mia","isDeleted":true}`)
			s.list("laptops")
			s.list("lockers")
			s.list("visits")
		})},
		{name: "A user goes to whom a row of another collection belongs that forbids it", act: after(func(s *site) {
			s.collect("leases", "RESTRICT", "mia")
			s.users(`{"uid":"m","username":"mia","isDeleted":true}`, `{"uid":"n","username":"noa","isDeleted":true}`)
			s.list("leases")
		})},
		{name: "A user is removed by a tombstone", act: after(func(s *site) { s.users(`{"uid":"m","isDeleted":true}`) })},
		{name: "A removed user is pushed again", act: after(func(s *site) {
			s.users(`{"uid":"m","isDeleted":true}`)
			s.users(`{"uid":"m","username":"mia","nickname":"Mia","departments":["2"]}`)
		})},
		{name: "A tombstone comes for a user who is removed already", act: after(func(s *site) {
			s.users(`{"uid":"m","isDeleted":true}`)
			s.users(`{"uid":"m","username":"mia","isDeleted":true}`)
		})},
		{name: "A tombstone comes for a user nobody knows", act: after(func(s *site) {
			s.users(`{"uid":"x","username":"nobody","isDeleted":true}`)
		})},
		{name: "A tombstone comes for root", act: func(s *site) {
			s.bring("hr", "user", "username", `{"uid":"r","username":"nocobase"}`)
			s.users(`{"uid":"r","isDeleted":true}`)
		}},
		{name: "A tombstone comes for a user who was made by hand and found by the match key", act: func(s *site) {
			s.hire(host.Values{"username": "ann", "email": "ann@example.com"})
			s.bring("hr", "user", "email", `{"uid":"a","email":"ann@example.com"}`)
			s.users(`{"uid":"a","isDeleted":true}`)
		}},
		{name: "One of two sources of a user sends a tombstone", act: after(func(s *site) {
			s.bring("crm", "user", "email", `{"uid":"7","email":"mia@example.com","departments":[]}`)
			s.bring("crm", "user", "", `{"uid":"7","isDeleted":true}`)
		})},
		{name: "A leaver's e-mail goes to a new hire in one push", act: after(func(s *site) {
			s.users(`{"uid":"z","username":"zoe","email":"mia@example.com"}`, `{"uid":"m","isDeleted":true}`)
		})},
	}
}

func membershipScenarios() []scenario {
	return []scenario{
		{name: "A user changes departments", act: after(func(s *site) {
			s.users(`{"uid":"m","username":"mia","departments":["1","3"]}`)
		})},
		{name: "A user's departments are []", act: after(func(s *site) { s.users(`{"uid":"m","username":"mia","departments":[]}`) })},
		{name: "A user's departments are left out", act: after(func(s *site) { s.users(`{"uid":"m","username":"mia"}`) })},
		{name: "A user's departments are null", act: after(func(s *site) { s.users(`{"uid":"m","username":"mia","departments":null}`) })},
		{name: "A user comes a push before the department", act: func(s *site) {
			s.users(`{"uid":"m","username":"mia","departments":["2"]}`)
			s.departments(`{"uid":"2","title":"Works"}`)
		}},
		{name: "A user is in a department that never comes", act: after(func(s *site) {
			s.users(`{"uid":"m","username":"mia","departments":["2","9"]}`)
		})},
		{name: "A user names a department twice", act: after(func(s *site) {
			s.users(`{"uid":"z","username":"zoe","departments":["2","2"]}`)
		})},
		{name: "A membership made by hand, and the user is pushed unchanged", act: after(func(s *site) {
			s.join("mia", "Paint")
			s.users(`{"uid":"m","username":"mia","nickname":"Mia","email":"mia@example.com","phone":"+15550001","departments":["2"]}`)
		})},
		{name: "A membership made by hand, and the user is pushed without departments", act: after(func(s *site) {
			s.join("mia", "Paint")
			s.users(`{"uid":"m","username":"mia","nickname":"Mia"}`)
		})},
		{name: "A membership ended by hand, and the user is pushed unchanged", act: after(func(s *site) {
			s.leave("mia", "Works")
			s.users(`{"uid":"m","username":"mia","nickname":"Mia","email":"mia@example.com","phone":"+15550001","departments":["2"]}`)
		})},
	}
}

func ownerScenarios() []scenario {
	return []scenario{
		{name: "A record states who owns a department and which is the main one", act: after(func(s *site) {
			s.users(`{"uid":"z","username":"zoe","departments":["2",{"uid":"3","isOwner":true,"isMain":true}]}`)
		})},
		{name: "A record states another main department than before", act: after(func(s *site) {
			s.users(`{"uid":"n","username":"noa","departments":["2",{"uid":"3","isMain":true}]}`)
		})},
		{name: "A record states an owner no more: isOwner is false", act: after(func(s *site) {
			s.users(`{"uid":"z","username":"zoe","departments":[{"uid":"2","isOwner":true}]}`)
			s.users(`{"uid":"z","username":"zoe","departments":[{"uid":"2","isOwner":false}]}`)
		})},
		{name: "A record states an owner no more: isOwner is left out", act: after(func(s *site) {
			s.users(`{"uid":"z","username":"zoe","departments":[{"uid":"2","isOwner":true}]}`)
			s.users(`{"uid":"z","username":"zoe","departments":["2"]}`)
		})},
		{name: "A user leaves the main department", act: after(func(s *site) {
			s.users(`{"uid":"n","username":"noa","departments":["3"]}`)
		})},
		{name: "A main department set by hand, and the user is pushed unchanged", act: func(s *site) {
			s.departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Works","parentUid":"1"}`)
			s.users(`{"uid":"m","username":"mia","departments":[{"uid":"1","isMain":true},"2"]}`)
			s.edit("mia", host.Values{"mainDepartmentId": s.department("Works")})
			s.users(`{"uid":"m","username":"mia","departments":[{"uid":"1","isMain":true},"2"]}`)
		}},
		{name: "An owner set by hand, and the user is pushed unchanged", act: after(func(s *site) {
			s.own("noa", "Paint")
			s.users(`{"uid":"n","username":"noa","nickname":"Noa","departments":["2","3"]}`)
		})},
	}
}

func handScenarios() []scenario {
	return []scenario{
		{name: "A user edited by hand is pushed unchanged", act: after(func(s *site) {
			s.edit("mia", host.Values{"nickname": "Edited"})
			s.users(`{"uid":"m","username":"mia","nickname":"Mia","email":"mia@example.com","phone":"+15550001","departments":["2"]}`)
		})},
		{name: "A user removed by hand is pushed unchanged", act: after(func(s *site) {
			s.dismiss("mia")
			s.users(`{"uid":"m","username":"mia","nickname":"Mia","email":"mia@example.com","phone":"+15550001","departments":["2"]}`)
		})},
		{name: "A department edited and moved by hand is pushed unchanged", act: after(func(s *site) {
			s.reorganize("Paint", host.Values{"title": "Edited", "parent": host.Values{"id": s.department("Company")}})
			s.departments(`{"uid":"3","title":"Paint","parentUid":"2"}`)
		})},
		{name: "A department removed by hand is pushed unchanged", act: after(func(s *site) {
			s.leave("noa", "Paint")
			s.close("Paint")
			s.departments(`{"uid":"3","title":"Paint","parentUid":"2"}`)
		})},
		{name: "A department made by hand below one of a source, and the source's is pushed", act: after(func(s *site) {
			s.found(host.Values{"title": "By hand", "parent": host.Values{"id": s.department("Paint")}})
			s.departments(`{"uid":"3","title":"Paint shop","parentUid":"1"}`)
		})},
	}
}

func badScenarios() []scenario {
	return []scenario{
		{name: "A push without records", act: func(s *site) { s.users() }},
		{name: "A push of a type nobody accepts", act: func(s *site) { s.bring("hr", "building", "", `{"uid":"1"}`) }},
		{name: "A push without a type", act: func(s *site) { s.bring("hr", "", "", `{"uid":"1"}`) }},
		{name: "A uid is a number", act: func(s *site) { s.users(`{"uid":1001,"username":"ann"}`) }},
		{name: "A uid is missing in the middle of a push", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann"}`, `{"username":"bob"}`, `{"uid":"c","username":"cem"}`)
		}},
		{name: "A text is too long for its column, in the middle of a push", act: func(s *site) {
			s.users(`{"uid":"a","username":"ann"}`, `{"uid":"b","username":"bob","nickname":"`+long+`"}`, `{"uid":"c","username":"cem"}`)
		}},
	}
}

// long is longer than NocoBase's texts may be.
const long = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"01234567890123456789012345678901234567890123456789012345678901234567890123456789"

func columnScenarios() []scenario {
	return []scenario{
		{name: "Columns that an operator has added are written, each by its type", act: func(s *site) {
			for _, column := range []struct{ name, fieldType string }{
				{"badge", "string"},
				{"floor", "integer"},
				{"staffNo", "bigInt"},
				{"hours", "double"},
				{"remote", "boolean"},
				{"about", "text"},
				{"bornOn", "dateOnly"},
				{"joinedAt", "date"},
				{"extra", "json"},
				{"skills", "array"},
			} {
				s.column("users", column.name, column.fieldType, nil)
			}
			s.users(`{"uid":"a","username":"ann","badge":"B-7","floor":3,"staffNo":900719925474099,"hours":37.5,"remote":true,"about":"One\nTwo",
				"bornOn":"1990-02-28","joinedAt":"2020-01-02T03:04:05.678Z","extra":{"car":["red",1,null]},"skills":["paint","weld"]}`)
			s.users(`{"uid":"b","username":"bob","badge":"B-8","floor":4,"remote":true,"about":"Three","skills":["weld"]}`)
			s.users(`{"uid":"b","username":"bob","badge":null,"remote":false,"about":"","skills":[]}`)
		}},
		{name: "A column that an operator has added holds several values", act: func(s *site) {
			s.column("users", "tools", "array", nil)
			s.users(`{"uid":"a","username":"ann","tools":["saw","axe"]}`)
		}},
		{name: "A column that an operator has added is a time of day", act: func(s *site) {
			s.column("users", "startsAt", "time", nil)
			s.users(`{"uid":"a","username":"ann","startsAt":"08:30:00"}`)
		}},
		{name: "A number has more digits than JavaScript keeps", act: func(s *site) {
			s.column("users", "account", "bigInt", nil)
			s.users(`{"uid":"a","username":"ann","account":9007199254740993}`)
		}},
		{name: "A number comes as text, and text as a number", act: func(s *site) {
			s.column("users", "room", "string", nil)
			s.column("users", "level", "integer", nil)
			s.users(`{"uid":"a","username":"ann","room":12,"level":"7"}`)
		}},
		{name: "A value does not fit the column that an operator has added", act: func(s *site) {
			s.column("users", "grade", "integer", nil)
			s.users(`{"uid":"a","username":"ann","grade":"high"}`, `{"uid":"b","username":"bob","grade":1}`)
		}},
		{name: "A column that an operator has added is to be unique", act: func(s *site) {
			s.column("users", "plate", "string", host.Values{"unique": true})
			s.users(`{"uid":"a","username":"ann","plate":"X 1"}`, `{"uid":"b","username":"bob","plate":"X 1"}`)
		}},
		{name: "A column that an operator has added has a default", act: func(s *site) {
			s.column("users", "status", "string", host.Values{"defaultValue": "active"})
			s.users(`{"uid":"a","username":"ann"}`, `{"uid":"b","username":"bob","status":"away"}`)
		}},
		{name: "A column that an operator has added is computed by NocoBase: a password", act: func(s *site) {
			s.column("users", "pin", "password", nil)
			s.users(`{"uid":"a","username":"ann","pin":"1234"}`)
			s.hides("1234")
		}},
		{name: "Departments have columns that an operator has added", act: func(s *site) {
			s.column("departments", "costCenter", "string", nil)
			s.departments(`{"uid":"1","title":"Company","costCenter":"C-1"}`)
			s.departments(`{"uid":"1","title":"Company","costCenter":"C-2"}`)
		}},
	}
}
