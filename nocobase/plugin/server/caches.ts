import type { Cache } from '@nocobase/server';
import type { ChangedParams } from '../../../docs/protocol';
import type { Log } from './log';

/** How many keys are dropped at once. */
const atOnce = 3_000;

/** What NocoBase keeps of users and their departments, which knows nothing of what Roster wrote. */
export class Caches {
  readonly #cache: Cache;
  readonly #log: Log;
  #last: Promise<void> = Promise.resolve();

  constructor(cache: Cache, log: Log) {
    this.#cache = cache;
    this.#log = log;
  }

  /** Drops what is kept of rows that have changed: whoever was removed is signed out, a lost role is lost. */
  drop(changed: ChangedParams): void {
    this.#last = this.#last
      .then(() => this.#drop(changed))
      .catch((error) => this.#log.error('caches could not be dropped', { reason: error.message }));
  }

  /** Waits until everything is dropped. */
  dropped(): Promise<void> {
    return this.#last;
  }

  async #drop({ target, ids }: ChangedParams): Promise<void> {
    const keys = await this.#keys(target, ids);
    for (let i = 0; i < keys.length; i += atOnce) await this.#cache.mdel(...keys.slice(i, i + atOnce));
  }

  async #keys(target: string, ids?: string[]): Promise<string[]> {
    if (target === 'users' && ids) return ids.flatMap((id) => [`auth:${id}`, `roles:${id}`, `roles:${id}:defaultRole`, `departments:${id}`]);
    const stale = target === 'users' ? /^(auth|roles|departments):/ : /^departments:/; // with titles, parents and owners
    return (await this.#cache.keys()).filter((key) => stale.test(key));
  }
}
