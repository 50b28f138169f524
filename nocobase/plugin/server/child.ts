import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** How long a process that was told to end may take, in milliseconds. */
const grace = 5_000;

/** A process of Roster. */
export interface Child {
  input: Writable;
  output: Readable;
  /** How it ended, in words. It never rejects. */
  ended: Promise<string>;
  /** Ends it, by force where it does not end by itself. */
  end(): Promise<void>;
}

/** Starts Roster. The lines that it logs go to hear. */
export function start(program: string, hear: (line: string) => void): Child {
  const process = spawn(program, ['stdio'], { env: environment(), stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  const ended = new Promise<string>((resolve) => {
    process.on('error', (error) => resolve(`it could not be started: ${error.message}`));
    process.on('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  for (const stream of [process.stdin, process.stdout, process.stderr]) {
    stream.on('error', () => {}); // the end of the process says it all; an error that nobody hears would end NocoBase
  }
  createInterface({ input: process.stderr }).on('line', hear);
  const end = async () => {
    process.stdin.end();
    const force = setTimeout(() => process.kill('SIGKILL'), grace);
    await ended;
    clearTimeout(force);
  };
  return { input: process.stdin, output: process.stdout, ended, end };
}

/** The environment without what is NocoBase's own: its passwords and keys. */
function environment(): NodeJS.ProcessEnv {
  const ours = /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SystemRoot|SSL_CERT_\w+|https?_proxy|no_proxy|ROSTER_\w+)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => ours.test(name) && name !== 'ROSTER_DB'));
}
