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
	if err := db.Temp(ctx, p.Conn, "parent_of", db.Key("id")+`, seq bigint NOT NULL, uid text NOT NULL, parent_uid text, parent_id bigint`); err != nil {
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
	return awaitParents(ctx, p)
}

// findParents fills parent_of with the staged departments that are not refused.
func findParents(ctx context.Context, p *engine.Plan) error {
	if _, err := p.Exec(ctx, `DELETE FROM parent_of`); err != nil {
		return schema.Wrap(err, "find parents")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO parent_of (id, seq, uid, parent_uid, parent_id)
		SELECT w.row_id, w.seq, s.uid, s._parent, coalesce(sibling.row_id, d.id)
		FROM found_department w JOIN staged_department s ON s.seq = w.seq
		LEFT JOIN (SELECT ps.uid, pw.row_id FROM staged_department ps JOIN found_department pw ON pw.seq = ps.seq
		           WHERE pw.seq NOT IN (SELECT seq FROM refused_department) OR pw.op NOT IN ('create', 'link')) sibling ON sibling.uid = s._parent
		LEFT JOIN {records} r ON r.uid = s._parent AND r.source = ? AND r.type = 'department'
		LEFT JOIN {departments} d ON d.id = r.row_id
		WHERE w.seq NOT IN (SELECT seq FROM refused_department)`, p.Source)
	return schema.Wrap(err, "find parents")
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
			SELECT d.id, CASE WHEN t.id IS NULL THEN d.[parentId] ELSE t.parent_id END
			FROM {departments} d LEFT JOIN parent_of t ON t.id = d.id
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
		FROM tree LEFT JOIN parent_of t ON t.id = tree.id
		WHERE tree.id NOT IN (SELECT id FROM reached) ORDER BY t.seq`, p.Source)
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
		SELECT seq, parent_uid FROM parent_of WHERE parent_uid IS NOT NULL AND parent_id IS NULL`); err != nil {
		return schema.Wrap(err, "note the parents that are awaited")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO touched_department (seq)
		SELECT t.seq FROM {pending} q JOIN parent_of t ON t.uid = q.uid
		WHERE q.source = ? AND q.type = 'department' AND t.parent_id IS NOT NULL`, p.Source)
	return schema.Wrap(err, "note the parents that have arrived")
}

// applyTree mends, once all departments of the run are written, what depends
// on who is whose parent: paths, leaves, and who still waits.
func applyTree(ctx context.Context, c *engine.Chunk) error {
	moved := `p._op IN ('create', 'link', 'update') AND ` + c.States("parentId")
	// A parent may have been refused by the database: its children stand at the top.
	below := `WITH RECURSIVE below (id) AS (
			SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND ` + moved + `
			UNION SELECT d.id FROM {departments} d JOIN below ON d.[parentId] = below.id)`
	return c.Run(ctx,
		engine.Step{What: "bring children of refused departments to the top", When: []string{"fail"}, SQL: `
			UPDATE {departments} SET [parentId] = NULL WHERE id IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND ` + moved + `)
			AND [parentId] IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {departments} o WHERE o.id = {departments}.[parentId])`},
		engine.Step{What: "forget old paths", When: []string{"create", "link", "changed"}, SQL: below + `
			DELETE FROM {main_departments_path} WHERE [nodePk] IN (SELECT id FROM below)`},
		engine.Step{What: "write paths", When: []string{"create", "link", "changed"}, SQL: `
			INSERT INTO {main_departments_path} ([nodePk], path, [rootPk])
			` + below + `, walk (id, path, root) AS (
				SELECT d.id, coalesce(up.path, CASE WHEN d.[parentId] IS NULL THEN '' ELSE '/' || CAST(d.[parentId] AS text) END) || '/' || CAST(d.id AS text),
				       coalesce(up.[rootPk], d.[parentId], d.id)
				FROM {departments} d LEFT JOIN {main_departments_path} up ON up.[nodePk] = d.[parentId]
				WHERE d.id IN (SELECT id FROM below) AND (d.[parentId] IS NULL OR d.[parentId] NOT IN (SELECT id FROM below))
				UNION ALL
				SELECT d.id, walk.path || '/' || CAST(d.id AS text), walk.root FROM {departments} d JOIN walk ON d.[parentId] = walk.id)
			SELECT id, path, root FROM walk`},
		engine.Step{What: "tell parents that they are no leaves", When: []string{"create", "link", "changed"}, SQL: `
			UPDATE {departments} SET [isLeaf] = false WHERE [isLeaf] IS NOT false AND id IN (
				SELECT d.[parentId] FROM {<plan>} p JOIN {departments} d ON d.id = p._row_id WHERE <chunk> AND ` + moved + `)`},
		engine.Step{What: "tell departments that they are leaves", When: []string{"create", "link", "changed"}, SQL: `
			UPDATE {departments} SET [isLeaf] = true WHERE [isLeaf] IS NOT true
			AND NOT EXISTS (SELECT 1 FROM {departments} below WHERE below.[parentId] = {departments}.id)`},
		engine.Step{What: "forget what is not awaited", When: []string{"pending"}, Args: []any{c.Source}, SQL: `
			DELETE FROM {pending} WHERE source = ? AND type = 'department'
			AND uid IN (SELECT p._uid FROM {<plan>} p WHERE <chunk>)`},
		engine.Step{What: "keep what is awaited", When: []string{"awaits"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {pending} (source, awaits, type, uid, pos)
			SELECT ?, p._awaits, 'department', p._uid, 0 FROM {<plan>} p WHERE <chunk> AND p._awaits IS NOT NULL
			ON CONFLICT DO NOTHING`})
}
