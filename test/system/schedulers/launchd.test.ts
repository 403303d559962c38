import { describe, expect, it } from 'vitest';
import { plistOf } from '../../../src/system/schedulers/launchd.js';
import { jobExample, ODD_WORDS } from '../../doubles/job.js';
import { readPlist } from '../../doubles/plist.js';

describe('the property list of a job', () => {
  it('contains the command, the times and the environment', () => {
    expect(readPlist(plistOf(jobExample()))).toEqual({
      Label: 'token-vault-refresh',
      ProgramArguments: [...jobExample().command],
      EnvironmentVariables: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/alice' },
      StartCalendarInterval: [
        { Hour: 3, Minute: 17 },
        { Hour: 15, Minute: 17 },
      ],
      ProcessType: 'Background',
      Umask: 0o077,
      StandardErrorPath: '/home/alice/.local/state/token-vault/token-vault-refresh.log',
    });
  });

  it('keeps the agent running', () => {
    expect(readPlist(plistOf(jobExample({ times: null })))).toMatchObject({
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
    });
  });

  it('runs every hour, or every minute, by omitting the rest', () => {
    const at = (times: ReturnType<typeof jobExample>['times']) =>
      (readPlist(plistOf(jobExample({ times }))) as Record<string, unknown>)['StartCalendarInterval'];
    expect(at({ hours: 'every', minutes: [5, 35] })).toEqual([{ Minute: 5 }, { Minute: 35 }]);
    expect(at({ hours: 'every', minutes: 'every' })).toEqual([{}]);
  });

  it('is well-formed whatever it contains', () => {
    const vault = '/srv/a--b/<x>&y';
    const list = readPlist(plistOf(jobExample({ vault, command: ['/usr/bin/node', ...ODD_WORDS] })));
    expect(list).toMatchObject({ ProgramArguments: ['/usr/bin/node', ...ODD_WORDS] });
  });
});

it.each([
  ['a tag that is not closed', (text: string) => text.replace('</dict>', '')],
  ['an unescaped ampersand', (text: string) => text.replace('/usr', '&usr')],
  ['a stray <', (text: string) => text.replace('/usr', '<usr')],
  ['something after the end', (text: string) => `${text}<true/>`],
])('the reader of this test refuses %s', (_, spoil) => {
  expect(() => readPlist(spoil(plistOf(jobExample())))).toThrow();
});
