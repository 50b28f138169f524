//go:build nocobase

package nocobase_test

// A deviation is a difference that is meant.
type deviation struct {
	rule             string // of design.md
	nocobase, roster string // what each does
	why              string
}

// deviations are all that is meant, by the name of the scenario.
func deviations() map[string]deviation {
	return map[string]deviation{
		"A department comes before its parent, in one push": {
			"§5.14", "Leaves it at the top, and says that all went well", "Puts it below its parent",
			"The order of records is an accident of the system they come from",
		},
		"A department comes a push before its parent": {
			"§5.14", "Leaves it at the top until it is pushed again", "Puts it below its parent as soon as that comes",
			"Nobody pushes a department again that has not changed",
		},
		"A department has no title": {
			"§5.13", "Makes it without one, and shows nothing where it stands", "Calls it by its uid, until it gets a title",
			"An operator can only open what is shown; WeCom withholds names",
		},
		"A department is removed by a tombstone, and others are below it": {
			"§5.15", "Removes all departments below it as well, with their memberships", "Hangs those below it under the next department above",
			"The source still has them; `removal.children` of the source chooses NocoBase's way",
		},
		"A removed department is pushed again": {
			"§5.19", "Makes it anew, and empty", "Makes it anew, with the people whose records name it",
			"What the records say of memberships has not changed",
		},
		"A tombstone comes for a department nobody knows": {
			"§5.22", "Makes the department", "Does nothing", "What is gone must not appear",
		},
		"Two users swap their e-mails in one push": {
			"§5.23", "Fails for both", "Swaps them", "Values move between people",
		},
		"Two users want the same e-mail": {
			"§5.2", "Fails for the second user and reports success for the departments of this user, whom there is not",
			"Fails for the second user and counts the departments as skipped", "A success must be one",
		},
		"A uid comes twice in one push": {
			"§5.4", "Counts one record: the last", "Writes the last, and counts the other as skipped", "Who sent two is told what became of both",
		},
		"A record states roles": {
			"§5.5", "**Grants the role, admin included**", "Leaves them out and says so; a new user has the default role",
			"A directory must not grant rights",
		},
		"A match key finds nobody for a record without it": {
			"§5.8", "Fails", "Makes the user", "A person without an e-mail is a person",
		},
		"Two records of one push have the same match key": {
			"§5.4, §5.9", "Makes one user of two people, and says that all went well", "Makes the first, and reports the second as a conflict",
			"One account for two people gives one the other's rights",
		},
		"A record matches a user whom another record of its source stands for": {
			"§5.9", "Makes one user of two people, and says that all went well", "Reports a conflict",
			"One account for two people gives one the other's rights",
		},
		"A second source finds a user by the match key, and states no departments": {
			"§5.17", "Takes the user out of all departments", "Leaves memberships alone", "Who says nothing of departments does not mean none",
		},
		"A second source finds a user by the match key, and states a department of its own": {
			"§5.16", "Takes the user out of the first source's departments", "Adds its own", "A source ends only what it has claimed",
		},
		"The match key is no field of a user": {
			"§5.8", "Matches nobody, and makes the user", "Refuses the push", "A slip of the pen must not double a company",
		},
		"A tombstone comes for a user who is removed already": {
			"§5.22", "Makes the user anew, with the default role", "Does nothing", "Who has left must not get an account",
		},
		"A tombstone comes for a user nobody knows": {
			"§5.22", "Makes the user, with the default role", "Does nothing", "Who has left must not get an account",
		},
		"A tombstone comes for a user who was made by hand and found by the match key": {
			"§5.22", "Removes the user", "Lets go of the user", "What was there before Roster is not Roster's to remove",
		},
		"One of two sources of a user sends a tombstone": {
			"§5.22", "Removes the user", "Keeps the user, whom the other source still has", "Only the last source that claims a user may remove it",
		},
		"A user goes to whom a row of another collection belongs that forbids it": {
			"§5.2", "Keeps the user, but takes roles and departments away, and reports success for the departments",
			"Keeps the user as is, and says what holds it", "Half a removal is none",
		},
		"A leaver's e-mail goes to a new hire in one push": {
			"§5.23", "Fails for the new hire, who comes first in the push", "Writes both", "Values move between people",
		},
		"A user's departments are left out": {
			"§5.17", "Takes the user out of all departments", "Leaves memberships alone", "Who says nothing of departments does not mean none",
		},
		"A user comes a push before the department": {
			"§5.19", "Forgets the membership, and says that all went well", "Remembers it until the department comes",
			"The order of pushes is an accident of the system they come from",
		},
		"A membership made by hand, and the user is pushed unchanged": {
			"§5.16", "Ends it", "Leaves it", "A source ends only what it has claimed; `memberships` of the source chooses NocoBase's way",
		},
		"A membership made by hand, and the user is pushed without departments": {
			"§5.17", "Ends it, and the source's own", "Leaves all", "Who says nothing of departments does not mean none",
		},
		"A main department set by hand, and the user is pushed unchanged": {
			"§5.18", "Sets it back", "Leaves it until the record states another", "The operator knows better than a record that says nothing new",
		},
		"An owner set by hand, and the user is pushed unchanged": {
			"§5.18", "Takes the ownership away", "Leaves it until the record states another", "The operator knows better than a record that says nothing new",
		},
		"A uid is a number": {
			"§5.1", "Refuses the push, with an error of the database", "Takes it for its digits", "Many systems number their people",
		},
		"A uid is missing in the middle of a push": {
			"§5.2", "Refuses the push", "Fails for that record alone", "A bad record never takes others with it",
		},
		"A text is too long for its column, in the middle of a push": {
			"§5.2", "Fails for that user and reports success for the departments of this user, whom there is not",
			"Fails for that user and counts the departments as skipped", "A success must be one",
		},
		"A number has more digits than JavaScript keeps": {
			"§5.12", "Rounds it", "Keeps its digits", "Numbers of accounts are compared, not reckoned with",
		},
		"A value does not fit the column that an operator has added": {
			"§5.2", "Fails for that user and reports success for the departments of this user, whom there is not",
			"Fails for that user and counts the departments as skipped", "A success must be one",
		},
		"A column that an operator has added is to be unique": {
			"§5.2", "Fails for the second user and reports success for the departments of this user, whom there is not",
			"Fails for the second user and counts the departments as skipped", "A success must be one",
		},
		"A column that an operator has added is computed by NocoBase: a password": {
			"§3", "Computes it", "Leaves it out, and says so", "Only NocoBase can compute what it computes",
		},
	}
}
