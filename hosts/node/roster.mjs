// Starts Roster and speaks with it through vscode-jsonrpc, with Content-Length headers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

const rpc = createRequire(import.meta.url)("vscode-jsonrpc/node");

export const { CancellationTokenSource, ResponseError } = rpc;

const patience = 60_000; // milliseconds that what is told may take

export class Roster {
  called = new Set(); // methods that we called well
  answered = new Set(); // methods that were called of us
  handlers = {}; // by method: what Roster may ask of us
  told = []; // notifications, as [method, params]
  stray = []; // what was said of answers without a request
  #wanting = []; // who waits for what is told

  constructor(command, database) {
    const [program, ...args] = command;
    this.process = spawn(program, args, { env: { ...process.env, ROSTER_DB: database }, stdio: ["pipe", "pipe", "inherit"] });
    this.ended = once(this.process, "exit");
    const complaint = (text) => this.#take(this.stray, text);
    const logger = { error: complaint, warn: complaint, info: complaint, log: complaint };
    this.connection = rpc.createMessageConnection(
      new rpc.StreamMessageReader(this.process.stdout),
      new rpc.StreamMessageWriter(this.process.stdin),
      logger,
    );
    this.connection.onNotification((method, params) => this.#take(this.told, [method, params]));
    this.connection.onRequest((method, params) => this.#serve(method, params));
    this.connection.listen();
  }

  /** Calls a method and gives its result; throws a ResponseError. */
  async call(method, params = {}, token = rpc.CancellationToken.None) {
    const result = await this.connection.sendRequest(method, params, token);
    this.called.add(method);
    return result;
  }

  async notify(method, params = {}) {
    await this.connection.sendNotification(method, params);
    this.called.add(method);
  }

  /** Has f called with the progress of requests with that token. */
  onProgress(token, f) {
    return this.connection.onProgress(new rpc.ProgressType(), token, f);
  }

  /** Waits until Roster has told what is wanted. */
  waitTold(method, wanted = () => true) {
    return this.#wait(this.told, ([m, params]) => m === method && wanted(params));
  }

  /** Waits for an answer without a request that says what is wanted. */
  waitStray(wanted) {
    return this.#wait(this.stray, (text) => text.includes(wanted));
  }

  /** Writes what is no message, perhaps. */
  writeRaw(body) {
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #take(list, item) {
    list.push(item);
    this.#wanting = this.#wanting.filter((wanting) => !wanting());
  }

  #wait(list, wanted) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`was not told ${wanted}`)), patience);
      const found = () => list.some(wanted) && (clearTimeout(late), resolve(), true);
      if (!found()) this.#wanting.push(found);
    });
  }

  async #serve(method, params) {
    const handler = this.handlers[method];
    if (!handler) throw new ResponseError(-32601, `there is no ${method}`);
    this.answered.add(method);
    return (await handler(params)) ?? null;
  }
}
