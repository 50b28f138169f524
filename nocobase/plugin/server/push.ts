import type { Context, Middleware } from '@nocobase/server';
import type { PushParams } from '../../../docs/protocol';
import type { Caches } from './caches';
import { Refusal } from './connection';
import type { Roster } from './roster';

/** Answers userData:push as NocoBase does, and lets Roster write. NocoBase has asked for the permission before. */
export function push(roster: Roster, caches: Caches): Middleware {
  return async (ctx) => {
    const { dataType, matchKey, sourceName, records, snapshot } = ctx.action?.params.values ?? {};
    const params = { dataType, matchKey, sourceName, records, snapshot, actor: actor(ctx) } as PushParams;
    try {
      const { result } = await roster.do((c) => c.call('sync/push', params));
      await caches.dropped();
      ctx.body = { code: 0, message: 'success', result };
    } catch (error) {
      ctx.status = 500;
      ctx.body = { code: 500, message: error instanceof Refusal ? error.said : (error as Error).message }; // NocoBase's own words
    }
  };
}

function actor(ctx: Context): string | undefined {
  const id = ctx.state.currentUser?.id;
  return id === undefined ? undefined : String(id);
}
