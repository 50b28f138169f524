import type { Application } from '@nocobase/server';
import { Refusal } from './connection';

/** How an encrypted secret begins. */
const mark = 'enc:v1:';
/** What stands for a secret that is set, wherever one is shown. */
export const mask = '******';

/** The part of a JSON Schema that says where secrets are. */
export interface Schema {
  type?: unknown;
  writeOnly?: boolean;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

type Options = Record<string, any>;
type Encryptor = Application['aesEncryptor'];

/**
 * Gives options as they are kept: secrets encrypted. One that is left out, null or masked stays as it was before, an
 * empty one is cleared, and one that names a variable is kept as it is. Without a schema all texts are secrets.
 */
export async function seal(now: unknown, before: unknown, schema: Schema | undefined, aes: Encryptor): Promise<any> {
  if (isObject(now)) return sealMembers(now, isObject(before) ? before : {}, schema, aes);
  if (Array.isArray(now)) {
    return Promise.all(now.map((element, i) => seal(element, Array.isArray(before) ? before[i] : undefined, schema?.items, aes)));
  }
  if (!isSecret(schema) || typeof now !== 'string') return now;
  if (now === mask) {
    if (typeof before !== 'string') throw new Refusal('a secret that is not set was left as it is', { kind: 'config', hint: 'enter it' });
    return before;
  }
  if (now === '' || now === before || names(now).length > 0) return now;
  return mark + (await aes.encrypt(now));
}

async function sealMembers(now: Options, before: Options, schema: Schema | undefined, aes: Encryptor): Promise<Options> {
  const sealed: Options = {};
  for (const [name, value] of Object.entries(now)) {
    sealed[name] = await seal(value ?? undefined, before[name], member(schema, name), aes);
  }
  for (const [name, value] of Object.entries(before)) {
    if (sealed[name] == null && member(schema, name)?.writeOnly) sealed[name] = value;
  }
  return Object.fromEntries(Object.entries(sealed).filter(([name, value]) => value !== undefined && !(value === '' && member(schema, name)?.writeOnly)));
}

/** Puts the mask in the place of every encrypted secret, wherever it is. */
export function masked(value: any): any {
  return replaced(value, (text) => (text.startsWith(mark) ? mask : text));
}

/**
 * Gives options as an adapter reads them: secrets in the clear, and variables in their places. One that is not known is
 * an error that names it.
 */
export async function resolve(options: unknown, app: Application): Promise<any> {
  const known = app.environment.getVariables();
  const unknown = new Set<string>();
  replaced(options, (text) => (names(text).forEach((name) => name in known || unknown.add(name)), text));
  if (unknown.size > 0) {
    throw new Refusal(`there is no variable ${[...unknown].join(', ')}`, { kind: 'config', hint: 'add it in Variables and secrets' });
  }
  return open(app.environment.renderJsonTemplate(options), app.aesEncryptor);
}

async function open(value: any, aes: Encryptor): Promise<any> {
  if (Array.isArray(value)) return Promise.all(value.map((element) => open(element, aes)));
  if (isObject(value)) {
    const members = Object.entries(value).map(async ([name, v]) => [name, await open(v, aes)]);
    return Object.fromEntries(await Promise.all(members));
  }
  if (typeof value !== 'string' || !value.startsWith(mark)) return value;
  try {
    return await aes.decrypt(value.slice(mark.length));
  } catch {
    throw new Refusal('a secret cannot be decrypted', { kind: 'config', hint: 'was the application key changed? Enter the secret again' });
  }
}

/** The names of variables in a text; of what is no variable, the whole of it. */
function names(text: string): string[] {
  return [...text.matchAll(/\{\{\s*(.*?)\s*\}\}/g)].map(([, inside]) => inside.replace(/^\$env\./, ''));
}

function replaced(value: any, f: (text: string) => string): any {
  if (typeof value === 'string') return f(value);
  if (Array.isArray(value)) return value.map((element) => replaced(element, f));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, replaced(v, f)]));
}

function member(schema: Schema | undefined, name: string): Schema | undefined {
  if (!schema) return name === 'sync' ? {} : undefined;
  if (schema.properties?.[name]) return schema.properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
}

function isSecret(schema: Schema | undefined): boolean {
  return !schema || schema.writeOnly === true;
}

function isObject(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
