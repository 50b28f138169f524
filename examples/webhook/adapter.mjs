// Tells a web hook of every user and department that NocoBase gets, changes or loses.
//
// HOOK_URL names it, and HOOK_KEY signs what it is sent: X-Signature is the HMAC-SHA256 of the body, in hex. A change is
// a POST of { op, key, dataType, uid, source, rows, record }; the same key is the same change, and may come again. The
// hook answers with a status of 2xx, and may answer { rows: [...] }: its own names for the record, which come back.

import { createHmac } from "node:crypto";
import { RosterError, Target, serve } from "./roster.mjs";

const timeout = 10_000; // milliseconds that the hook may take

class Hook extends Target {
  #url = process.env.HOOK_URL ?? "";
  #key = process.env.HOOK_KEY ?? "";

  async apply({ op, key, record, resourcePks }) {
    if (op === "delete" && resourcePks.length === 0) return []; // it was never told of the record
    const { sourceName: source, dataType, sourceUk: uid, metaData } = record;
    const { rows } = await this.retry(() => this.#tell({ op, key, dataType, uid, source, rows: resourcePks, record: metaData }));
    if (op === "delete") return [];
    return Array.isArray(rows) ? rows : resourcePks.length > 0 ? resourcePks : [uid];
  }

  async #tell(change) {
    if (!/^https?:\/\/./.test(this.#url)) {
      throw new RosterError("config", "call the hook: HOOK_URL is no address", { hint: "set it where Roster is started" });
    }
    const body = JSON.stringify(change);
    const signature = createHmac("sha256", this.#key).update(body).digest("hex");
    const headers = { "content-type": "application/json", "idempotency-key": change.key, "x-signature": signature };
    const answer = await this.#post({ method: "POST", headers, body, signal: AbortSignal.timeout(timeout) });
    if (answer.status >= 300) throw refused(answer, change.uid);
    return answer.said;
  }

  /** Gives the status, the headers and what was said; nothing of the address is in an error. */
  async #post(request) {
    try {
      const answer = await fetch(this.#url, request);
      const text = await answer.text();
      return { status: answer.status, wait: Number(answer.headers.get("retry-after")) || 60, said: object(text) };
    } catch (error) {
      const why = error.cause?.code ?? error.name;
      throw new RosterError("transient", `call the hook: ${why}`, { hint: "see whether it can be reached; the change is sent again" });
    }
  }
}

/** What a text of JSON says, where it is an object. */
function object(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The error that a status stands for. */
function refused({ status, wait }, uid) {
  const message = `call the hook: status ${status}`;
  if (status === 429) return new RosterError("rate-limited", message, { retryAfter: wait * 1000, hint: "the change is sent again" });
  if (status >= 500) return new RosterError("transient", message, { hint: "the hook's own log says more; the change is sent again" });
  if (status === 401 || status === 403) return new RosterError("auth", message, { hint: "see whether HOOK_KEY is the hook's" });
  if (status === 409) return new RosterError("conflict", message, { uid, hint: "the hook's own log says who holds what" });
  return new RosterError("data", message, { uid, hint: "the hook refuses the record; its own log says why" });
}

serve({ targets: { webhook: new Hook() } });
