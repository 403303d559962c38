import { expect, it } from 'vitest';
import { notify } from '../../src/commands/notify.js';
import type { Context } from '../../src/context.js';
import { terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

/** A vault that is not there, and a notify command that is. */
const ctx = {
  host: { env: { PATH: '/usr/bin:/bin' }, interruption: new AbortController().signal },
  paths: { configFile: '/config.json', data: '/vault', profile: null },
  clock: { now: () => 0 },
  interruption: new AbortController().signal,
  vault: async () => null,
  readText: () => '{"notify": ["true"]}',
} as unknown as Context;

it.each([
  ['', '0 notifications sent\n', { told: 0, test: false }],
  ['--test', 'the notify command works\n', { told: 1, test: true }],
])('vault notify %s reports how many were sent', async (line, words, document) => {
  const run = async (json: boolean) => {
    const { io, written } = terminal({ json });
    await notify.run(ctx as never, await inputOf(notify, line), io);
    return written;
  };
  expect(await run(false)).toEqual({ stdout: '', stderr: words });
  expect(JSON.parse((await run(true)).stdout)).toEqual(document);
});
