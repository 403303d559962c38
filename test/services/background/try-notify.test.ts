import { describe, expect, it } from 'vitest';
import { tryNotify } from '../../../src/services/background/try-notify.js';
import type { BoundedEnd } from '../../../src/system/processes/child.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';

const trying = (end: BoundedEnd, run: (input: string) => void = () => {}, place = '/vault') =>
  tryNotify({
    command: ['/opt/tell me', '--loud'],
    async run(_, input) {
      run(input);
      return end;
    },
    clock: clockDouble(NOW),
    profile: null,
    place,
  });
const ended = (exitCode: number): BoundedEnd => ({
  kind: 'ended',
  exitCode,
  stdout: Buffer.alloc(0),
  stderr: '',
});

describe('trying the notify command out', () => {
  it('is content with one that takes the example', async () => {
    await expect(trying(ended(0))).resolves.toBeUndefined();
  });

  it('gives it a line that can be shown on a terminal as it is', async () => {
    const lines: string[] = [];
    await trying(ended(0), (line) => lines.push(line), '/vault\u202e\u3164');
    expect(lines).toEqual([expect.stringMatching(/^[\x20-\x7e]+\n$/)]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ vault: '/vault\u202e\u3164' });
  });

  it.each<[BoundedEnd, RegExp]>([
    [{ kind: 'not_started', code: 'ENOENT' }, /^put '\/opt\/tell me' there, or name another/],
    [{ kind: 'not_started', code: 'EACCES' }, /let it be run: chmod u\+x '\/opt\/tell me'$/],
    [ended(1), /^run it by hand, and see what it says: echo '\{.*\}' \| '\/opt\/tell me' --loud$/],
  ])('says what would help: %j', async (end, hint) => {
    await expect(trying(end)).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringMatching(hint),
    });
  });
});
