import type { Task } from '../../../docs/protocol';
import { Refusal } from './connection';
import type { Roster } from './roster';

/** How a run ended. */
export type End = Pick<Task, 'status' | 'message'>;

/** What is to be synchronized: a source by name, for a row of userDataSyncTasks, and who asked for it. */
export interface Order {
  source: string;
  task: string;
  actor?: string;
}

/** Reads a source and writes what it has; where it is being read already, that is waited for. */
export async function synchronize(roster: Roster, order: Order): Promise<End> {
  const { taskId } = await roster.do((c) => c.call('sync/start', order));
  return follow(roster, taskId);
}

/** Does again what failed of a task, and only that; one that came to no plan is begun anew. */
export async function retry(roster: Roster, order: Order): Promise<End> {
  const run = await runOf(roster, order.task);
  if (!run) return synchronize(roster, order);
  if (!run.finishedAt) return follow(roster, run.id);
  try {
    return await roster.do((c) => c.call('sync/retry', { taskId: run.id }));
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'unsupported') return synchronize(roster, order);
    throw error;
  }
}

/** Waits until a run has ended, in whatever process. */
export async function follow(roster: Roster, taskId: string): Promise<End> {
  const { task } = await roster.do((c) => c.call('sync/wait', { taskId }));
  return task;
}

/** The newest run of a row of userDataSyncTasks, or none. */
export async function runOf(roster: Roster, task: string): Promise<Task | undefined> {
  try {
    return (await roster.do((c) => c.call('tasks/get', { task }))).task;
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'not-found') return undefined;
    throw error;
  }
}
