import { describe, expect, it } from 'vitest';
import { tryNotify } from '../../../src/services/background/try-notify.js';
import type { BoundedEnd } from '../../../src/system/processes/bounded-child.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';

const trying = (end: BoundedEnd) =>
  tryNotify({
    command: ['/opt/tell me', '--loud'],
    run: async () => end,
    clock: clockDouble(NOW),
    profile: null,
    place: '/vault',
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
