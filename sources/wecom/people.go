package wecom

import "hash/maphash"

// People are those who were met, kept as hashes of their uids.
type people struct {
	seed maphash.Seed
	met  map[uint64]struct{}
}

func newPeople() people { return people{maphash.MakeSeed(), map[uint64]struct{}{}} }

// meet notes one; false: that one was met before.
func (p people) meet(uid string) bool {
	before := len(p.met)
	p.met[maphash.String(p.seed, uid)] = struct{}{}
	return len(p.met) > before
}
