import { describe, expect, it } from 'vitest';
import { notify } from '../../src/commands/notify.js';
import { terminal } from '../doubles/terminal.js';
import { useCasesDouble } from '../doubles/use-cases.js';
import { inputOf } from './raw.js';

async function run(line: string, json: boolean) {
  const { io, written } = terminal({ json });
  const given = line === '' ? { notify: async () => 2 } : { testNotify: async () => undefined };
  await notify.run(useCasesDouble(given), await inputOf(notify, line), io);
  return written;
}

describe('vault notify', () => {
  it.each([
    ['', '2 events told\n', { told: 2, test: false }],
    ['--test', 'the notify command took the example\n', { told: 1, test: true }],
  ])('with "%s" says what was told', async (line, words, document) => {
    expect(await run(line, false)).toEqual({ stdout: '', stderr: words });
    expect(JSON.parse((await run(line, true)).stdout)).toEqual(document);
  });
});
