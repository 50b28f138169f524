import type { Application } from '@nocobase/server';
import type { Log } from './log';
import type { Roster } from './roster';
import { follow, runOf } from './runs';
import { endTask, unended } from './source';
import type { Types } from './types';

/**
 * Mends the tasks of our types that an end of NocoBase has left at init or processing: those whose run Roster goes on
 * with, or another process works on, are followed to their end, and the others have failed.
 */
export async function mendTasks(app: Application, types: Types, roster: Roster, log: Log): Promise<void> {
  const began = new Date();
  await roster.do(async () => {}).catch(() => {}); // it may have more types; where it cannot be had, tasks have failed
  const filter = { sourceType: { $in: types.names() } };
  const sources = await app.db.getRepository('userDataSyncSources').find({ fields: ['id'], filter });
  const ids = sources.map((source) => source.get('id'));
  if (ids.length === 0) return;
  const tasks = await app.db.getRepository('userDataSyncTasks').find({ filter: { sourceId: { $in: ids }, status: unended } });
  const left = tasks.filter((task) => task.get('createdAt') < began); // the others are clicks of now
  await Promise.all(left.map((task) => mend(app, task.get('id'), roster, log)));
}

async function mend(app: Application, id: number, roster: Roster, log: Log): Promise<void> {
  log.info('a task was left behind', { task: id });
  try {
    const run = await runOf(roster, String(id));
    const end = run && (await follow(roster, run.id));
    const message = end?.message ?? 'NocoBase was stopped before the synchronization began';
    await endTask(app, id, { success: end?.status === 'success', message });
  } catch (error) {
    await endTask(app, id, { success: false, message: (error as Error).message });
  }
}
