import { join } from 'node:path';
import type UserDataSync from '@nocobase/plugin-user-data-sync';
import { Plugin } from '@nocobase/server';
import { storagePathJoin } from '@nocobase/utils';
import manifest from '../../../plugin.json';
import { Caches } from './caches';
import { callbacks } from './callback';
import { start } from './child';
import { Connection, Refusal } from './connection';
import { config, direct } from './database';
import { type Log, logOf, takeOver } from './log';
import { hideFromLog, maskAnswers, sealSources } from './privacy';
import { push } from './push';
import { registerResources, serveResources } from './resources';
import { type Ready, Roster } from './roster';
import { resolve } from './secrets';
import { sourceClass } from './source';
import { mendTasks } from './tasks';
import { Types } from './types';

/** Runs Roster beside NocoBase. */
export default class RosterPlugin extends Plugin {
  #roster?: Roster;

  override async load(): Promise<void> {
    const { app } = this;
    const sync = app.pm.get('user-data-sync') as UserDataSync;
    const log = logOf(this.createLogger({ dirname: 'roster', filename: '%DATE%.log', format: 'json' }));
    const caches = new Caches(app.cache, log);
    const roster: Roster = new Roster((stopping) => this.#open(stopping, sync, types, caches, log), log);
    const types = new Types(sync, sourceClass(roster));
    this.#roster = roster;

    sealSources(app, types);
    app.resourceManager.use(maskAnswers(), { tag: 'rosterMask', before: 'acl' });
    app.use(hideFromLog(), { tag: 'rosterHide', after: 'logger', before: 'bodyParser' });
    app.use(callbacks(roster, log), { tag: 'rosterCallback', before: 'logger' });
    if (direct(app.db) && process.env.ROSTER_PUSH !== 'off') app.resourceManager.registerPreActionHandler('userData:push', push(roster, caches));

    app.on('afterStart', () => this.#start(roster, types, log));
    app.on('beforeStop', () => roster.stop());
  }

  override async beforeDisable(): Promise<void> {
    await this.#roster?.stop();
  }

  /** Begins without keeping NocoBase from its own start. */
  #start(roster: Roster, types: Types, log: Log): void {
    const { app } = this;
    if (app.serving?.() === false) return; // another process serves
    if (direct(app.db)) roster.start();
    else roster.refuse(new Refusal(`this version of Roster needs NocoBase on PostgreSQL, not on ${app.db.options.dialect}`));
    mendTasks(app, types, roster, log).catch((error) => log.error('tasks could not be mended', { reason: error.message }));
  }

  /** Starts a process and tells it all it needs. One that ends over it, or is to stop, leaves nobody waiting. */
  async #open(stopping: AbortSignal, sync: UserDataSync, types: Types, caches: Caches, log: Log): Promise<Ready> {
    const child = start(program(), (line) => takeOver(log, line));
    const connection = new Connection(child.output, child.input, (text) => log.warn('out of turn', { text: text.slice(0, 200) }));
    connection.on('target/changed', (changed) => caches.drop(changed));
    connection.on('registry/changed', () => void types.ask(connection).catch(() => {})); // its end is noticed elsewhere
    connection.serve('sources/resolve', ({ name }) => this.#options(name));
    serveResources(connection, sync);
    connection.listen();
    const stop = () => void child.end();
    stopping.addEventListener('abort', stop);
    try {
      const prepared = this.#introduce(connection, log).then(() => types.ask(connection)).then(() => registerResources(connection, sync));
      await Promise.race([prepared, child.ended.then((how) => Promise.reject(new Error(how)))]);
      return { child, connection };
    } catch (error) {
      connection.close();
      await child.end();
      throw error;
    } finally {
      stopping.removeEventListener('abort', stop);
    }
  }

  async #introduce(connection: Connection, log: Log): Promise<void> {
    const { server } = await connection.call('initialize', {
      protocolVersion: manifest.protocol,
      client: { name: 'nocobase', version: manifest.version },
      capabilities: { resolve: true },
      config: config(this.app.db, storagePathJoin('logs', this.app.name)),
    });
    log.info('Roster runs', { version: server.version });
    if (server.version !== manifest.version && !process.env.ROSTER_BIN) {
      throw new Refusal(`this plugin is ${manifest.version} and its Roster ${server.version}`, { hint: 'restart NocoBase' });
    }
  }

  /** How a source is set up, with its secrets in the clear. */
  async #options(name: string): Promise<{ options: unknown }> {
    const [source] = await this.app.db.getRepository('userDataSyncSources').find({ filter: { name } });
    if (!source) throw new Refusal(`there is no source ${name}`, { kind: 'not-found' });
    return { options: await resolve(source.get('options') ?? {}, this.app) };
  }
}

/** The program for this platform, in the archive; or one that the operator names. */
function program(): string {
  const { platform, arch } = process;
  const suffix = platform === 'win32' ? 'windows' : platform;
  const name = `roster-${suffix}-${arch === 'x64' ? 'amd64' : arch}${platform === 'win32' ? '.exe' : ''}`;
  return process.env.ROSTER_BIN || join(__dirname, 'bin', name);
}
