// What the plugin makes of options and of NocoBase's settings, case by case: options.mjs PLUGIN

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { resolve as path } from 'node:path';

const folder = path(process.argv[2]);
const { buildSync } = createRequire(`${folder}/package.json`)('esbuild');

/** Loads a file of the server side. */
function load(file) {
  const { outputFiles } = buildSync({ entryPoints: [`${folder}/server/${file}`], bundle: true, write: false, format: 'cjs', platform: 'node' });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports, createRequire(`${folder}/package.json`));
  return module.exports;
}

const { seal, masked, resolve } = load('secrets.ts');
const { schemaOf } = load('schema.ts');
const { config } = load('database.ts');

const aes = { encrypt: async (text) => `<${text}>`, decrypt: async (text) => (/^<.*>$/.test(text) ? text.slice(1, -1) : assert.fail('bad')) };
const secret = { type: 'string', writeOnly: true };
const schema = schemaOf({
  optionsSchema: { properties: { url: { type: 'string' }, token: { $ref: '#/$defs/secret' }, login: { properties: { user: {}, pass: secret } }, keys: { type: 'array', items: { properties: { key: secret } } } }, $defs: { secret } },
});
const sealed = { url: 'u', token: 'enc:v1:<t>', login: { user: 'a', pass: 'enc:v1:<p>' }, keys: [{ key: 'enc:v1:<k>' }] };

const cases = {
  'what is entered is encrypted': [{ url: 'u', token: 't', login: { user: 'a', pass: 'p' }, keys: [{ key: 'k' }] }, {}, sealed],
  'what is masked stays': [masked(sealed), sealed, sealed],
  'what is left out or null stays': [{ url: 'u', login: { user: 'a', pass: null }, keys: [{}] }, sealed, sealed],
  'what is empty is cleared': [{ ...sealed, token: '' }, sealed, { url: 'u', login: sealed.login, keys: sealed.keys }],
  'a group that goes takes its secrets along': [{ url: 'u', token: '******', login: null, keys: [] }, sealed, { url: 'u', token: 'enc:v1:<t>', keys: [] }],
  'a variable is kept': [{ token: '{{ $env.T }}' }, {}, { token: '{{ $env.T }}' }],
  'what only looks encrypted is not believed': [{ token: 'enc:v1:<x>' }, {}, { token: 'enc:v1:<enc:v1:<x>>' }],
};
for (const [name, [now, before, want]] of Object.entries(cases)) {
  assert.deepEqual(await seal(now, before, schema, aes), want, name);
}
await assert.rejects(seal({ token: '******' }, {}, schema, aes), /not set/);
assert.deepEqual(await seal({ any: 'thing', sync: { drift: 'keep' } }, {}, undefined, aes), { any: 'enc:v1:<thing>', sync: { drift: 'keep' } });

const app = {
  aesEncryptor: aes,
  environment: {
    getVariables: () => ({ T: 'a token' }),
    renderJsonTemplate: (template) => JSON.parse(JSON.stringify(template).replace(/\{\{ \$env.T \}\}/g, 'a token')),
  },
};
assert.deepEqual(await resolve({ ...sealed, token: 'Bearer {{ $env.T }}' }, app), { url: 'u', token: 'Bearer a token', login: { user: 'a', pass: 'p' }, keys: [{ key: 'k' }] });
await assert.rejects(resolve({ token: '{{ $env.U }}', url: '{{ $user.id }}' }, app), /there is no variable U, \$user\.id/);
await assert.rejects(resolve({ token: 'enc:v1:other' }, app), /cannot be decrypted/);

const addressOf = (options) => config({ options, referenceMap: { map: new Map() } }, '').db;
const login = { username: 'u@x', password: 'p:/?', database: 'noco', port: '5433' };
assert.equal(addressOf({ ...login, host: 'db' }), 'postgres://u%40x:p%3A%2F%3F@db:5433/noco?application_name=roster&sslmode=disable');
assert.equal(addressOf({ ...login, host: '::1' }).slice(0, 45), 'postgres://u%40x:p%3A%2F%3F@[::1]:5433/noco?a');
assert.match(addressOf({ ...login, host: '/run/pg' }), /@\/noco\?.*host=%2Frun%2Fpg&port=5433$/);
assert.match(addressOf({ ...login, host: 'db', dialectOptions: { ssl: { ca: 'PEM' } } }), /sslmode=verify-full&sslinline=true&sslrootcert=PEM$/);
assert.match(addressOf({ ...login, host: 'db', dialectOptions: { ssl: { rejectUnauthorized: false } } }), /sslmode=require$/);
