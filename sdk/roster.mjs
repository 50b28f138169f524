// Makes a program an adapter of Roster, in any Node.js from 18 on, with nothing to install.
//
// Copy this file beside yours, declare what you have in plugin.json, and write a class for each source type and target:
//
//   import { Source, serve } from "./roster.mjs";
//
//   class People extends Source {
//     open(options) { this.file = options.file; }      // what the operator has set up; the schema has found it right
//     async *read(state) {                             // a generator of pages
//       yield { users: [{ uid: "1", nickname: "Ada" }] };
//       return { complete: true };
//     }
//   }
//
//   serve({ sources: { people: People } });
//
// This file speaks the protocol on standard input and output: framing, dispatch, sessions, acknowledgement, state, limits,
// cancelling and errors. Whatever else prints goes to standard error. https://github.com/nocobase-roster/roster has the
// protocol (docs/protocol.md) and a guide (docs/write-a-source.md). This is version 1 of the file.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const limits = { maxFrameBytes: 16 << 20, maxRequestsInFlight: 64, maxOpenSources: 16 };
const grace = 10_000; // milliseconds that work in hand has when the input has ended
const codes = {
  internal: -32603, canceled: -32800, config: 1001, auth: 1002, "rate-limited": 1003, transient: 1004, data: 1005,
  conflict: 1006, guard: 1007, locked: 1008, "not-found": 1009, unsupported: 1010, overloaded: 1011, stale: 1012,
};
const retryable = ["rate-limited", "transient", "locked", "overloaded"];

/**
 * What went wrong: a kind (a key of codes), what was being done and to what, and what else is known: hint (what the
 * operator does next), path (which option or field), uid (which record), retryAfter (milliseconds). No secret and no
 * attribute's value is in it.
 */
export class RosterError extends Error {
  constructor(kind, message, { hint, path, uid, retryAfter, code = codes[kind] } = {}) {
    super(message);
    Object.assign(this, { kind, hint, path, uid, retryAfter, code });
  }

  get again() {
    return retryable.includes(this.kind);
  }
}

/** Thrown by read where it cannot go on from a state: it is called again without one. */
export class Anew extends Error {}

/** What sources and targets have from this file. */
class Part {
  stopped = new AbortController(); // aborted when nobody wants it any more

  /** Goes to fetch and the like, so that they end when the source is closed. */
  get signal() {
    return this.stopped.signal;
  }

  /** Has a line written to Roster's log; level is debug, info, warn or error. No secrets, no personal data. */
  log(level, message) {
    this.connection?.notify("$/log", { level, message });
  }

  /** Calls call, again where it throws a RosterError that may pass. */
  async retry(call, times = 3) {
    for (let n = 1; ; n++) {
      try {
        return await call();
      } catch (error) {
        const { retryAfter = 0 } = error;
        if (n === times || !error.again || retryAfter > 30_000 || this.signal.aborted) throw error;
        await wait(Math.max(retryAfter, 150 * 2 ** n), undefined, { signal: this.signal });
      }
    }
  }
}

/** A configured source. Write open and read, and the others where plugin.json declares them. */
export class Source extends Part {
  /** Takes the options; speaks to nobody yet. Throws a RosterError of kind config, with a path, where they are wrong. */
  open(options) {}

  /**
   * Yields pages, { departments?, users?, state? }, from after the one that carried state, or from the beginning.
   * Records are as NocoBase takes them; state, any JSON, is where to go on once the page is stored, and a page is asked
   * for when the one before is. Returns { complete?, confirm?, counts?, warnings? }: complete says that every call
   * succeeded, and that whoever did not come is gone; confirm, that they may be there all the same, and are looked up
   * first; counts, by type, what the system says it has (left out, it is what was yielded, by this reading and by those
   * it went on from). Throws a RosterError rather than bring less than all there is.
   */
  async *read(state) {
    throw new RosterError("unsupported", "this source is not read");
  }

  /** Reads single records, [{ dataType, uid }]. Returns { departments?, users?, gone? }; all other refs are hidden. */
  async lookup(refs) {
    throw new RosterError("unsupported", "this source does not look up single records");
  }

  /** Tries what read would do. Returns { steps: [{ name, ok, message, hint? }], departments?, users? }; here, of read's first page. */
  async check() {
    const pages = this.read();
    try {
      const { value: page = {} } = await pages.next();
      return { ...page, steps: [{ name: "read", ok: true, message: `${flat(page).length} records came first` }] };
    } catch (error) {
      if (!(error instanceof RosterError)) throw error;
      return { steps: [{ name: "read", ok: false, message: error.message, hint: error.hint }] };
    } finally {
      await pages.return();
    }
  }

  /**
   * Reads an HTTP request that the system sent, { method, query, headers, body }, body a Buffer, within a second. Returns
   * { status?, headers?, body?, events: [{ dataType, uid, gone? }] }. One that is not genuine is answered with a status
   * of 400 or more and no events.
   */
  async webhook(call) {
    throw new RosterError("unsupported", "this source takes no calls");
  }

  /** Lets go of what the source holds. */
  async close() {}

  /** Says how far the reading is, where that was asked for. */
  progress(done, total = 0) {
    if (this.token !== undefined) this.connection.notify("$/progress", { token: this.token, value: { state: "reading", done, total } });
  }
}

/** What records are written to. It is called once at a time. */
export class Target extends Part {
  /**
   * Makes a change and returns the target's own names for the record's rows. change has op (create, update, delete), key
   * (the same key is the same change, which may come again), record (sourceName, dataType, sourceUk: the uid, and
   * metaData: the record) and resourcePks (the rows returned before). Throws a RosterError where it cannot be made.
   */
  async apply(change) {
    throw new RosterError("unsupported", "this target is not written to");
  }

  /** Called after some changes, before Roster is told that they are made. */
  async flush() {}

  /** Returns [{ row, value }] for the rows whose field has one of the values. */
  async find(dataType, field, values) {
    throw new RosterError("unsupported", "this target is not searched");
  }
}

const fault = (code, message, path) => new RosterError("data", message, { path, code });

/** Gives an error that may be told. What any other says may hold a secret, or a person's data: where it was is said only. */
function known(error, method) {
  if (error instanceof RosterError) return error;
  const where = /([^/\\(\s]+\.[cm]?[jt]s:\d+):\d+\)?$/m.exec(error?.stack ?? "")?.[1];
  console.error(`${method}: ${error?.name} at ${where}`);
  return new RosterError("internal", "internal error", { hint: "the adapter's log says where" });
}

/** Bytes that come in pieces, taken by the line or by their number. Of more than most, the rest is thrown away. */
class Bytes {
  #source;
  #held = []; // pieces that nobody has taken
  #size = 0;

  constructor(stream) {
    this.#source = stream[Symbol.asyncIterator]();
  }

  async #more() {
    const { value, done } = await this.#source.next();
    if (!done) this.#put(value);
    return !done;
  }

  #put(piece) {
    this.#held.push(piece);
    this.#size += piece.length;
  }

  #take(n) {
    const all = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held, this.#size);
    [this.#held, this.#size] = [[], 0];
    if (n < all.length) this.#put(all.subarray(n));
    return all.subarray(0, n);
  }

  /** Gives a line with its end, if it has one; empty at the end of the input. */
  async line(most) {
    let [seen, over] = [0, false]; // pieces that have no end of a line in them
    for (;;) {
      const at = this.#held.slice(seen).findIndex((piece) => piece.includes(10));
      if (at >= 0) {
        const before = this.#held.slice(0, seen + at).reduce((n, piece) => n + piece.length, 0);
        const line = this.#take(before + this.#held[seen + at].indexOf(10) + 1);
        if (over || line.length > most + 2) throw fault(-32600, "a frame exceeds the limit");
        return line;
      }
      seen = this.#held.length;
      if (this.#size > most + 2) {
        this.#take(this.#size);
        [seen, over] = [0, true];
      }
      if (!(await this.#more())) return this.#take(this.#size);
    }
  }

  async bytes(n, most) {
    let left = n;
    while (this.#size < left && (await this.#more())) {
      if (n > most) left -= this.#take(left).length;
    }
    const body = this.#take(left);
    if (n > most) throw fault(-32600, "a frame exceeds the limit");
    if (body.length < n) throw fault(-32700, "the input ended inside a frame");
    return body;
  }
}

/** Messages on two byte streams: a line each, or behind Content-Length headers. The first that comes decides. */
class Wire {
  framed; // whether there are headers; undefined until that is decided

  constructor(input, write) {
    this.input = new Bytes(input);
    this.put = write;
  }

  #line = () => this.input.line(limits.maxFrameBytes);

  /** Gives the next message's bytes; undefined at the end of the input. */
  async read() {
    let line;
    do line = await this.#line();
    while (line.length > 0 && !line.toString("latin1").trim());
    if (line.length === 0) return undefined;
    if (this.framed ?? /^[A-Za-z]/.test(line.toString("latin1", 0, 1))) return this.input.bytes(await this.#length(line), limits.maxFrameBytes);
    if ("{[".includes(String.fromCharCode(line[0]))) this.framed = false;
    return line;
  }

  async #length(line) {
    let length;
    let text = line.toString("latin1");
    text = text.slice(Math.max(0, text.search(/content-length:/i))); // out of step, it may stand behind what is none
    for (; text.trim(); text = (await this.#line()).toString("latin1")) {
      const [, name, value] = /^([\w-]+):(.*)$/s.exec(text) ?? [];
      const counts = name?.toLowerCase() === "content-length";
      if (!name || (counts && !/^\d{1,12}$/.test(value.trim()))) throw fault(-32700, "neither a Content-Length header nor a JSON object");
      if (counts) length = Number(value);
    }
    if (length === undefined) throw fault(-32700, "there is no Content-Length");
    this.framed = true;
    return length;
  }

  write(text) {
    this.put(this.framed ? `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}` : text + "\n");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);

/** Gives a message, or throws what is wrong with it. */
function parse(body) {
  let message;
  try {
    message = JSON.parse(utf8.decode(body));
  } catch {
    throw fault(-32700, "what came is no JSON");
  }
  if (!isObject(message)) throw fault(-32600, "a message is an object; batches are not taken");
  const { id, method, jsonrpc, params } = message;
  const named = typeof id === "string" || (Number.isInteger(id) && id >= 0);
  if (method === undefined && ("result" in message || "error" in message)) return {}; // we ask nothing
  const wrong = jsonrpc !== "2.0" || typeof method !== "string" || ("id" in message && !named);
  if (wrong || typeof (params ?? {}) !== "object") throw fault(-32600, "what came is no JSON-RPC 2.0 request");
  return { id, method, named, params: params ?? {} };
}

/** Records as [type, record], and as the wire has them: a run of one type together. */
const flat = ({ departments = [], users = [] }) => [...departments.map((d) => ["department", d]), ...users.map((u) => ["user", u])];
function group(records) {
  const data = [];
  for (const [dataType, record] of records) {
    if (data.at(-1)?.dataType !== dataType) data.push({ dataType, records: [] });
    data.at(-1).records.push(record);
  }
  return data;
}

/** An open source, and the reading of it that may be under way: Roster's end of the generator. */
class Session {
  inHand = new Set(); // requests
  holder; // the request that has the turn with the reading
  free = Promise.resolve(); // when it has no more
  pages; // the generator
  coming; // its next page, asked for
  ended; // what it has ended with: { reading } or { error }
  page; // what of the last page is not acknowledged: { records, state? }
  part = 0; // how much of it was answered with
  carrier; // the request that this answer, or the end, went to; undefined once acknowledged

  constructor(connection, source) {
    Object.assign(this, { connection, source });
  }

  /** Takes a turn with the reading; while another request has it, that is a conflict, unless it was taken back. */
  async turn(request, f) {
    if (this.holder && !this.holder.settled) throw new RosterError("conflict", "another request reads this source", { path: "/session", hint: "wait for its answer" });
    const before = this.free;
    let release;
    this.holder = request;
    this.free = new Promise((resolve) => (release = resolve));
    await before;
    try {
      return request.settled ? undefined : await f();
    } finally {
      release();
      if (this.holder === request) this.holder = undefined;
    }
  }

  get carried() {
    return this.carrier !== undefined && !this.carrier.lost;
  }

  read(request) {
    return this.turn(request, async () => {
      const { state, maxRecords, progressToken } = request.params;
      this.source.token = progressToken;
      if (!this.pages || (this.ended && this.carried)) {
        Object.assign(this, { pages: this.#counted(state), coming: undefined, ended: undefined, page: undefined });
      } else if (state !== undefined && state !== null) {
        throw new RosterError("conflict", "the source is being read already", { path: "/state", hint: "leave state out to read on" });
      } else if (this.carried) {
        throw new RosterError("conflict", "the pages read last are not acknowledged", { path: "/session", hint: "say source/ack first" });
      }
      if (!this.page && !this.ended) await this.#next();
      const answer = this.page ? this.#fit(maxRecords || 1000) : this.#end();
      this.carrier = request;
      if (answer instanceof Error) throw answer;
      return answer;
    });
  }

  async #next() {
    try {
      this.coming ??= this.pages.next();
      const { done, value } = await this.coming;
      if (done) this.ended = { reading: value };
      else this.page = value;
    } catch (error) {
      this.ended = { error };
    }
    this.coming = undefined;
  }

  /** Reads the source, and keeps the counts beside its state. */
  async *#counted(state) {
    let { at, counts } = isObject(state?.counts) ? { at: state.at, counts: { ...state.counts } } : { counts: {} };
    for (;;) {
      const pages = this.source.read(at);
      try {
        for (;;) {
          const { done, value = {} } = await pages.next();
          if (done) return { counts, ...value };
          const records = flat(value);
          for (const [type] of records) counts[type] = (counts[type] ?? 0) + 1;
          const page = { records, state: value.state === undefined ? undefined : { at: value.state, counts: { ...counts } } };
          if (records.length > 0 || page.state) yield page;
        }
      } catch (error) {
        if (!(error instanceof Anew)) throw error;
        [at, counts] = [undefined, {}];
      } finally {
        await pages.return?.();
      }
    }
  }

  /** Gives as much of the page as is asked for, and as fits into a message. */
  #fit(most) {
    const { records, state } = this.page;
    for (let n = Math.min(most, records.length); ; n >>= 1) {
      const result = { pages: group(records.slice(0, n)), state: n === records.length ? state : undefined, done: false };
      let text;
      try {
        text = new Encoded(JSON.stringify(result));
      } catch {
        throw new RosterError("data", "a page holds what JSON does not", { hint: "make text of a BigInt and the like" });
      }
      if (text.size <= this.connection.most - 1024) {
        this.part = n;
        return text;
      }
      if (n <= 1) throw new RosterError("data", "a record is larger than the host reads", { hint: "raise limits.maxFrameBytes in initialize" });
    }
  }

  #end() {
    const { error, reading } = this.ended;
    return error ?? { pages: [], done: true, complete: false, warnings: [], ...reading };
  }

  ack(request) {
    return this.turn(request, () => {
      if (!this.page || !this.carried) throw new RosterError("conflict", "there is nothing to acknowledge", { path: "/session", hint: "acknowledge each answer with pages once" });
      this.carrier = undefined;
      this.page.records = this.page.records.slice(this.part);
      if (this.page.records.length === 0) this.page = undefined;
    });
  }

  async lookup({ params: { refs } }) {
    const { gone = [], ...found } = refs.length ? await this.source.lookup(refs) : {};
    const name = ({ dataType, uid }) => `${dataType} ${uid}`;
    const known = new Set([...gone, ...flat(found).map(([dataType, { uid }]) => ({ dataType, uid }))].map(name));
    return { found: group(flat(found)), gone, hidden: refs.filter((ref) => !known.has(name(ref))) };
  }

  async check() {
    const began = Date.now();
    const { steps, ...sample } = await this.source.check();
    return { steps: steps.map((step) => ({ tookMs: Date.now() - began, ...step })), sample: group(flat(sample).slice(0, 10)) };
  }

  async webhook({ params: { method, query = "", headers = {}, body = "", bodyEncoding } }) {
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const call = { method, query, headers: lower, body: Buffer.from(body, bodyEncoding === "base64" ? "base64" : "utf8") };
    const answer = await this.source.webhook(call);
    return { status: 200, headers: {}, events: [], ...answer, body: Buffer.from(answer.body ?? "").toString("base64"), bodyEncoding: "base64" };
  }

  /** Ends what is in hand. A call to the system that hangs is not waited for long. */
  async close() {
    this.source.stopped.abort();
    for (const request of this.inHand) request.takeBack();
    await Promise.race([this.free, wait(1000, undefined, { ref: false })]);
    this.pages?.return().catch(() => {});
    await this.source.close();
  }
}

/** A result that is JSON already. */
class Encoded {
  constructor(text) {
    this.text = text ?? "null";
    this.size = Buffer.byteLength(this.text);
  }
}

/** A request in hand. It is answered once, by its method or because it was taken back. */
class Request {
  settled = false;
  lost = false; // it was taken back: what its method brings is not seen

  constructor(connection, { id, method, params }) {
    Object.assign(this, { connection, id, method, params });
  }

  #settle() {
    if (this.settled) return false;
    this.connection.inHand.delete(this.id);
    return (this.settled = true);
  }

  answer(result) {
    const encoded = result instanceof Encoded ? result : new Encoded(JSON.stringify(result ?? null));
    if (encoded.size > this.connection.most - 1024) this.fail(new RosterError("overloaded", "the answer is larger than the host reads"));
    else if (this.#settle()) this.connection.wire.write(`{"jsonrpc":"2.0","id":${JSON.stringify(this.id)},"result":${encoded.text}}`);
  }

  fail(error) {
    if (!this.#settle()) return;
    this.lost = error.kind === "canceled";
    this.connection.refuse(this.id, error);
  }

  takeBack() {
    this.fail(new RosterError("canceled", "the request was taken back"));
  }
}

// What params must have; a member that is not known is ignored, for a newer Roster may send it.
const wanted = {
  "source/open": { sourceType: "string" }, "source/read": { session: "string" }, "source/ack": { session: "string" },
  "source/check": { session: "string" }, "source/lookup": { session: "string", refs: "array" },
  "source/webhook": { session: "string", method: "string" }, "source/close": { session: "string" },
  "target/apply": { target: "string", changes: "array" },
  "target/find": { target: "string", dataType: "string", field: "string", values: "array" },
  "registry/listSourceTypes": {}, "registry/listTargets": {},
};

/** The connection with Roster. Requests run side by side and are answered as they finish. */
class Connection {
  sessions = new Map(); // open sources, by the names of their sessions
  last = 0;
  inHand = new Map(); // requests that are not answered, by id
  running = new Set(); // methods that have not returned
  applying = {}; // by target: when the last call to it is done
  stage = "fresh";
  over = false;
  most = limits.maxFrameBytes;

  constructor(wire, manifest, sources, targets) {
    Object.assign(this, { wire, manifest, sources, targets });
    for (const target of Object.values(targets)) target.connection = this;
  }

  /** Serves until the input ends or Roster says exit, and gives the exit code. */
  async run() {
    while (!this.over) {
      try {
        const body = await this.wire.read();
        if (body === undefined) break;
        this.#take(parse(body));
      } catch (error) {
        this.refuse(null, error);
      }
    }
    if (!this.over) await Promise.race([Promise.all(this.running), wait(grace, undefined, { ref: false })]);
    for (const request of this.inHand.values()) request.takeBack();
    await Promise.allSettled([...this.sessions.values()].map((session) => session.close()));
    return this.over && this.stage !== "shut" ? 1 : 0;
  }

  notify(method, params) {
    this.wire.write(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  refuse(id, { code, message, kind, again, retryAfter, path, uid, hint }) {
    const data = { kind, retryable: again, retryAfterMs: retryAfter, path, recordUid: uid, hint };
    this.wire.write(JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, data } }));
  }

  /** Takes a message to its method, and waits for none. */
  #take({ id, method, named, params, ...rest }) {
    if (!named) {
      if (method === "exit") this.over = true;
      if (method === "$/cancelRequest") this.inHand.get(params.id)?.takeBack();
      return;
    }
    if (this.inHand.has(id)) throw fault(-32600, "a request with this id is in hand");
    const request = new Request(this, { id, method, params, ...rest });
    try {
      this.#begin(request);
    } catch (error) {
      request.fail(error);
    }
  }

  #begin(request) {
    const { method, params } = request;
    if (!isObject(params)) throw fault(-32602, "params must be an object");
    if (this.stage === "fresh" && method !== "initialize") throw fault(-32002, "initialize comes first");
    if (this.stage !== "fresh" && method === "initialize") throw fault(-32600, "initialize comes once");
    if (this.stage === "shut") throw fault(-32600, "the adapter has been shut down");
    if (["initialize", "ping", "shutdown"].includes(method)) return request.answer(this[method](params));
    if (!Object.hasOwn(wanted, method)) throw new RosterError("unsupported", `there is no method ${method.slice(0, 80)}`, { code: -32601 });
    for (const [name, type] of Object.entries(wanted[method])) {
      if (typeof params[name] !== type && !(type === "array" && Array.isArray(params[name]))) throw fault(-32602, `/${name} is missing or of the wrong type`, `/${name}`);
    }
    if (this.running.size >= limits.maxRequestsInFlight) throw new RosterError("overloaded", "too many requests are in hand", { hint: "send fewer at a time" });
    this.inHand.set(request.id, request);
    const running = this.#serve(request).finally(() => this.running.delete(running));
    this.running.add(running);
  }

  async #serve(request) {
    try {
      request.answer(await this.#call(request));
    } catch (error) {
      request.fail(known(error, request.method));
    }
  }

  async #call(request) {
    const { method, params } = request;
    const [space, name] = method.split("/");
    if (name === "listSourceTypes") return { types: this.manifest.sourceTypes ?? [] };
    if (name === "listTargets") return { targets: this.manifest.targets ?? [] };
    if (space === "target") return this.#write(request, name);
    if (name === "open") return this.#open(params);
    const session = this.sessions.get(params.session);
    if (!session) throw new RosterError("not-found", "there is no such open source", { path: "/session", hint: "open it anew" });
    if (name === "close") {
      this.sessions.delete(params.session);
      return session.close();
    }
    session.inHand.add(request);
    try {
      return await session[name](request);
    } finally {
      session.inHand.delete(request);
    }
  }

  initialize({ protocolVersion, limits: theirs }) {
    if (protocolVersion !== "1") throw new RosterError("unsupported", "this protocol version is not supported", { path: "/protocolVersion", hint: "this adapter speaks version 1" });
    this.stage = "ready";
    this.most = theirs?.maxFrameBytes || this.most;
    const { name, version } = this.manifest;
    return { protocolVersion, server: { name, version }, capabilities: { cancel: true, progress: true, log: true }, limits };
  }

  ping() {
    return {};
  }

  shutdown() {
    this.stage = "shut";
  }

  async #open({ sourceType, options }) {
    const Type = Object.hasOwn(this.sources, sourceType) && this.sources[sourceType];
    if (!Type) throw new RosterError("not-found", "there is no such source type", { path: "/sourceType", hint: `it is one of ${Object.keys(this.sources).join(", ")}` });
    const source = new Type();
    source.connection = this;
    await source.open(options ?? {});
    if (this.sessions.size >= limits.maxOpenSources) throw new RosterError("overloaded", "too many sources are open", { hint: "close those that are done with" });
    const session = String(++this.last);
    this.sessions.set(session, new Session(this, source));
    return { session };
  }

  async #write(request, name) {
    const target = Object.hasOwn(this.targets, request.params.target) && this.targets[request.params.target];
    if (!target) throw new RosterError("not-found", "there is no such target", { path: "/target", hint: `it is one of ${Object.keys(this.targets).join(", ")}` });
    const before = this.applying[request.params.target];
    const mine = Promise.resolve(before).then(() => this.#changes(request, target, name));
    this.applying[request.params.target] = mine.catch(() => {});
    return mine;
  }

  async #changes(request, target, name) {
    const { changes, dataType, field, values } = request.params;
    if (name === "find") return { rows: await target.find(dataType, field, values) };
    const outcomes = [];
    for (const change of changes) if (!request.settled) outcomes.push(await this.#make(target, change));
    await target.flush();
    return { outcomes };
  }

  /** Gives the outcome of a change: what it throws is one, too, and does not keep the others from being made. */
  async #make(target, change) {
    try {
      return { key: change.key, resourcePks: ((await target.apply(change)) ?? []).map(String) };
    } catch (error) {
      const { kind, message, hint, path, retryAfter: retryAfterMs } = known(error, "target/apply");
      return { key: change.key, error: { kind, message, hint, path, retryAfterMs } };
    }
  }
}

/**
 * Serves source types (classes, by name) and targets (objects, by name), until Roster ends the connection. What they are
 * is read from plugin.json beside the program.
 */
export async function serve({ sources = {}, targets = {} }) {
  const manifest = JSON.parse(readFileSync(join(dirname(process.argv[1]), "plugin.json"), "utf8"));
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr); // whatever prints, prints to standard error
  process.stdout.on("error", () => {}); // that nobody reads is said by the end of the input
  const code = await new Connection(new Wire(process.stdin, write), manifest, sources, targets).run();
  write("", () => process.exit(code)); // calls that hang are not waited for
}
