// What the host has itself: a source type, and two targets.

const people = [
  { dataType: "department", records: [{ uid: "d1", title: "Sales" }] },
  { dataType: "user", records: [{ uid: "u1", nickname: "Ann", departments: ["d1"] }] },
  { dataType: "user", records: [{ uid: "u2", nickname: "Bob" }] },
];

export const declaration = {
  name: "host-directory",
  title: "The host's directory",
  dataTypes: ["department", "user"],
  optionsSchema: { type: "object", properties: { hold: { type: "boolean" } } },
  capabilities: { pull: true, lookup: true, check: true, webhook: true },
};

/** A source type that reads people, a page for each entry. With the option hold it waits for release. */
export function directory() {
  const sessions = new Map();
  let names = 0;
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const read = async ({ session, state }) => {
    const s = sessions.get(session);
    if (s.hold) await released;
    s.page = state ?? s.page;
    if (s.page === people.length) {
      s.page = 0;
      return { pages: [], done: true, complete: true, counts: { department: 1, user: 2 } };
    }
    return { pages: [people[s.page]], state: s.page + 1, done: false };
  };
  const lookup = ({ refs }) => {
    const found = people.filter((data) => refs.some((r) => r.dataType === data.dataType && r.uid === data.records[0].uid));
    return { found, gone: refs.filter((r) => !found.some((data) => data.records[0].uid === r.uid)), hidden: [] };
  };
  const handlers = {
    "source/open": ({ options }) => {
      const session = String(++names);
      sessions.set(session, { page: 0, hold: options?.hold });
      return { session };
    },
    "source/read": read,
    "source/ack": ({ session }) => void sessions.get(session).page++,
    "source/lookup": lookup,
    "source/check": () => ({ steps: [{ name: "people", ok: true, message: "3 found", tookMs: 0 }], sample: people.slice(0, 1) }),
    "source/webhook": ({ query }) => ({ status: 200, headers: {}, body: query ?? "", events: [{ dataType: "user", uid: "u1" }] }),
    "source/close": ({ session }) => void sessions.delete(session),
  };
  return { handlers, release };
}

/** A target that keeps changes by their keys. */
export function rows() {
  const changes = new Map();
  const keep = (target, change) => {
    changes.set(change.key, change);
    return { key: change.key, resourcePks: [`${target}-${change.record.sourceUk}`] };
  };
  const one = (change) => keep(change.target, change).resourcePks.map((resourcesPk) => ({ resourcesPk }));
  const handlers = {
    "target/apply": (params) => ({ outcomes: params.changes.map((change) => keep(params.target, change)) }),
    "target/create": one,
    "target/update": one,
    "target/find": () => ({ rows: [] }),
  };
  return { changes, handlers };
}
