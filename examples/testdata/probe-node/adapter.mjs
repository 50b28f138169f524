// An adapter that does all that roster.mjs lets one do, for its tests.

import { execSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { Anew, Source, Target, serve } from "./roster.mjs";

class Probe extends Source {
  open({ key, people = 10, trouble }) {
    Object.assign(this, { key, people, trouble });
  }

  async *read(state) {
    console.log("this is printed");
    execSync("echo so is this", { stdio: ["ignore", 2, 2] });
    this.log("info", "it is read");
    if (state !== undefined && state.people !== this.people) throw new Anew();
    let done = state?.done ?? 0;
    if (state === undefined) yield { departments: [{ uid: "d", title: "The only one" }], state: { people: this.people, done } };
    while (done < this.people) {
      if (this.trouble === "no JSON") yield { users: [{ uid: "1", nickname: 1n }] };
      if (this.trouble === "crash") throw new TypeError(this.key);
      if (this.trouble === "stall") await wait(60_000, undefined, { signal: this.signal });
      const users = Array.from({ length: Math.min(1500, this.people - done) }, (_, i) => person(done + i));
      done += users.length;
      yield { users, state: { people: this.people, done } };
      this.progress(done, this.people);
      if (this.trouble === "sudden") {
        [this.people, this.trouble] = [this.people - 1, undefined];
        throw new Anew();
      }
    }
    return { complete: true };
  }

  async lookup(refs) {
    const there = (ref) => ref.uid === "d" || Number(ref.uid) < this.people;
    const people = refs.filter((ref) => ref.uid !== "d");
    return {
      departments: people.length < refs.length ? [{ uid: "d", title: "The only one" }] : [],
      users: people.filter(there).map((ref) => person(Number(ref.uid))),
      gone: refs.filter((ref) => !there(ref) && ref.uid !== "hidden"),
    };
  }

  async webhook({ headers, body }) {
    if (headers.signature !== this.key) return { status: 403, events: [] };
    return { body: Buffer.concat([Buffer.from([0xff]), body]), events: [JSON.parse(body)] };
  }
}

const person = (n) => ({ uid: String(n), nickname: `赵 ${n}`, departments: ["d"] });

/** Keeps what it was told in memory: find says what it holds. */
class Rows extends Target {
  rows = new Map();
  kept = new Map();

  async apply({ op, record: { sourceUk, metaData }, resourcePks }) {
    if (metaData.nickname === "crash") throw new TypeError("of a person");
    if (op === "delete") {
      for (const row of resourcePks) this.rows.delete(row);
      return [];
    }
    this.rows.set(sourceUk, metaData);
    return [sourceUk];
  }

  async flush() {
    this.kept = new Map(this.rows);
  }

  async find(dataType, field, values) {
    return [...this.kept].flatMap(([row, data]) => (values.includes(data[field]) ? [{ row, value: data[field] }] : []));
  }
}

serve({ sources: { probe: Probe }, targets: { "probe-rows": new Rows() } });
