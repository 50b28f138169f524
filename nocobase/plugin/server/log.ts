import type { Logger } from '@nocobase/server';

/** The plugin's own log: storage/logs/<app>/roster. */
export interface Log {
  info(message: string, meta?: object): void;
  warn(message: string, meta?: object): void;
  error(message: string, meta?: object): void;
}

/** Makes a log of NocoBase's logger. */
export function logOf(logger: Logger): Log {
  const at = (level: string) => (message: string, meta?: object) => logger.log(level, message, meta);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * Takes over a line that Roster logged. Its entries are JSON without secrets and personal data; what is none is the last
 * word of a process that crashed.
 */
export function takeOver(log: Log, line: string): void {
  try {
    const { level, msg, ts: _, ...rest } = JSON.parse(line);
    const at = level === 'warn' || level === 'info' ? level : level === 'debug' ? 'info' : 'error';
    log[at as keyof Log](String(msg), rest);
  } catch {
    log.error(line.slice(0, 1000));
  }
}
