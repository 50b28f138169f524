// What a host in TypeScript writes with protocol.d.ts. It is compiled and not run: a line that must not compile says so.

import type { HostMethods, HostNotifications, Methods, Notifications, ResponseError } from "./protocol.d.ts";

declare function call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]>;
declare function notify<M extends keyof Notifications>(method: M, params: Notifications[M]["params"]): void;
declare function on<M extends keyof HostMethods>(method: M, f: (params: HostMethods[M]["params"]) => HostMethods[M]["result"]): void;
declare function told<M extends keyof HostNotifications>(method: M, f: (params: HostNotifications[M]["params"]) => void): void;

export async function push(): Promise<string> {
  const opened = await call("initialize", { protocolVersion: "1", client: { name: "typed" } });
  const bytes: number = opened.limits.maxFrameBytes;
  notify("initialized", {});
  const pushed = await call("sync/push", {
    dataType: "user",
    matchKey: "email",
    records: [{ uid: "u1", nickname: "Ann", email: null, departments: ["d1"] }, { uid: 2, isDeleted: true }],
    snapshot: { id: "s1", done: true, counts: { user: bytes } },
    options: { sync: { removal: { user: "disable" }, guards: { usersRemoved: null } } },
  });
  // @ts-expect-error a record has a uid
  await call("sync/push", { dataType: "user", records: [{ nickname: "Ann" }] });
  // @ts-expect-error there is no such answer to a record that is gone
  await call("sync/push", { options: { sync: { removal: { user: "forget" } } } });
  // @ts-expect-error there is no such method
  await call("sync/pusch", {});
  // @ts-expect-error a task has a state, not a colour
  (await call("tasks/get", { taskId: pushed.taskId })).task.colour;
  return pushed.result[0].detail.failedRecords[0].message;
}

export async function read(): Promise<void> {
  const session = await call("source/open", { sourceType: "http-api", options: {} });
  const { pages, counts, gone } = await call("source/read", { ...session, maxRecords: 10 });
  const uid: string | number = pages[0].records[0].uid;
  await call("source/lookup", { ...session, refs: [...(gone ?? []), { dataType: "user", uid: String(uid) }] });
  await call("sync/start", { inline: { name: "hr", sourceType: "http-api" }, actor: "1" });
  told("task/updated", ({ task, progress }) => console.assert(task.state === "partial" || progress.done < (counts?.user ?? 0)));
  // @ts-expect-error there is no such state
  told("task/updated", ({ task }) => task.state === "done");
}

on("target/apply", ({ changes }) => ({ outcomes: changes.map((change) => ({ key: change.key, resourcePks: [change.record.id] })) }));
on("target/create", ({ record }) => [{ resourcesPk: record.sourceUk }]);
// @ts-expect-error an outcome has a key
on("target/apply", () => ({ outcomes: [{ resourcePks: [] }] }));

export function again(error: ResponseError): boolean {
  if (error.code === -32800 || error.data?.kind === "guard") return false;
  // @ts-expect-error there is no such kind
  if (error.data?.kind === "bad luck") return false;
  return error.data?.retryable ?? false;
}
