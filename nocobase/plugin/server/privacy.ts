import type { Application, Middleware, Model } from '@nocobase/server';
import { masked, seal } from './secrets';
import type { Types } from './types';

/** Keeps the secrets of our sources encrypted in their rows. */
export function sealSources(app: Application, types: Types): void {
  app.db.on('userDataSyncSources.beforeSave', async (row: Model) => {
    const type = row.get('sourceType');
    if (!types.has(type)) return;
    row.set('options', await seal(row.get('options') ?? {}, row.previous('options'), types.schema(type), app.aesEncryptor));
  });
}

/** Takes encrypted secrets out of answers that have sources in them. */
export function maskAnswers(): Middleware {
  return async (ctx, next) => {
    await next();
    const resource = ctx.action?.resourceName ?? '';
    if (ctx.body && /^userDataSync(Sources|Tasks)\b/.test(resource)) ctx.body = masked(JSON.parse(JSON.stringify(ctx.body)));
  };
}

/** Takes options of sources, and the people in pushes, out of what NocoBase logs of requests. */
export function hideFromLog(): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } finally {
      const params = ctx.action?.params;
      const secret = { userDataSyncSources: 'options', userData: 'records' }[ctx.action?.resourceName ?? ''];
      if (params && secret && params.values?.[secret]) params.values = { ...params.values, [secret]: '[hidden]' };
    }
  };
}
