import { describe, expect, it } from 'vitest';
import { calendar, unitsOf } from '../../../src/system/schedulers/systemd.js';
import { jobExample } from '../../doubles/job.js';

const service = (given: Parameters<typeof jobExample>[0] = {}) => unitsOf(jobExample(given))[0].text;

describe('the units of a job', () => {
  it('are a marked service that runs once and a timer that starts it', () => {
    const [made, timer] = unitsOf(jobExample());
    expect([made.name, timer?.name]).toEqual(['token-vault-refresh.service', 'token-vault-refresh.timer']);
    for (const text of [made.text, timer?.text])
      expect(text?.split('\n')[0]).toBe('# token-vault refresh: /home/alice/.local/share/token-vault');
    expect(made.text).toContain('\nType=oneshot\n');
    expect(made.text).not.toContain('[Install]');
    expect(timer?.text).toContain('\nOnCalendar=*-*-* 03,15:17:00\n');
    expect(timer?.text).toContain('\nPersistent=true\n');
    expect(timer?.text).toContain('\nWantedBy=timers.target\n');
  });

  it('are only a service for a permanent job, restarted when it fails', () => {
    const [made, timer] = unitsOf(jobExample({ times: null }));
    expect(timer).toBeUndefined();
    expect(made.text).toMatch(/\nRestart=on-failure\n(.*\n)*\[Install\]\nWantedBy=default\.target\n$/);
  });

  it('finish running work, write only private files, and leave no memory dump', () => {
    expect(service()).toMatch(/\nTimeoutStopSec=150\n/);
    expect(service()).toMatch(/\nUMask=0077\n/);
    expect(service()).toMatch(/\nLimitCORE=0\n/);
  });

  it('prevent more rights, except for programs that may need them', () => {
    expect(service()).toMatch(/\nNoNewPrivileges=yes\n/);
    // Each of these would switch it on as well: systemd.exec(5).
    expect(service({ confined: false })).not.toMatch(
      /NoNewPrivileges|Restrict|Lock|Protect|Private|SystemCall/,
    );
  });

  it('quote characters with a meaning in a unit', () => {
    const text = service({
      command: ['/usr/bin/node', '/opt/a b/$x', '100%', 'say "hi"', 'back\\slash'],
      env: { VAULT_HOME: '/srv/50% $HOME/"x"' },
    });
    expect(text).toContain(
      String.raw`ExecStart=/usr/bin/node "/opt/a b/$$x" "100%%" "say \"hi\"" "back\\slash"`,
    );
    expect(text).toContain(String.raw`Environment="VAULT_HOME=/srv/50%% $HOME/\"x\""`);
  });

  it('load the credential that holds the key', () => {
    const credential = { name: 'master', path: '/home/alice/100%.key' };
    expect(service({ credential })).toContain('\nLoadCredential=master:/home/alice/100%%.key\n');
    const sealed = { name: 'master', path: '/home/alice/credstore.encrypted/key' };
    expect(service({ credential: sealed })).toContain(`\nLoadCredentialEncrypted=master:${sealed.path}\n`);
    expect(service()).not.toContain('LoadCredential');
  });

  it('contain no program that systemd would refuse', () => {
    const refusal = expect.objectContaining({ code: 'config_invalid' });
    expect(() => service({ command: ["/opt/it's/node"] })).toThrow(refusal);
    expect(service({ command: ['/opt/node', "it's"] })).toContain(`ExecStart=/opt/node "it's"`);
  });

  it('contain no line break', () => {
    expect(() => unitsOf(jobExample({ env: { VAULT_HOME: '/a\nExecStartPre=id' } }))).toThrow(
      'VAULT_HOME contains a line break',
    );
  });
});

it.each([
  [{ hours: 'every', minutes: 'every' }, '*-*-* *:*:00'],
  [{ hours: 'every', minutes: [3, 33] }, '*-*-* *:03,33:00'],
  [{ hours: [0], minutes: [59] }, '*-*-* 00:59:00'],
] as const)('the calendar of %j is %s', (times, words) => {
  expect(calendar(times)).toBe(words);
});
