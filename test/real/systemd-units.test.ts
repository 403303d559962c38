import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/domain/duration.js';
import { timesOf } from '../../src/services/schedule/schedule.js';
import { calendar, unitsOf } from '../../src/system/schedulers/systemd.js';
import { jobExample } from '../doubles/job.js';
import { runVault } from '../harness/cli.js';
import { HANGS, needs } from '../harness/parts.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

let home: TempHome;
let config: string;
beforeEach(() => {
  home = makeTempHome();
  config = join(home.root, 'config');
});
afterEach(() => home.remove());

/** A folder whose name means something in a unit, a shell and a pattern. */
const ODD = `odd 100% $HOME "it's" ü`;

function verify(): string {
  const folder = join(config, 'systemd', 'user');
  const units = readdirSync(folder).map((name) => join(folder, name));
  const env = { ...home.env, XDG_RUNTIME_DIR: home.root };
  const { status, stderr } = spawnSync('systemd-analyze', ['--user', 'verify', ...units], {
    env,
    encoding: 'utf8',
    timeout: HANGS,
  });
  return status === 0 && stderr === '' ? `${units.length} units are well` : stderr;
}

const install = async (args: readonly string[], env: Record<string, string> = {}) => {
  const run = await runVault(args, home, { env: { XDG_CONFIG_HOME: config, ...env } });
  // No service manager runs here.
  expect(run.stderr).toContain('systemctl --user daemon-reload');
  expect(run.exitCode).toBe(2);
};

describe('systemd itself', () => {
  it('accepts the units of a refresh and of the agent, wherever the vault is', async (context) => {
    needs(context, 'systemd-analyze');
    const vault = join(home.root, ODD);
    mkdirSync(vault, { mode: 0o700 });
    writeFileSync(join(vault, 'config.json'), '{"keySource": "credential"}', { mode: 0o600 });
    const credential = ['--kind', 'systemd', '--credential-file', join(vault, 'key')];
    await install(['schedule', '--install', ...credential], { VAULT_HOME: vault });
    await install(['--profile', 'work', 'agent', 'install', '--kind', 'systemd'], { VAULT_HOME: home.vault });
    expect(verify()).toBe('3 units are well');

    const [name = ''] = readdirSync(join(config, 'systemd', 'user')).filter((unit) =>
      unit.includes('refresh'),
    );
    const path = join(config, 'systemd', 'user', name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('\nExecStart=', '\nExecStart=/not/there '));
    expect(verify()).toContain('/not/there');
  });

  it('reads the path of a program from a unit unchanged', (context) => {
    needs(context, 'systemd-analyze');
    const folder = join(config, 'systemd', 'user');
    mkdirSync(folder, { recursive: true });
    const program = '/not there/odd 100% $HOME ü/node';
    const [{ name, text }] = unitsOf(jobExample({ command: [program, 'agent'], times: null }));
    writeFileSync(join(folder, name), text);
    // What cannot be run it names.
    expect(verify()).toContain(`Command ${program} is not executable`);
  });

  it.each([MINUTE, 15 * MINUTE, HOUR, 12 * HOUR, DAY])(
    'accepts the times of a job that runs every %d ms',
    (every) => {
      const { status, stdout } = spawnSync(
        'systemd-analyze',
        ['calendar', '--iterations=2', calendar(timesOf(every, 4_711))],
        {
          env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC', LC_ALL: 'C' },
          encoding: 'utf8',
          timeout: HANGS,
        },
      );
      expect(status).toBe(0);
      const [first = 0, second = 0] = [
        ...stdout.matchAll(/(?:Next elapse|Iteration #2|Iter. #2): \w+ (\S+ \S+) UTC/g),
      ].map(([, time]) => Date.parse(`${time?.replace(' ', 'T')}Z`));
      expect(second - first).toBe(every);
    },
  );
});
