import type { Readable, Writable } from 'node:stream';
import { createMessageConnection, ResponseError, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { Message, MessageConnection } from 'vscode-jsonrpc/node';
import type { ErrorData, ErrorKind, HostMethods, HostNotifications, Methods } from '../../../docs/protocol';

/** What Roster refused: a sentence for an operator, with what to do. */
export class Refusal extends Error {
  readonly kind: ErrorKind;
  /** The sentence alone. */
  readonly said: string;

  constructor(said: string, data: Partial<ErrorData> = {}) {
    super(data.hint ? `${said}: ${data.hint}` : said);
    this.said = said;
    this.kind = data.kind ?? 'internal';
  }
}

/** The end of a connection: nobody knows what became of what was asked. */
export class Lost extends Error {}

/**
 * Writes as long as somebody reads. A failure is no more than the end of the process, which is noticed elsewhere; it would
 * be thrown where nobody catches it.
 */
class Writer extends StreamMessageWriter {
  override write(message: Message): Promise<void> {
    return super.write(message).catch(() => {});
  }
}

/** A conversation with one process of Roster. */
export class Connection {
  readonly #rpc: MessageConnection;
  readonly #over = new AbortController();

  /** Speaks over the streams. What is said out of turn goes to complain. */
  constructor(input: Readable, output: Writable, complain: (text: string) => void) {
    this.#rpc = createMessageConnection(new StreamMessageReader(input), new Writer(output), {
      error: complain,
      warn: complain,
      info: () => {},
      log: () => {},
    });
    this.#rpc.onError(([error]) => complain(error.message));
  }

  /** Begins to read. What is served and listened to must be known by then. */
  listen(): void {
    this.#rpc.listen();
  }

  /** Calls a method. Rejects with a Refusal, or with Lost. */
  async call<M extends keyof Methods>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
    try {
      return await this.#rpc.sendRequest<Methods[M]['result']>(method, params);
    } catch (error) {
      if (error instanceof ResponseError && !this.#over.signal.aborted) throw new Refusal(error.message, error.data ?? {});
      await this.#closed();
      throw new Lost(`${method}: Roster has ended`);
    }
  }

  /** Answers a method that Roster calls. */
  serve<M extends keyof HostMethods>(
    method: M,
    f: (params: HostMethods[M]['params']) => HostMethods[M]['result'] | Promise<HostMethods[M]['result']>,
  ): void {
    this.#rpc.onRequest(method, async (params: HostMethods[M]['params']) => {
      try {
        return (await f(params)) as unknown;
      } catch (error) {
        return new ResponseError(1005, (error as Error).message, { kind: error instanceof Refusal ? error.kind : 'data' });
      }
    });
  }

  /** Has f called with what Roster tells. */
  on<M extends keyof HostNotifications>(method: M, f: (params: HostNotifications[M]['params']) => void): void {
    this.#rpc.onNotification(method, f);
  }

  /** Tells Roster to end, whatever it has in hand. */
  async exit(): Promise<void> {
    try {
      this.#rpc.sendRequest('shutdown').catch(() => {});
      await this.#rpc.sendNotification('exit');
    } catch {
      // it has ended already
    }
  }

  /** Ends the conversation: whoever waits for an answer gets Lost. */
  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#rpc.dispose();
  }

  /** Waits for close: a pipe breaks before its process has ended. */
  async #closed(): Promise<void> {
    const { signal } = this.#over;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}
