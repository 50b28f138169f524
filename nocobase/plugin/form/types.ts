import type { SourceType } from '../../../docs/protocol';
import manifest from '../../../plugin.json';
import { schemaOf } from '../server/schema';
import type { Schema } from './schema';

/** Where a client of user-data-sync has its forms. */
export interface Registry {
  registerType(name: string, type: { components: object }): void;
}

/** The source types that have a form, with the schemas of their options. */
export function forms(): { name: string; schema: Schema }[] {
  return (manifest.sourceTypes as SourceType[]).map((type) => ({ name: type.name, schema: (schemaOf(type) ?? {}) as Schema }));
}
