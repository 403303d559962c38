import { describe, expect, it } from 'vitest';
import { type NotifyContext, testNotify } from '../../../src/services/notify/notify.js';
import type { BoundedEnd } from '../../../src/system/processes/child.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';

const trying = (end: BoundedEnd, run: (input: string) => void = () => {}, data = '/vault') =>
  testNotify(
    {
      readText: () => '{"notify": ["/opt/tell me", "--loud"]}',
      clock: clockDouble(NOW),
      paths: { data, profile: null, configFile: '/config.json' },
    } as unknown as NotifyContext,
    async (_, input) => {
      run(input);
      return end;
    },
  );
const ended = (exitCode: number): BoundedEnd => ({
  kind: 'ended',
  exitCode,
  stdout: Buffer.alloc(0),
  stderr: '',
});

describe('a test of the notify command', () => {
  it('succeeds if it accepts the example', async () => {
    await expect(trying(ended(0))).resolves.toBeUndefined();
  });

  it('gives it a line that is safe for a terminal', async () => {
    const lines: string[] = [];
    await trying(ended(0), (line) => lines.push(line), '/vault\u202e\u3164');
    expect(lines).toEqual([expect.stringMatching(/^[\x20-\x7e]+\n$/)]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ vault: '/vault\u202e\u3164' });
  });

  it.each<[BoundedEnd, RegExp]>([
    [{ kind: 'not_started', code: 'ENOENT' }, /^install '\/opt\/tell me', or name another/],
    [{ kind: 'not_started', code: 'EACCES' }, /make it executable: chmod u\+x '\/opt\/tell me'$/],
    [ended(1), /^run it by hand: echo '\{.*\}' \| '\/opt\/tell me' --loud$/],
  ])('reports what would help: %j', async (end, hint) => {
    await expect(trying(end)).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringMatching(hint),
    });
  });
});
