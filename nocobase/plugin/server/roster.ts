import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from './child';
import { type Connection, Lost, Refusal } from './connection';
import type { Log } from './log';

/** A process that ends sooner has crashed, in milliseconds. */
const steady = 60_000;
/** After so many crashes in a row it is not started again. */
const patience = 5;

/** A process of Roster that is ready to be used. */
export interface Ready {
  child: Child;
  connection: Connection;
}

/**
 * Roster, as long as the application runs: one process at a time, and another when it dies. Nothing is started before
 * start, and whatever goes wrong is said to those who want to use it, and in the log, and never thrown.
 */
export class Roster {
  readonly #open: (stopping: AbortSignal) => Promise<Ready>;
  readonly #log: Log;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #current: Waiting<Connection> = waiting(new Refusal('Roster is not started'));

  /** open starts a process and has it ready, or rejects, at the latest when it is to stop, and leaves none behind. */
  constructor(open: (stopping: AbortSignal) => Promise<Ready>, log: Log) {
    this.#open = open;
    this.#log = log;
  }

  /** Begins to keep a process running. It may be called again. */
  start(): void {
    if (!this.#stopping.signal.aborted && this.#current.open) return;
    this.#stopping = new AbortController();
    this.#current = waiting();
    this.#running = this.#keep(this.#stopping.signal);
  }

  /** Ends the process, and returns when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.refuse(new Refusal('Roster was stopped with the application'));
    await this.#running;
  }

  /** Does something with Roster, and again with the next process where one dies over it. */
  async do<T>(f: (roster: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#current.value;
      try {
        return await f(connection);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
      }
    }
  }

  async #keep(stopping: AbortSignal): Promise<void> {
    for (let crashes = 0; !stopping.aborted; ) {
      const began = Date.now();
      const how = await this.#live(stopping);
      if (stopping.aborted) return;
      crashes = Date.now() - began < steady ? crashes + 1 : 1;
      this.#log.error(`Roster has ended (${how})`, { crashes });
      if (crashes >= patience) {
        const why = `Roster ended ${crashes} times in a row (${how}) and is not started again`;
        this.refuse(new Refusal(why, { hint: 'see its log in storage/logs, then disable and enable the plugin' }));
        return;
      }
      await pause(500 * 2 ** (crashes - 1), undefined, { signal: stopping }).catch(() => {});
    }
  }

  /** Has one process live, and says how it ended. */
  async #live(stopping: AbortSignal): Promise<string> {
    try {
      const { child, connection } = await this.#open(stopping);
      const stop = () => void Promise.race([connection.exit(), pause(1_000)]).then(child.end); // one that is stuck reads nothing
      stopping.addEventListener('abort', stop);
      if (stopping.aborted) stop();
      else this.#current.give(connection);
      const how = await child.ended;
      stopping.removeEventListener('abort', stop);
      if (!stopping.aborted) this.#current = waiting();
      connection.close();
      return how;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Refuses everybody, now and from now on, until it is started. */
  refuse(refusal: Refusal): void {
    this.#current.refuse(refusal);
    this.#current = waiting(refusal);
  }
}

/** What will be there, or not. */
interface Waiting<T> {
  value: Promise<T>;
  open: boolean;
  give(value: T): void;
  refuse(why: Error): void;
}

/** Waits for a value; with a reason, in vain. */
function waiting<T>(why?: Refusal): Waiting<T> {
  let give!: (value: T) => void;
  let refuse!: (why: Error) => void;
  const value = new Promise<T>((resolve, reject) => {
    give = resolve;
    refuse = reject;
  });
  value.catch(() => {}); // it may be that nobody waits
  if (why) refuse(why);
  return { value, open: !why, give, refuse };
}
