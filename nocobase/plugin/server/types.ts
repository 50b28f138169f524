import type UserDataSync from '@nocobase/plugin-user-data-sync';
import type { SourceType } from '../../../docs/protocol';
import type { Connection } from './connection';
import { builtIn, schemaOf } from './schema';
import type { Schema } from './secrets';
import type { SourceClass } from './source';

/** The source types that NocoBase's panel offers for Roster. */
export class Types {
  readonly #sync: UserDataSync;
  readonly #source: SourceClass;
  readonly #known = new Map<string, SourceType>();

  /** Registers what is built in: the panel lists it though Roster does not run. */
  constructor(sync: UserDataSync, source: SourceClass) {
    this.#sync = sync;
    this.#source = source;
    builtIn.forEach((type) => this.#add(type));
  }

  /** Registers what Roster has besides. */
  async ask(roster: Connection): Promise<void> {
    const { types } = await roster.call('registry/listSourceTypes', {});
    types.forEach((type) => this.#add(type));
  }

  names(): string[] {
    return [...this.#known.keys()];
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** The schema of a type's options; undefined where nobody has told. */
  schema(name: string): Schema | undefined {
    return schemaOf(this.#known.get(name));
  }

  #add(type: SourceType): void {
    const known = this.#known.has(type.name);
    this.#known.set(type.name, type);
    if (known) return; // NocoBase takes a type once
    this.#sync.sourceManager.registerType(type.name, { syncSource: this.#source, title: type.title });
  }
}
