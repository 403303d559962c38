import { describe, expect, it } from 'vitest';
import { relaunchCommand } from '../../src/domain/entry-points.js';

const SELF = ['/usr/bin/node', '/opt/vault.js'] as const;

describe('the command line of this program', () => {
  it.each([
    [['refresh', '--all'], []],
    [['--env-file', '/srv/.env', 'refresh'], ['--']],
    [['refresh', '--env-file=/srv/.env'], ['--']],
  ])('keeps Node from reading a file named by --env-file: %j', (args, end) => {
    expect(relaunchCommand(SELF, args)).toEqual(['/usr/bin/node', ...end, '/opt/vault.js', ...args]);
  });

  it('is the launcher alone where there is one, which does so too', () => {
    const args = ['--env-file', '/srv/.env', 'refresh'];
    expect(relaunchCommand(['/usr/bin/vault'], args)).toEqual(['/usr/bin/vault', ...args]);
  });
});
