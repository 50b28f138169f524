// People and departments out of a CSV file, as HR systems export them: RFC 4180, with a line of headings, in UTF-8.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Anew, RosterError, Source, serve } from "./roster.mjs";

const perPage = 500;

class Csv extends Source {
  open({ file, columns, separator = ",", departments }) {
    Object.assign(this, { file, columns, separator, path: departments });
  }

  async *read(state) {
    const version = await this.#version();
    if (state && state.version !== version) throw new Anew(); // another export: what was on which line has changed
    const stored = state?.rows ?? 0;
    const seen = new Set(); // departments
    let [rows, page] = [0, { departments: [], users: [] }];
    for await (const row of this.#rows()) {
      const found = this.#departments(row, seen);
      if (++rows <= stored) continue;
      page.departments.push(...found);
      page.users.push(this.#user(row, rows));
      if (page.users.length < perPage) continue;
      yield { ...page, state: { version, rows } };
      page = { departments: [], users: [] };
    }
    if (page.users.length > 0) yield page;
    if ((await this.#version()) !== version) throw new RosterError("transient", "the file was written while it was read", { hint: "sync again when the export is done" });
    return { complete: true };
  }

  async #version() {
    try {
      const { size, mtimeMs } = await stat(this.file);
      return `${size} ${mtimeMs}`;
    } catch (error) {
      throw new RosterError("config", `open the file: ${error.code}`, { path: "/options/file", hint: "give the path of a file that Roster may read" });
    }
  }

  /** Gives each row as an object, by the headings. */
  async *#rows() {
    let headings;
    for await (const row of parse(createReadStream(this.file, { encoding: "utf8", signal: this.signal }), this.separator)) {
      if (headings) {
        yield Object.fromEntries(headings.map((heading, i) => [heading, row[i]?.trim() ?? ""]));
        continue;
      }
      headings = row.map((heading) => heading.trim());
      for (const [name, heading] of [...Object.entries(this.columns), ["departments", this.path]]) {
        if (heading && !headings.includes(heading)) {
          const path = name === "departments" ? "/options/departments" : `/options/columns/${name}`;
          throw new RosterError("config", "read the headings: a column is not there", { path, hint: "write it as the file's first line does" });
        }
      }
    }
  }

  /** The departments on the path of a row, Sales/Berlin, that have not been seen before. */
  #departments(row, seen) {
    const titles = this.#titles(row);
    return titles.flatMap((title, i) => {
      const uid = titles.slice(0, i + 1).join("/");
      if (seen.has(uid)) return [];
      seen.add(uid);
      return [{ uid, title, ...(i > 0 && { parentUid: titles.slice(0, i).join("/") }) }];
    });
  }

  #titles(row) {
    return (row[this.path] ?? "").split("/").map((title) => title.trim()).filter(Boolean);
  }

  /** What NocoBase is told of a row: an empty cell clears. */
  #user(row, number) {
    const user = Object.fromEntries(Object.entries(this.columns).map(([name, heading]) => [name, row[heading] || null]));
    if (!user.uid) throw new RosterError("data", `read row ${number}: it has no uid`, { path: "uid", hint: "give everybody in the file a number of their own" });
    const department = this.#titles(row).join("/");
    if (this.path) user.departments = department ? [department] : [];
    return user;
  }
}

/** Gives the rows of CSV text as lists of cells. Cells in quotes may hold separators, line ends and, doubled, quotes. */
async function* parse(text, separator) {
  let [row, cell, quoted, closed] = [[], "", false, false];
  for await (const piece of text) {
    for (const c of piece) {
      if (quoted) {
        if (c === '"') [quoted, closed] = [false, true];
        else cell += c;
      } else if (c === '"' && (closed || cell === "" || cell === "\ufeff")) {
        if (closed) cell += c;
        [quoted, closed] = [true, false];
      } else if (c === separator || c === "\n") {
        row.push(cell.replace(/^\ufeff|\r$/g, ""));
        if (c === "\n" && row.some(Boolean)) yield row;
        [row, cell, closed] = [c === "\n" ? [] : row, "", false];
      } else {
        [cell, closed] = [cell + c, false];
      }
    }
  }
  if (quoted) throw new RosterError("data", "read the file: it ends inside a quoted cell", { hint: "see whether the export was cut off" });
  if (cell || row.length > 0) yield [...row, cell];
}

serve({ sources: { csv: Csv } });
