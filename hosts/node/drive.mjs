// Drives every method of Roster's wire: drive.mjs ROSTER DATABASE. What it called goes to standard output as JSON.

import assert from "node:assert/strict";
import { declaration, directory, rows } from "./adapters.mjs";
import { CancellationTokenSource, Roster } from "./roster.mjs";

/** Says that a call is answered with an error of that code, and gives it. */
async function refused(code, call) {
  try {
    assert.fail(`was answered ${JSON.stringify(await call)}, want the error ${code}`);
  } catch (failure) {
    assert.equal(failure.code, code, failure.message);
    return failure;
  }
}

/** Takes a request back as soon as it is sent. */
async function canceled(r, method, params) {
  const source = new CancellationTokenSource();
  const answer = r.call(method, params, source.token);
  source.cancel();
  r.called.add("$/cancelRequest");
  await refused(-32800, answer);
}

async function connect(r) {
  await refused(-32002, r.call("ping"));
  const opened = await r.call("initialize", { protocolVersion: "1", client: { name: "node", version: process.version } });
  assert.equal(opened.server.name, "roster");
  await r.notify("initialized");
  assert.deepEqual(await r.call("ping"), {});
  assert.deepEqual(await r.call("log/setLevel", { level: "error" }), { level: "error" });
  const document = await r.call("rpc.discover");
  return new Set(document.methods.map((m) => m.name));
}

async function lookAround(r) {
  const { types } = await r.call("registry/listSourceTypes");
  assert(types.some((t) => t.name === "http-api"));
  const { targets } = await r.call("registry/listTargets");
  assert.deepEqual(targets.map((t) => t.name), ["users", "departments"]);
}

/** What is no message is answered, and the connection lives on. */
async function sendGarbage(r) {
  for (const [body, code] of [["{not json", "-32700"], ["[]", "-32600"]]) {
    r.writeRaw(body);
    await r.waitStray(code);
  }
  const failure = await refused(-32602, r.call("tasks/get", { taskID: "1" }));
  assert.equal(failure.data.path, "/taskID");
  await refused(-32601, r.call("sync/pusch"));
  await refused(1009, r.call("tasks/get", { taskId: "4711" }));
}

async function push(r) {
  const records = Array.from({ length: 3000 }, (_, i) => ({ uid: `p${i}`, nickname: "赵思远", username: `user${i}` }));
  const body = { dataType: "user", sourceName: "push", records, progressToken: "push" };
  const planned = await r.call("sync/plan", body);
  assert.equal(planned.counts.user.created, 3000);
  const states = [];
  r.onProgress("push", (progress) => states.push(progress.state));
  const pushed = await r.call("sync/push", body);
  assert.equal(pushed.state, "success", pushed.message);
  assert(states.includes("applying"), states.join());
  const { record } = await r.call("records/get", { sourceName: "push", dataType: "user", uid: "p1" });
  assert.equal(record.metaData.nickname, "赵思远");
  assert.equal((await r.call("health/check")).database.state, "open");
}

/** 8 MiB in a message, and a message that is too large. */
async function pushBigFrames(r) {
  const records = Array.from({ length: 90_000 }, (_, i) => ({ uid: String(i), nickname: "x".repeat(80) }));
  await canceled(r, "sync/push", { dataType: "user", sourceName: "big", records });
  r.writeRaw(JSON.stringify({ jsonrpc: "2.0", method: "initialized", params: { pad: "x".repeat(17 << 20) } }));
  await r.waitStray("exceeds the limit");
  assert.deepEqual(await r.call("ping"), {});
}

/** A bad record fails alone; a retry does it again. */
async function pushPartly(r) {
  const records = [{ uid: "a", email: "a@example.com" }, { uid: "b", email: "a@example.com" }];
  const { state, taskId } = await r.call("sync/push", { dataType: "user", sourceName: "bad", records });
  assert.equal(state, "partial");
  assert.equal((await r.call("tasks/items", { taskId, failed: true })).items.length, 1);
  assert.equal((await r.call("tasks/list", { source: "bad" })).tasks[0].id, taskId);
  assert.equal((await r.call("tasks/get", { taskId })).task.state, "partial");
  assert.notEqual((await r.call("sync/retry", { taskId })).state, "success");
  assert.equal((await r.call("sync/wait", { taskId })).task.state, "partial");
  assert.equal((await r.call("sync/cancel", { taskId })).task.state, "partial"); // it has ended
}

async function register(r, source, target) {
  Object.assign(r.handlers, source.handlers, target.handlers);
  await r.call("registry/registerSource", declaration);
  await r.call("registry/registerTarget", { name: "crm", accepts: ["user"], after: ["users"], batches: true, finds: true });
  await r.call("registry/registerTarget", { name: "ledger", accepts: ["department"] });
  await refused(1006, r.call("registry/registerTarget", { name: "users", accepts: ["user"] }));
  await r.waitTold("registry/changed", (p) => p.name === "ledger");
}

/** Roster serves source/* for whatever there is; here it asks the host in turn. */
async function readByHand(r) {
  const session = await r.call("source/open", { sourceType: "host-directory", name: "mine", options: {} });
  const uids = [];
  let read;
  while (!(read = await r.call("source/read", session)).done) {
    uids.push(...read.pages.flatMap((data) => data.records.map((record) => record.uid)));
    await refused(1006, r.call("source/read", session));
    await r.call("source/ack", session);
  }
  assert.deepEqual(uids, ["d1", "u1", "u2"]);
  assert.deepEqual([read.complete, read.counts], [true, { department: 1, user: 2 }]);
  const refs = ["u1", "u9"].map((uid) => ({ dataType: "user", uid }));
  const looked = await r.call("source/lookup", { ...session, refs });
  assert.deepEqual([looked.found[0].records[0].nickname, looked.gone[0].uid], ["Ann", "u9"]);
  assert((await r.call("source/check", session)).steps[0].ok);
  const answer = await r.call("source/webhook", { ...session, method: "GET", query: "echo=1" });
  assert.deepEqual([answer.body, answer.events], ["echo=1", [{ dataType: "user", uid: "u1" }]]);
  await r.call("source/close", session);
  await refused(1009, r.call("source/read", session));
}

async function keepSources(r) {
  const created = await r.call("sources/create", { name: "hr", sourceType: "host-directory", enabled: true, options: { hold: false } });
  assert.equal(created.source.name, "hr");
  assert.equal((await r.call("sources/get", { name: "hr" })).source.sourceType, "host-directory");
  assert((await r.call("sources/list")).sources.some((s) => s.name === "hr"));
  await r.call("sources/update", { name: "hr", displayName: "The directory" });
  const wrong = { name: "other", sourceType: "host-directory", options: { hold: "yes" } };
  assert.equal((await r.call("sources/validate", { draft: wrong })).faults[0].path, "/options/hold");
  assert((await r.call("sources/test", { name: "hr" })).steps[0].ok);
}

/** Reads the host's source and writes to NocoBase's tables and to the host's targets. */
async function pull(r, target) {
  const source = { inline: { name: "hr", sourceType: "host-directory", options: {} } };
  assert.equal((await r.call("sync/plan", source)).counts.user.created, 2);
  const { taskId } = await r.call("sync/start", source);
  const { task } = await r.call("sync/wait", { taskId });
  assert.equal(task.state, "success", task.message);
  await r.waitTold("task/updated", (p) => p.task.id === taskId && p.progress.state === "success");
  const written = [...target.changes.values()].map((change) => change.record.sourceUk);
  assert.deepEqual(written.sort(), ["d1", "u1", "u2"]);
  await r.call("sync/push", { dataType: "department", sourceName: "hr", records: [{ uid: "d1", title: "Sales and more" }] });
}

async function cancelAPull(r, release) {
  const source = { inline: { name: "held", sourceType: "host-directory", options: { hold: true } } };
  const task = { taskId: (await r.call("sync/start", source)).taskId };
  assert.equal((await r.call("sync/start", source)).taskId, task.taskId);
  await canceled(r, "sync/wait", task);
  await r.call("sync/cancel", task);
  release();
  assert.equal((await r.call("sync/wait", task)).task.state, "canceled");
}

async function receive(r) {
  const answer = await r.call("source/webhook", { source: "hr", method: "POST", query: "n=1", body: "{}" });
  assert.deepEqual([answer.status, answer.body], [200, "n=1"]);
  await r.waitTold("task/updated", (p) => p.task.source === "hr" && p.task.kind !== "pull" && p.task.finishedAt);
}

/** Roster serves target/* for NocoBase's users and departments. */
async function writeTargets(r) {
  const record = (uid, nickname) => ({
    ...{ id: "", sourceName: "written", sourceUk: uid, dataType: "user", resources: [] },
    metaData: { uid, nickname, email: `${uid}@example.com` },
  });
  const target = "users";
  const [{ resourcesPk }] = await r.call("target/create", { target, key: "1", record: record("w1", "Ann") });
  await r.call("target/update", { target, key: "2", record: record("w1", "Anna"), resourcePks: [resourcesPk] });
  const change = { key: "3", op: "create", record: record("w2", "Bob"), resourcePks: [] };
  const { outcomes } = await r.call("target/apply", { target, changes: [change] });
  assert.equal(outcomes[0].key, "3");
  const { rows } = await r.call("target/find", { target, dataType: "user", field: "email", values: ["w1@example.com"] });
  assert.equal(rows[0].row, resourcesPk);
}

/** Takes everything back, and ends as a host should. */
async function part(r, methods) {
  if (methods.has("sources/delete")) await r.call("sources/delete", { name: "hr" });
  if (methods.has("registry/unregister")) {
    for (const name of ["crm", "ledger", "host-directory"]) await r.call("registry/unregister", { name });
    await refused(1010, r.call("registry/unregister", { name: "users" }));
  }
  assert.equal(await r.call("shutdown"), null);
  await refused(-32600, r.call("ping"));
  await r.notify("exit");
  assert.equal((await r.ended)[0], 0);
}

async function main(roster, database) {
  const r = new Roster([roster, "stdio"], database);
  const [source, target] = [directory(), rows()];
  const methods = await connect(r);
  const missing = new Set();
  for (const [step, needs] of [
    [lookAround, []],
    [sendGarbage, []],
    [push, []],
    [pushBigFrames, []],
    [pushPartly, []],
    [(r) => register(r, source, target), ["registry/registerSource", "registry/registerTarget"]],
    [readByHand, ["registry/registerSource"]],
    [keepSources, ["registry/registerSource", "sources/create"]],
    [(r) => pull(r, target), ["registry/registerSource"]],
    [(r) => cancelAPull(r, source.release), ["registry/registerSource"]],
    [receive, ["registry/registerSource", "sources/create"]],
    [writeTargets, ["target/create"]],
  ]) {
    const lacking = needs.filter((name) => !methods.has(name));
    lacking.forEach((name) => missing.add(name));
    if (lacking.length === 0) await step(r);
  }
  await part(r, methods);
  process.stdout.write(JSON.stringify({ called: [...r.called].sort(), answered: [...r.answered].sort(), missing: [...missing].sort() }));
}

await main(...process.argv.slice(2));
