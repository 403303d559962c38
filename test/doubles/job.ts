import type { Job } from '../../src/system/schedulers/contract.js';

/** What an unattended refresh of a usual vault looks like, but for what is given. */
export function jobExample(given: Partial<Job> = {}): Job {
  return {
    purpose: 'refresh',
    name: 'token-vault-refresh',
    vault: '/home/alice/.local/share/token-vault',
    summary: 'Refresh OAuth tokens',
    command: ['/usr/bin/node', '/opt/token-vault/bin/vault.js', 'refresh', '--all', '--days', '3'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/alice' },
    times: { hours: [3, 15], minutes: [17] },
    credential: null,
    confined: true,
    log: '/home/alice/.local/state/token-vault/token-vault-refresh.log',
    ...given,
  };
}

/** Words that mean something to some reader of them. */
export const ODD_WORDS = [
  'two words',
  "it's",
  '"quoted"',
  'a$HOME',
  '$$',
  '`id`',
  '100%',
  '%h',
  '*',
  ';',
  '#',
  '~',
  'ü€😀',
  '',
  '<&>',
  '!x',
];
