import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { crontabBlock, withBlock, withoutBlock } from '../../../src/system/schedulers/cron.js';
import { jobExample, ODD_WORDS } from '../../doubles/job.js';

const PRINTS = 'process.stdout.write(JSON.stringify([process.argv.slice(1), process.env.VAULT_HOME]))';

/** The command as cron hands it to the shell: crontab(5) ends it at a % unless a backslash stands before it. */
function commandOf(line: string): string {
  const command = line.replace(/^(?:@reboot|(?:\S+ ){4}\S+) /, '');
  expect(command).not.toMatch(/(?<!\\)%/);
  return command.replaceAll('\\%', '%');
}

describe('the lines in a crontab', () => {
  it('contain time, environment and command between marks that name the vault', () => {
    expect(crontabBlock(jobExample()).split('\n')).toEqual([
      '# >>> token-vault refresh: /home/alice/.local/share/token-vault >>>',
      '17 3,15 * * * /usr/bin/env PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/alice /usr/bin/node /opt/token-vault/bin/vault.js refresh --all --days 3',
      '# <<< token-vault refresh: /home/alice/.local/share/token-vault <<<',
      '',
    ]);
  });

  it('start a permanent job with the machine', () => {
    expect(crontabBlock(jobExample({ times: null }))).toContain('\n@reboot /usr/bin/env ');
  });

  it.each(['sh', 'bash'])('pass every word through cron and %s unchanged', (shell) => {
    const home = '/srv/it\'s 100% "mine"/$HOME';
    const [, line = ''] = crontabBlock(
      jobExample({
        command: [process.execPath, '-e', PRINTS, '--', ...ODD_WORDS],
        env: { VAULT_HOME: home },
        times: { hours: 'every', minutes: 'every' },
      }),
    ).split('\n');
    const { stdout } = spawnSync(shell, ['-c', commandOf(line)], { env: {}, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([ODD_WORDS, home]);
  });

  it.each([
    ['a line break', { command: ['/usr/bin/node', '/opt/a\nb'] }, 'control character'],
    ['a line break in a variable', { env: { VAULT_HOME: '/a\n* * * * * id' } }, 'VAULT_HOME'],
    ['a backslash, which crons read differently', { env: { VAULT_HOME: '/a\\b' } }, 'backslash'],
    ['more than cron takes', { env: { PATH: `/${'a'.repeat(990)}` } }, 'longer than cron allows'],
  ] as const)('do not hold %s', (_, given, message) => {
    const refusal = expect.objectContaining({
      code: 'config_invalid',
      message: expect.stringContaining(message),
    });
    expect(() => crontabBlock(jobExample(given as never))).toThrow(refusal);
  });
});

describe('a crontab', () => {
  const job = jobExample();
  const block = crontabBlock(job);
  /** Another program's lines, one of them not in UTF-8. */
  const others = Buffer.concat([
    Buffer.from('SHELL=/bin/zsh\n\n# mine: '),
    Buffer.from([0xe4, 0xff]),
    Buffer.from('\n0 1 * * * backup\n\n'),
  ]).toString('latin1');

  it.each([
    ['none', ''],
    ["another program's", others],
    ['one with windows line ends', '0 1 * * * a\r\n'],
  ])('that was %s gets the lines at its end, and is restored without them', (_, before) => {
    const after = withBlock(before, job);
    expect(after).toBe(before + block);
    expect(withoutBlock(after, job)).toBe(before);
  });

  it('gets the lines once, in the place where they are', () => {
    const later = jobExample({ times: { hours: [4], minutes: [5] } });
    const before = `${others}${block}0 2 * * * after\n`;
    expect(withBlock(before, job)).toBe(before);
    expect(withBlock(before, later)).toBe(`${others}${crontabBlock(later)}0 2 * * * after\n`);
  });

  it('holds several vaults and purposes side by side', () => {
    const work = jobExample({ vault: '/home/alice/.local/share/token-vault/profiles/wörk' });
    const agent = jobExample({ purpose: 'agent', times: null });
    const all = [job, work, agent].reduce(withBlock, '');
    expect(withoutBlock(all, work)).toBe(block + crontabBlock(agent));
    expect(withoutBlock(withoutBlock(all, work) ?? '', work)).toBeNull();
  });

  it.each([
    ['first', block.replace(/^.*\n/, '')],
    ['last', block.replace(/\n[^\n]*\n$/, '\n')],
  ])('whose %s mark was removed is left to the user', (_, broken) => {
    const refusal = expect.objectContaining({
      code: 'config_invalid',
      hint: expect.stringContaining('crontab -e'),
    });
    expect(() => withBlock(broken, job)).toThrow(refusal);
    expect(() => withoutBlock(broken, job)).toThrow(refusal);
  });
});
