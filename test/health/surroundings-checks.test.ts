import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/system/clock.js';
import { hostOf } from '../harness/test-context.js';
import { type HealthTest, healthTest, told } from './health-test.js';

let stage: HealthTest;
beforeEach(async () => {
  stage = await healthTest();
});
afterEach(() => stage.close());

const found = async (check: string, over = {}) => (await stage.examine(over))[check] ?? [];
const type = (command: string) =>
  execFileSync('sh', ['-c', command], { cwd: stage.folder, env: stage.env, stdio: 'pipe' }).toString();

describe('git', () => {
  beforeEach(
    () => void type('git init --quiet . && git config user.name a && git config user.email a@example.com'),
  );

  it('is a problem if it would commit readable files, and a warning for sealed ones', async () => {
    stage.put('.env', 'GOOGLE_CLIENT_SECRET=client-secret-example\n');
    const findings = await found('git');
    expect(findings.map(({ status, message }) => `${status} ${message.split(' ')[0]}`)).toEqual([
      `problem ${stage.folder}/.env`,
      `problem ${stage.folder}/master.key`,
      `problem ${stage.folder}/config.json`,
      `warning ${stage.folder}/vault.db`,
    ]);
  });

  it('ignores the files after the printed commands', async () => {
    stage.put('.env', 'A=b\n');
    type('git add --force master.key && git commit --quiet -m all');
    for (const { remedy } of await found('git')) type(remedy ?? 'false');
    expect(told(await found('git'))).toEqual(['ok: git ignores every file of the vault']);
    expect(type('git ls-files')).toBe('');
    expect(readFileSync(stage.paths.keyFile, 'utf8')).not.toBe('');
  });

  it('runs nothing that the repository configures', async () => {
    const mark = join(stage.folder, 'ran');
    writeFileSync(join(stage.folder, 'hook'), `#!/bin/sh\ntouch ${mark}\n`);
    chmodSync(join(stage.folder, 'hook'), 0o755);
    type(`git config core.fsmonitor ${join(stage.folder, 'hook')}`);
    await found('git');
    expect(() => readFileSync(mark)).toThrow();
  });

  it('is not run for a vault outside of work trees', async () => {
    type('rm -rf .git');
    stage.env['PATH'] = '/nowhere';
    expect(told(await found('git'))).toEqual(['ok: no file of the vault is in a git work tree']);
  });

  it('that is not installed is no problem', async () => {
    stage.env['PATH'] = '/nowhere';
    expect((await found('git')).map(({ status }) => status)).not.toContain('problem');
  });
});

describe('Node', () => {
  it.each([
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'problem', 'unset NODE_TLS_REJECT_UNAUTHORIZED'],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '1' }, 'ok', null],
    [{ NODE_OPTIONS: '--inspect=0.0.0.0:9229' }, 'warning', 'unset NODE_OPTIONS'],
    [{ NODE_OPTIONS: '--max-old-space-size=64 --require=/tmp/a.js' }, 'warning', 'unset NODE_OPTIONS'],
    [{ NODE_OPTIONS: '-r /tmp/a.js' }, 'warning', 'unset NODE_OPTIONS'],
    [{ NODE_OPTIONS: '--import "/tmp/a.js"' }, 'warning', 'unset NODE_OPTIONS'],
    [{ NODE_OPTIONS: '--tls-keylog=/tmp/keys' }, 'warning', 'unset NODE_OPTIONS'],
    [{ NODE_OPTIONS: '--max-old-space-size=64 --no-warnings' }, 'ok', null],
    [{ NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' }, 'warning', 'unset NODE_EXTRA_CA_CERTS'],
  ])('with %j is %s', async (env, status, remedy) => {
    Object.assign(stage.env, env);
    expect(await found('node')).toEqual([expect.objectContaining({ status, remedy })]);
  });
});

describe('the notify command', () => {
  it('must exist, by its path or on the PATH, and must be executable', async () => {
    const script = stage.put('notify-me', '#!/bin/sh\n');
    const with_ = async (...notify: string[]) => {
      stage.configure({ keySource: 'file', notify });
      return (await found('notify'))[0];
    };
    expect(told(await found('notify'))).toEqual(['skipped: no notify command is set']);
    expect(await with_('/nowhere/notify-me')).toMatchObject({ status: 'problem', code: 'config_invalid' });
    expect(await with_(script)).toMatchObject({ status: 'problem', remedy: `chmod u+x ${script}` });
    chmodSync(script, 0o700);
    expect(await with_(script, 'argument')).toMatchObject({ status: 'ok' });
    expect(await with_('notify-me')).toMatchObject({ status: 'problem' });
    stage.env['PATH'] = `${stage.folder}:/usr/bin`;
    expect(await with_('notify-me')).toMatchObject({ status: 'ok' });
  });
});

describe('the line of Node', () => {
  const at = (node: string, time: string) => {
    const clock = { ...stage.clock, now: () => Date.parse(time), sleep: systemClock.sleep };
    return found('node', { clock, host: { ...hostOf(stage.env), versions: { node, modules: '115' } } });
  };

  it.each([
    ['20.19.0', '2026-04-30T23:59:00Z', '2026-05-01T00:00:00Z'],
    ['22.0.0', '2027-04-30T23:59:00Z', '2027-05-01T00:00:00Z'],
    ['24.22.0', '2028-04-30T23:59:00Z', '2028-05-01T00:00:00Z'],
    ['26.12.0', '2029-04-30T23:59:00Z', '2029-05-01T00:00:00Z'],
  ])('%s is a warning once its line gets no security fixes', async (version, before, after) => {
    expect(told(await at(version, before))).toEqual([
      `ok: this is Node ${version}, and no variable weakens it`,
    ]);
    expect(told(await at(version, after))).toEqual([
      expect.stringMatching(/^warning: .* Node \d\d has had no security fixes since \d{4}-04-30/),
    ]);
  });

  it('that came with this program is renewed with it', async () => {
    const clock = { ...stage.clock, now: () => Date.parse('2026-05-01T00:00:00Z'), sleep: systemClock.sleep };
    const versions = { node: '20.19.0', modules: '115' };
    const [finding] = await found('node', {
      clock,
      host: { ...hostOf(stage.env), versions, ownNode: true },
    });
    expect(finding?.remedy).toBe('install a newer token-vault, which brings its own Node');
  });

  it('of an unknown newer line is no warning', async () => {
    expect(told(await at('28.1.0', '2030-01-01T00:00:00Z'))).toEqual([expect.stringMatching(/^ok: /)]);
  });
});
