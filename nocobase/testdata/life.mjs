// Lives through what a process of Roster may do before it is ready, and through clicks that come at once: life.mjs DIST

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve as path } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const dist = path(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'life-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A program that notes each of its lives. If it is told to, it answers initialize, hears nothing any more, and dies. */
const program = join(folder, 'program');
writeFileSync(
  program,
  `#!${process.execPath}
  require('fs').appendFileSync(process.env.ROSTER_LIVES, '.');
  if (process.env.ROSTER_ANSWERS) process.stdin.once('data', (frame) => {
    const { id } = JSON.parse(String(frame).split('\\r\\n\\r\\n')[1]);
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: { server: {} } });
    require('fs').closeSync(0);
    process.stdout.write('Content-Length: ' + body.length + '\\r\\n\\r\\n' + body, () => setTimeout(process.exit, 100, 3));
  });
  setInterval(() => {}, 1000);`,
);
chmodSync(program, 0o755);

let tasks = []; // those that have not ended
let made = 0;

/** Loads the plugin anew into what it needs of an application. */
async function load(name, settings, dialect = 'postgres') {
  const lives = join(folder, name);
  Object.assign(process.env, { ROSTER_BIN: program, ROSTER_LIVES: lives, ROSTER_ANSWERS: '', ...settings });
  let Source;
  const sync = { sourceManager: { registerType: (_, { syncSource }) => (Source = syncSource) }, resourceManager: { resources: { nodes: [] } } };
  const app = Object.assign(new EventEmitter(), {
    name: 'main',
    pm: { get: () => sync },
    db: { options: { dialect }, referenceMap: { map: new Map() }, on: () => {}, getRepository: () => ({ find: async () => tasks }), getModel: () => ({ update: async () => {} }) },
    resourceManager: { use: () => {}, registerPreActionHandler: (action) => taken.push(action) },
    use: () => {},
  });
  const taken = [];
  class Plugin {
    app = app;
    createLogger = () => ({ log: () => {} });
  }
  class SyncSource {
    constructor({ sourceInstance, ctx }) {
      Object.assign(this, { instance: sourceInstance, ctx });
    }
    async newTask() {
      return { id: ++made };
    }
  }
  const provided = { '@nocobase/server': { Plugin }, '@nocobase/utils': { storagePathJoin: join }, '@nocobase/plugin-user-data-sync': { SyncSource } };
  const require = createRequire(join(dist, 'server/index.js'));
  const module = { exports: {} };
  new Function('module', 'exports', 'require', '__dirname', readFileSync(join(dist, 'server/index.js'), 'utf8'))(
    module, module.exports, (id) => provided[id] ?? require(id), join(dist, 'server'),
  );
  await new module.exports.default().load();
  app.emit('afterStart');
  const stop = () => Promise.all(app.listeners('beforeStop').map((listener) => listener()));
  const click = () => new Source({ sourceInstance: { id: 1, name: 'hr' }, ctx: { app } });
  return { click, stop, taken, lives: () => (existsSync(lives) ? readFileSync(lives, 'utf8').length : 0) };
}

async function until(what, is) {
  for (let i = 0; !is(); i++) {
    assert.ok(i < 400, `there is not ${what}`);
    await pause(25);
  }
}

async function inTime(what, work) {
  const late = Symbol();
  assert.notEqual(await Promise.race([work, pause(9_000, late)]), late, `${what} takes too long`);
}

const silent = await load('silent', {});
await until('a process', () => silent.lives() === 1);
await inTime('to stop with a process that does not answer', silent.stop());

const dying = await load('dying', { ROSTER_ANSWERS: 'once' });
await until('another process after one that died half ready', () => dying.lives() >= 2);
await inTime('to stop while processes die', dying.stop());
assert.deepEqual(dying.taken, ['userData:push']);

const elsewhere = await load('elsewhere', {}, 'mysql');
await elsewhere.stop();
assert.deepEqual([elsewhere.lives(), elsewhere.taken], [0, []], 'where Roster cannot write, pushes stay with NocoBase');

const first = dying.click();
await first.newTask();
const others = [dying.click().newTask(), dying.click().newTask()]; // they find its task ended, and wait for it to say so
await pause(0);
tasks = [{}];
await first.endTask({ taskId: 1, success: true });
assert.deepEqual((await Promise.all(others)).map(({ id }) => id), [2, 2], 'of two who wait one makes a task, and the other joins it');
process.exit(0);
