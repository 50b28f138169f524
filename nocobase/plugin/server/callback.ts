import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from '@nocobase/server';
import type { WebhookResult } from '../../../docs/protocol';
import { Refusal } from './connection';
import type { Log } from './log';
import type { Roster } from './roster';

/** How long a body may be, in bytes. */
const limit = 1 << 20;
/** How long whoever calls waits for an answer, in milliseconds. */
const patience = 10_000;

/**
 * Answers /api/roster/callback/<source>, without a login: the source itself knows whom to believe. It stands before
 * NocoBase's log of requests, for the query may hold what is secret.
 */
export function callbacks(roster: Roster, log: Log): Middleware {
  const prefix = `${process.env.API_BASE_PATH ?? '/api/'}roster/callback/`;
  return async (ctx, next) => {
    if (!ctx.path.startsWith(prefix)) return next();
    const source = decode(ctx.path.slice(prefix.length));
    try {
      answer(ctx, await inTime(receive(roster, source, ctx)));
      log.info('a callback was answered', { source, status: ctx.status });
    } catch (error) {
      ctx.status = statusOf(error);
      ctx.body = Buffer.from(`${ctx.status}\n`);
      log.warn('a callback was refused', { source, status: ctx.status, reason: (error as Error).message });
    }
  };
}

async function receive(roster: Roster, source: string, ctx: Context): Promise<WebhookResult> {
  const headers = Object.entries(ctx.req.headers).filter(([name]) => name !== 'cookie');
  const params = {
    source,
    method: ctx.method,
    query: ctx.querystring,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    body: (await read(ctx.req)).toString('base64'),
    bodyEncoding: 'base64',
  };
  return roster.do((c) => c.call('source/webhook', params));
}

/** A body that is longer than allowed. */
class TooLong extends Error {}

async function read(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    if ((length += piece.length) > limit) throw new TooLong(`the body is longer than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function answer(ctx: Context, { status, headers, body, bodyEncoding }: WebhookResult): void {
  ctx.body = Buffer.from(body, bodyEncoding === 'base64' ? 'base64' : 'utf8');
  ctx.status = status;
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value);
}

function statusOf(error: unknown): number {
  if (error instanceof TooLong) return 413;
  if (!(error instanceof Refusal)) return 503;
  if (error.kind === 'not-found' || error.kind === 'unsupported') return 404;
  return error.kind === 'data' ? 400 : error.kind === 'auth' || error.kind === 'locked' ? 403 : 503;
}

function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Roster does not answer')), patience);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}
