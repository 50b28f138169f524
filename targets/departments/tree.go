package departments

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// maxPath is how long NocoBase's path of ids may be.
const maxPath = 1024

// planTree finds the parent of every staged department: the row that its
// parentUid stands for in the same source, the top without one. A parent that
// has not arrived is awaited at the top. Records that would close a circle are
// refused, and nothing else is held up.
func planTree(ctx context.Context, p *engine.Plan) error {
	db := p.DB()
	if err := db.Temp(ctx, p.Conn, "parent_of", db.Key("id")+`, seq bigint NOT NULL, uid text NOT NULL, parent_uid text, parent_id bigint, known boolean NOT NULL`); err != nil {
		return err
	}
	if err := lift(ctx, p); err != nil {
		return err
	}
	for {
		if err := findParents(ctx, p); err != nil {
			return err
		}
		refused, err := refuseCircles(ctx, p)
		if err != nil {
			return err
		}
		if refused == 0 {
			break
		}
	}
	if _, err := p.Exec(ctx, `
		INSERT INTO derived_department (seq, [parentId])
		SELECT t.seq, t.parent_id FROM parent_of t LEFT JOIN {departments} d ON d.id = t.id
		WHERE d.id IS NULL OR d.[parentId] IS DISTINCT FROM t.parent_id`); err != nil {
		return schema.Wrap(err, "derive parents")
	}
	if _, err := p.Exec(ctx, `
		INSERT INTO derived_department (seq, [parentId])
		WITH RECURSIVE up (id, parent) AS (
			SELECT id, parent_id FROM going UNION SELECT up.id, g.parent_id FROM up JOIN going g ON g.id = up.parent)
		SELECT w.seq, up.parent FROM up JOIN found_department w ON w.row_id = up.id AND w.op = 'delete'
		WHERE up.parent IS NULL OR up.parent NOT IN (SELECT id FROM going)`); err != nil {
		return schema.Wrap(err, "derive who takes the children of departments that go")
	}
	return awaitParents(ctx, p)
}

// findParents fills parent_of with the staged departments that are not refused.
func findParents(ctx context.Context, p *engine.Plan) error {
	if _, err := p.Exec(ctx, `DELETE FROM parent_of`); err != nil {
		return schema.Wrap(err, "find parents")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO parent_of (id, seq, uid, parent_uid, parent_id, known)
		SELECT w.row_id, w.seq, s.uid, s._parent,
		       coalesce(sibling.row_id, d.id, CASE WHEN r.removed IS NOT NULL OR gone.id IS NOT NULL OR leaves.uid IS NOT NULL THEN coalesce(up.parent_id, own.id) END),
		       s._parent IS NULL OR sibling.row_id IS NOT NULL OR d.id IS NOT NULL
		FROM found_department w JOIN staged_department s ON s.seq = w.seq
		LEFT JOIN (SELECT ps.uid, pw.row_id FROM staged_department ps JOIN found_department pw ON pw.seq = ps.seq
		           WHERE ps._removed IS NULL AND (pw.seq NOT IN (SELECT seq FROM refused_department) OR pw.op NOT IN ('create', 'link'))) sibling ON sibling.uid = s._parent
		LEFT JOIN {records} r ON r.uid = s._parent AND r.source = ? AND r.type = 'department'
		LEFT JOIN going gone ON gone.id = r.row_id
		LEFT JOIN (SELECT xs.uid FROM staged_department xs JOIN found_department x ON x.seq = xs.seq WHERE x.op = 'unlink') leaves ON leaves.uid = s._parent
		LEFT JOIN {departments} d ON d.id = r.row_id AND gone.id IS NULL AND leaves.uid IS NULL AND (r.removed IS NULL OR r.removed <> 'unlinked')
		LEFT JOIN {departments} now ON now.id = w.row_id
		LEFT JOIN lifted up ON up.id = w.row_id
		LEFT JOIN {departments} own ON own.id = now.[parentId] AND up.id IS NULL
		WHERE w.op NOT IN ('delete', 'disable', 'unlink', 'keep') AND w.seq NOT IN (SELECT seq FROM refused_department)
		AND (`+moves(p)+`)`, p.Source, p.Source)
	return schema.Wrap(err, "find parents")
}

// moves is SQL for: the record has a say in where its row stands. Where the
// source keeps what operators moved by hand, one that says what it said has
// none, unless its parent is gone, or the one that it waits for has come.
func moves(p *engine.Plan) string {
	arrived := `(sibling.row_id IS NOT NULL OR d.id IS NOT NULL) AND s.uid IN (SELECT q.uid FROM {pending} q WHERE q.source = ? AND q.type = 'department')`
	if p.Options.Drift != "keep" {
		return "true OR " + arrived
	}
	return `w.op <> 'same' OR now.[parentId] IS NOT NULL AND own.id IS NULL OR ` + arrived
}

// unreached is a department that no walk down from the top comes to, once the
// plan is carried out.
type unreached struct {
	ID     int64
	Parent int64
	Seq    *int64
	UID    *string
}

// refuseCircles walks the whole tree as it will be, rows that operators moved
// by hand included, and refuses the staged departments that it does not reach
// because they stand in a circle or too deep.
func refuseCircles(ctx context.Context, p *engine.Plan) (int, error) {
	var lost []unreached
	err := p.Select(ctx, &lost, `
		WITH RECURSIVE tree (id, parent) AS (
			SELECT d.id, CASE WHEN t.id IS NOT NULL THEN t.parent_id WHEN up.id IS NOT NULL THEN up.parent_id ELSE d.[parentId] END
			FROM {departments} d LEFT JOIN parent_of t ON t.id = d.id LEFT JOIN lifted up ON up.id = d.id
			WHERE d.id NOT IN (SELECT id FROM going)
			UNION ALL
			SELECT t.id, t.parent_id FROM parent_of t WHERE NOT EXISTS (SELECT 1 FROM {departments} d WHERE d.id = t.id)
		), reached (id, length) AS (
			SELECT id, length(CAST(id AS text)) + 1 FROM tree WHERE parent IS NULL OR parent NOT IN (SELECT id FROM tree)
			UNION ALL
			SELECT t.id, r.length + length(CAST(t.id AS text)) + 1 FROM tree t JOIN reached r ON r.id = t.parent
			WHERE r.length + length(CAST(t.id AS text)) + 1 <= `+fmt.Sprint(maxPath)+`
		)
		SELECT tree.id, tree.parent, t.seq, coalesce(t.uid, (
			SELECT min(r.uid) FROM {records} r WHERE r.row_id = tree.id AND r.type = 'department' AND r.source = ?)) AS uid
		FROM (SELECT id FROM tree EXCEPT SELECT id FROM reached) lost JOIN tree ON tree.id = lost.id
		LEFT JOIN parent_of t ON t.id = tree.id ORDER BY t.seq`, p.Source)
	if err != nil || len(lost) == 0 {
		return 0, schema.Wrap(err, "walk the tree")
	}
	refused := 0
	for _, l := range culprits(lost) {
		refused++
		if err := p.Refuse(ctx, *l.record.Seq, plugin.Data, "parentUid", l.reason); err != nil {
			return 0, err
		}
	}
	return refused, nil
}

// culprit is a staged record that keeps departments from being reached.
type culprit struct {
	record unreached
	reason string
}

// culprits are, of the departments not reached, the staged ones that stand in
// a circle; where there is no circle, those that begin too deep a branch.
func culprits(lost []unreached) []culprit {
	byID := make(map[int64]unreached, len(lost))
	for _, l := range lost {
		byID[l.ID] = l
	}
	var found []culprit
	var deep []culprit
	seen := map[int64]bool{}
	for _, l := range lost {
		if l.Seq == nil || seen[l.ID] {
			continue
		}
		circle, closed := follow(byID, l)
		if !closed {
			if _, below := byID[l.Parent]; !below {
				deep = append(deep, culprit{l, fmt.Sprintf("the department would stand deeper than the %d characters of NocoBase's path of ids reach", maxPath)})
			}
			continue
		}
		for _, member := range circle {
			if member.Seq != nil && !seen[member.ID] {
				found = append(found, culprit{member, "its parents go round in a circle: " + names(circle)})
			}
			seen[member.ID] = true
		}
	}
	if len(found) > 0 {
		return found
	}
	if len(deep) == 0 { // the branch begins at a row of somebody else's
		for _, l := range lost {
			if l.Seq != nil {
				deep = append(deep, culprit{l, "it would stand below a department that stands too deep or in a circle"})
			}
		}
	}
	return deep
}

// follow goes up from l; closed says whether it comes back to l.
func follow(byID map[int64]unreached, l unreached) (circle []unreached, closed bool) {
	seen := map[int64]bool{}
	for at := l; ; {
		circle = append(circle, at)
		seen[at.ID] = true
		next, there := byID[at.Parent]
		switch {
		case !there:
			return nil, false
		case next.ID == l.ID:
			return circle, true
		case seen[next.ID]:
			return nil, false // l hangs below a circle
		}
		at = next
	}
}

// names lists the departments of a circle, starting with the least so that
// every member tells the same story.
func names(circle []unreached) string {
	parts := make([]string, len(circle))
	for i, l := range circle {
		parts[i] = fmt.Sprintf("row %d", l.ID)
		if l.UID != nil {
			parts[i] = *l.UID
		}
	}
	least := slices.Index(parts, slices.Min(parts))
	parts = append(parts[least:], parts[:least]...)
	if len(parts) > 5 {
		parts = append(parts[:4], fmt.Sprintf("… %d more", len(parts)-4))
	}
	return strings.Join(append(parts, parts[0]), " → ")
}

// awaitParents marks departments whose parent is not known, and those whose
// wait is over.
func awaitParents(ctx context.Context, p *engine.Plan) error {
	if _, err := p.Exec(ctx, `
		INSERT INTO awaits_department (seq, awaits)
		SELECT seq, parent_uid FROM parent_of WHERE NOT known`); err != nil {
		return schema.Wrap(err, "note the parents that are awaited")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO touched_department (seq)
		SELECT t.seq FROM parent_of t LEFT JOIN {pending} q ON q.uid = t.uid AND q.source = ? AND q.type = 'department'
		WHERE t.parent_uid IS NOT NULL AND (t.known AND q.uid IS NOT NULL OR NOT t.known AND q.awaits IS DISTINCT FROM t.parent_uid)`, p.Source)
	return schema.Wrap(err, "note the parents that have arrived, or have gone")
}

// applyTree mends, once all departments of the run are written, what depends
// on who is whose parent: paths, leaves, and who still waits.
func applyTree(ctx context.Context, c *engine.Chunk) error {
	if err := tellBelow(ctx, c); err != nil {
		return err
	}
	shape := []string{"create", "delete", "derived"}
	moved := `p._op IN ('create', 'link', 'update') AND ` + c.States("parentId")
	err := c.Run(ctx,
		engine.Step{What: "forget what is not awaited", When: []string{"pending"}, Args: []any{c.Source}, SQL: `
			DELETE FROM {pending} WHERE source = ? AND type = 'department'
			AND uid IN (SELECT p._uid FROM {<plan>} p WHERE <chunk> AND p._awaits IS NULL AND p._op IN ('create', 'link', 'update', 'touch'))`},
		engine.Step{What: "bring children of refused departments to the top", When: []string{"fail"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {pending} (source, awaits, type, uid, pos)
			SELECT ?, f._uid, 'department', p._uid, 0 FROM {<plan>} p
			JOIN {departments} d ON d.id = p._row_id JOIN {<plan>} f ON f._run = p._run AND f._row_id = d.[parentId] AND f._op = 'fail'
			WHERE <chunk> AND ` + moved + ` AND NOT EXISTS (SELECT 1 FROM {departments} o WHERE o.id = d.[parentId])
			ON CONFLICT DO NOTHING`},
		engine.Step{What: "bring children of refused departments to the top", When: []string{"fail"}, SQL: `
			UPDATE {departments} SET [parentId] = NULL WHERE id IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND ` + moved + `)
			AND [parentId] IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {departments} o WHERE o.id = {departments}.[parentId])`},
		engine.Step{What: "forget old paths", When: shape, SQL: `
			WITH RECURSIVE below (id) AS (
				SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND (` + moved + ` OR p._op = 'delete')
				UNION SELECT d.id FROM {departments} d JOIN below ON d.[parentId] = below.id)
			DELETE FROM {main_departments_path} WHERE [nodePk] IN (SELECT id FROM below)`},
		engine.Step{What: "lift the children of departments that go", When: []string{"delete"}, SQL: `
			UPDATE {departments} SET [updatedAt] = <now>, [parentId] = (
				SELECT p.[parentId] FROM {<plan>} p WHERE <chunk> AND p._op = 'delete' AND p._row_id = {departments}.[parentId])
			WHERE [parentId] IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete')`},
		engine.Step{What: "write paths", When: shape, SQL: `
			INSERT INTO {main_departments_path} ([nodePk], path, [rootPk])
			WITH RECURSIVE lacking (id) AS (
				SELECT d.id FROM {departments} d WHERE d.id NOT IN (SELECT x.[nodePk] FROM {main_departments_path} x WHERE x.[nodePk] IS NOT NULL)
			), walk (id, path, root) AS (
				SELECT d.id, coalesce(up.path, CASE WHEN d.[parentId] IS NULL THEN '' ELSE '/' || CAST(d.[parentId] AS text) END) || '/' || CAST(d.id AS text),
				       coalesce(up.[rootPk], d.[parentId], d.id)
				FROM {departments} d LEFT JOIN {main_departments_path} up ON up.[nodePk] = d.[parentId]
				WHERE d.id IN (SELECT id FROM lacking) AND (d.[parentId] IS NULL OR d.[parentId] NOT IN (SELECT id FROM lacking))
				UNION ALL
				SELECT d.id, walk.path || '/' || CAST(d.id AS text), walk.root FROM {departments} d JOIN walk ON d.[parentId] = walk.id
				WHERE d.id IN (SELECT id FROM lacking))
			SELECT id, path, root FROM walk`},
		engine.Step{What: "tell parents that they are no leaves", When: shape, SQL: `
			UPDATE {departments} SET [isLeaf] = false WHERE [isLeaf] IS NOT false AND id IN (
				SELECT d.[parentId] FROM {<plan>} p JOIN {departments} d ON d.id = p._row_id WHERE <chunk> AND ` + moved + `)`},
		engine.Step{What: "tell departments that they are leaves", When: shape, SQL: `
			UPDATE {departments} SET [isLeaf] = true WHERE [isLeaf] IS NOT true
			AND NOT EXISTS (SELECT 1 FROM {departments} below WHERE below.[parentId] = {departments}.id)`},
		engine.Step{What: "forget what was awaited before", When: []string{"pending"}, Args: []any{c.Source}, SQL: `
			DELETE FROM {pending} WHERE source = ? AND type = 'department'
			AND EXISTS (SELECT 1 FROM {<plan>} p WHERE <chunk> AND p._uid = {pending}.uid AND p._awaits IS NOT NULL AND p._awaits <> {pending}.awaits)`},
		engine.Step{What: "keep what is awaited", When: []string{"awaits"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {pending} (source, awaits, type, uid, pos)
			SELECT ?, p._awaits, 'department', p._uid, 0 FROM {<plan>} p WHERE <chunk> AND p._awaits IS NOT NULL
			ON CONFLICT DO NOTHING`})
	if err != nil {
		return err
	}
	if err := refuseNewCircle(ctx, c, moved); err != nil {
		return err
	}
	return applyRemovals(ctx, c)
}

// refuseNewCircle: an operator may have moved a department since the plan was
// made, so that those of the plan would close a circle with it. Those in one
// are reached by no path.
func refuseNewCircle(ctx context.Context, c *engine.Chunk, moved string) error {
	var lost []int64
	err := c.Select(ctx, &lost, `SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND `+moved+`
		AND p._row_id NOT IN (SELECT x.[nodePk] FROM {main_departments_path} x WHERE x.[nodePk] IS NOT NULL) LIMIT 1`)
	if err == nil && len(lost) > 0 {
		return engine.ErrMoved
	}
	return schema.Wrap(err, "see that all departments are reached")
}
