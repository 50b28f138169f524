import type { SourceType } from '../../../docs/protocol';
import manifest from '../../../plugin.json';
import type { Schema } from './secrets';

/** The source types that this version has built in: known before Roster runs, and when it does not. */
export const builtIn = manifest.sourceTypes as SourceType[];

/** Gives the schema of a type's options with its references in their places. */
export function schemaOf(type: SourceType | undefined): Schema | undefined {
  const root = type?.optionsSchema as Record<string, any> | undefined;
  return root && expand(root, root.$defs ?? {}, 0);
}

function expand(schema: any, defs: Record<string, any>, depth: number): any {
  if (Array.isArray(schema)) return schema.map((element) => expand(element, defs, depth));
  if (typeof schema !== 'object' || schema === null || depth > 16) return schema; // deeper, it refers to itself
  const { $ref, $defs: _, ...rest } = schema;
  const meant = typeof $ref === 'string' ? defs[$ref.replace('#/$defs/', '')] : undefined;
  const all = { ...meant, ...rest };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, expand(value, defs, depth + 1)]));
}
