import { SyncSource, type Task } from '@nocobase/plugin-user-data-sync';
import type { Application } from '@nocobase/server';
import type { Roster } from './roster';
import { type End, retry, synchronize } from './runs';

/** The class of NocoBase's sync sources for all of Roster's types. */
export type SourceClass = ReturnType<typeof sourceClass>;

/** A source that is being synchronized. */
interface UnderWay {
  task: Promise<Task>;
  over: Promise<void>;
  end(): void;
}

/**
 * Makes the class whose objects are clicks on Sync and Retry: each binds NocoBase's task to a run of Roster's. A click on
 * Sync while the source is being synchronized joins the task that is under way.
 */
export function sourceClass(roster: Roster) {
  const underWay = new Map<number, UnderWay>(); // by source

  return class extends SyncSource {
    #joined = false;
    #run: typeof synchronize = synchronize;
    #task = '';

    override newTask(): Promise<Task> {
      const join = (task: Task) => {
        this.#joined = true;
        return task;
      };
      return this.#enter(() => super.newTask(), join);
    }

    override async beginTask(id: number): Promise<void> {
      this.#task = String(id);
      if (!this.#joined) await this.#orLeave(super.beginTask(id));
    }

    override retryTask(id: number): Promise<Task> {
      this.#run = retry;
      this.#task = String(id);
      return this.#enter(() => super.retryTask(id), () => this.ctx.throw(409, `${this.instance.name} is being synchronized already`));
    }

    /** Synchronizes. There is nothing left for NocoBase's own engine to write. */
    override async pull(): Promise<unknown[]> {
      if (this.#joined) return [];
      const actor = this.ctx.state.currentUser?.id;
      const order = { source: this.instance.name, task: this.#task, ...(actor && { actor: String(actor) }) };
      const end: End = await this.#run(roster, order);
      if (end.status !== 'success') throw new Error(end.message);
      return [];
    }

    override async endTask({ taskId, success, cost, message }: { taskId: number; success: boolean; cost?: number; message?: string }): Promise<void> {
      if (this.#joined) return;
      await this.#orLeave(endTask(this.ctx.app, taskId, { success, cost, message }));
      this.#leave();
    }

    /**
     * Makes a task and notes that the source is under way, unless it is already: then its task is joined. Of two who ask at
     * once one makes it. Roster ends a task in the database before it tells us: that is waited for.
     */
    async #enter(make: () => Promise<Task>, join: (task: Task) => Task): Promise<Task> {
      for (let running = underWay.get(this.instance.id); running; running = underWay.get(this.instance.id)) {
        const task = await running.task;
        const [going] = await this.ctx.app.db.getRepository('userDataSyncTasks').find({ filter: { id: task.id, status: unended } });
        if (going) return join(task);
        await running.over;
      }
      let end!: () => void;
      const over = new Promise<void>((resolve) => (end = resolve));
      const task = make();
      underWay.set(this.instance.id, { task, over, end });
      return this.#orLeave(task);
    }

    #leave(): void {
      underWay.get(this.instance.id)?.end();
      underWay.delete(this.instance.id);
    }

    async #orLeave<T>(work: Promise<T>): Promise<T> {
      try {
        return await work;
      } catch (error) {
        this.#leave();
        throw error;
      }
    }
  };
}

/** The states of a task that has not ended. */
export const unended = ['init', 'processing'];

/** Ends a task that Roster has not ended itself. The database is that of now: the application may have been reloaded. */
export async function endTask(app: Application, id: number, end: { success: boolean; cost?: number; message?: string }): Promise<void> {
  const values = { status: end.success ? 'success' : 'failed', cost: end.cost, message: end.message?.slice(0, 255) };
  await app.db.getModel('userDataSyncTasks').update(values, { where: { id, status: unended }, hooks: false });
}
