import { afterEach } from 'vitest';
import { type LoopbackListener, type LoopbackOptions, listen } from '../../../src/oauth/loopback/listener.js';
import { type RawAnswer, rawRequest } from '../../doubles/raw-request.js';

export const STATE = 'state-example';

export interface Stage {
  readonly listener: LoopbackListener;
  readonly strays: string[];
  /** With each of them how many there were. */
  readonly counts: number[];
  readonly abort: (reason?: unknown) => void;
  /** A GET as a browser sends it, with the right Host. */
  get(target: string): Promise<RawAnswer>;
  /** Any request with this first line and these header lines. */
  send(line: string, headers?: readonly string[]): Promise<RawAnswer>;
  /** Where the login stands. */
  outcome(): Promise<'waiting' | 'answered' | 'failed'>;
}

const open: Stage[] = [];

afterEach(async () => {
  for (const { get, outcome, listener } of open.splice(0)) {
    listener.conclude('logged_in');
    // A browser follows the redirect, and is waited for.
    if ((await outcome()) === 'answered')
      for (const path of ['/done', '/finished']) await get(path).catch(() => {});
    await listener.close();
  }
});

export async function stage(change: Partial<LoopbackOptions> = {}): Promise<Stage> {
  const controller = new AbortController();
  const strays: string[] = [];
  const counts: number[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    path: '/callback',
    title: 'Example',
    state: STATE,
    signal: controller.signal,
    toBeCopied: false,
    isOtherUser: async () => false,
    onStray: (kind, count) => {
      strays.push(kind);
      counts.push(count);
    },
    ...change,
  });
  const { host } = new URL(listener.redirectUri);
  const send = (line: string, headers: readonly string[] = [`Host: ${host}`]) =>
    rawRequest(listener.port, `${[line, ...headers].join('\r\n')}\r\n\r\n`);
  const made: Stage = {
    listener,
    strays,
    counts,
    send,
    abort: (reason) => controller.abort(reason),
    get: (target) => send(`GET ${target} HTTP/1.1`),
    outcome: () =>
      Promise.race([
        listener.response.then(
          () => 'answered' as const,
          () => 'failed' as const,
        ),
        new Promise<'waiting'>((resolve) => setImmediate(resolve, 'waiting')),
      ]),
  };
  open.push(made);
  return made;
}
