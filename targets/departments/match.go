package departments

import "github.com/nocobase-roster/roster/engine"

// matchPaths is SQL for the departments whose path of titles is that of a
// staged one.
func matchPaths(p *engine.Plan) string {
	return `
		WITH RECURSIVE there (id, path) AS (
			SELECT id, CAST(` + p.Fold("title") + ` AS text) FROM {departments} WHERE [parentId] IS NULL
			UNION ALL
			SELECT d.id, there.path || '` + separator + `' || ` + p.Fold("d.title") + ` FROM {departments} d JOIN there ON d.[parentId] = there.id
		), known (uid, path) AS (
			SELECT r.uid, there.path FROM {records} r JOIN there ON there.id = r.row_id
			WHERE r.source = ? AND r.type = 'department' AND r.uid NOT IN (SELECT uid FROM staged_department)
		), titled (seq, uid, _parent, title) AS (
			SELECT s.seq, s.uid, s._parent, CASE WHEN ` + p.States("s._mask", "title") + ` THEN s.title ELSE d.title END
			FROM staged_department s LEFT JOIN {records} r ON r.uid = s.uid AND r.source = ? AND r.type = 'department'
			LEFT JOIN {departments} d ON d.id = r.row_id
			WHERE s._removed IS NULL
		), said (seq, uid, path) AS (
			SELECT s.seq, s.uid, CAST(CASE WHEN s._parent IS NULL THEN '' ELSE k.path || '` + separator + `' END || ` + p.Fold("s.title") + ` AS text)
			FROM titled s LEFT JOIN known k ON k.uid = s._parent
			WHERE s._parent IS NULL OR k.uid IS NOT NULL
			UNION ALL
			SELECT s.seq, s.uid, said.path || '` + separator + `' || ` + p.Fold("s.title") + ` FROM titled s JOIN said ON s._parent = said.uid
		) SELECT said.seq, there.id FROM said JOIN there ON there.path = said.path`
}

// separator stands between titles; no title has it.
const separator = "\x1f"
