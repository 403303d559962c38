import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VAULT_JS } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { missing, needs } from '../harness/parts.js';

interface Told {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly remedy: string | null;
}

let stage: DemoStage;

const file = (name: string) => join(stage.home.vault, name);
async function doctor(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout } = await stage.vault(['doctor', '--json', ...args], { env });
  const { checks, summary } = JSON.parse(stdout) as { checks: Told[]; summary: Record<string, number> };
  // The tests also run on a Node whose end of life has passed; test/health has that warning.
  const troubles = checks.filter(
    ({ status, message }) =>
      (status === 'problem' || status === 'warning') && !/no security fixes since/.test(message),
  );
  return { exitCode, checks, summary, troubles };
}

/** Types a line into a shell that knows `vault`. */
function type(line: string): void {
  const env = { ...stage.home.env, PATH: `${join(stage.home.root, 'bin')}:${stage.home.env['PATH']}` };
  expect(spawnSync('sh', ['-c', line], { env, cwd: stage.home.home, encoding: 'utf8' })).toMatchObject({
    status: 0,
  });
}

beforeAll(async () => {
  if (missing('the built command line').length > 0) return;
  stage = await openDemoStage();
  const bin = join(stage.home.root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'vault'), `#!/bin/sh\nexec '${process.execPath}' '${VAULT_JS}' "$@"\n`);
  chmodSync(join(bin, 'vault'), 0o755);
});
afterAll(async () => {
  if (stage !== undefined) expect(await stage.close()).toEqual([]);
});
beforeEach((context) => needs(context, 'the built command line'));

describe('vault doctor', () => {
  it('prints the next step on a machine without a vault, and makes none', async () => {
    const { exitCode, checks } = await doctor();
    expect(exitCode).toBe(0);
    expect(checks).toContainEqual(expect.objectContaining({ check: 'database', remedy: 'vault init' }));
    expect(() => statSync(file('vault.db'))).toThrow();
  });

  it('finds no problem in a good vault, sends no token and writes nothing', async () => {
    await stage.logIn();
    const before = [
      stage.demo.requests.token,
      statSync(file('vault.db')).mtimeMs,
      statSync(file('security.log')).size,
    ];
    const { exitCode, troubles } = await doctor();
    expect(troubles).toEqual([]);
    expect(exitCode).toBe(0);
    const after = [
      stage.demo.requests.token,
      statSync(file('vault.db')).mtimeMs,
      statSync(file('security.log')).size,
    ];
    expect(after).toEqual(before);
  });

  it('finds several problems at once, and its hints repair them', async () => {
    chmodSync(file('vault.db'), 0o644);
    chmodSync(stage.home.vault, 0o755);
    writeFileSync(file('.env'), 'DEMO_CLIENT_SECRET=\n', { mode: 0o640 });
    type(`git init --quiet ${stage.home.vault}`);
    stage.demo.endAllGrants();
    await stage.vault(['refresh', '--all', '--force']);
    chmodSync(file('vault.db'), 0o644);
    chmodSync(stage.home.vault, 0o755);
    const found = await doctor();
    expect(found.exitCode).toBe(8);
    const kinds = new Set(found.troubles.map(({ check, status }) => `${check} ${status}`));
    expect(kinds).toEqual(new Set(['permissions problem', 'grants problem', 'git problem', 'git warning']));
    const [login, ...lines] = found.troubles
      .sort((a, b) => Number(b.check === 'grants') - Number(a.check === 'grants'))
      .map(({ remedy }) => remedy ?? 'false');
    for (const line of lines) type(line);
    await stage.logIn((login ?? '').split(' ').slice(3));
    const mended = await doctor();
    expect(mended.troubles).toEqual([]);
    expect(mended.exitCode).toBe(0);
  });

  it('continues where the configuration, the key or the database is broken', async () => {
    const config = stage.home.config();
    stage.home.configure({
      ...config,
      providers: { demo: { ...config.providers['demo'], scopes: 'not a list' } },
    });
    const broken = await doctor();
    expect(broken.exitCode).toBe(2);
    expect(broken.troubles.map(({ message }) => message)).toEqual([
      expect.stringContaining('providers.demo.scopes'),
    ]);
    expect(broken.checks).toContainEqual(
      expect.objectContaining({ message: 'all encrypted fields of 1 account can be opened' }),
    );
    stage.home.configure(config);

    const wrong = await doctor([], { VAULT_KEY_FILE: file('other.key') });
    expect(wrong).toMatchObject({ exitCode: 6, summary: { problems: 1 } });
  });

  it('reports that only VAULT_HOME leads to the vault, which cron does not set', async () => {
    const found = await doctor(['--as-cron'], { DEMO_CLIENT_SECRET: 'client-secret-example' });
    const cron = found.checks.filter(({ check }) => check === 'cron');
    expect(cron.map(({ status, message }) => `${status}: ${message}`)).toEqual([
      expect.stringMatching(
        /^problem: unlike here, under cron there is no vault yet.* not under cron: VAULT_HOME$/,
      ),
      'warning: DEMO_CLIENT_SECRET is set in this shell and not under cron',
    ]);
    expect(found.exitCode).toBe(2);
    expect(JSON.stringify(found)).not.toContain('client-secret-example');
  });
});
