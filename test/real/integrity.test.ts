import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asItWas } from '../harness/as-it-was.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

const ADA = 'demo/ada@example.com';
const ACCEPT = 'vault doctor --accept-rollback';

let stage: DemoStage;
/** The whole folder of the vault, as it was made. */
let good: string;

beforeAll(async () => {
  // Each test begins with the refresh tokens of the first one.
  stage = await openDemoStage({ server: { knobs: { reuseGrace: 600 } } });
  good = join(stage.home.root, 'good');
  await stage.logIn([], { person: 'ada' });
  await stage.logIn([], { person: 'grace' });
  cpSync(stage.home.vault, good, { recursive: true });
});
beforeEach(() => asItWas(stage.home, good));
afterAll(async () => {
  expect(await stage.close()).toEqual([]);
});

const inVault = (name: string) => join(stage.home.vault, name);
const database = () => inVault('vault.db');

function tamper(sql: string): void {
  const opened = new Database(database());
  opened.exec(sql);
  opened.close();
}

interface Refusal {
  readonly exitCode: number | null;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

async function refusal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Refusal> {
  const { exitCode, stdout } = await stage.vault([...args, '--json'], { env });
  const { error } = JSON.parse(stdout) as { error: Omit<Refusal, 'exitCode'> };
  return { exitCode, code: error.code, message: error.message, hint: error.hint };
}

/** @returns what was accepted, and which accounts are in doubt */
async function accept(env: Readonly<Record<string, string>> = {}, under: readonly string[] = []) {
  const run = await stage.vault(['doctor', '--accept-rollback', '--yes', '--json'], { env, under });
  expect(run.exitCode).toBe(0);
  const { found, log_in_again: again } = JSON.parse(run.stdout) as {
    found: { code: string }[];
    log_in_again: { account: string }[];
  };
  return { found: found.map(({ code }) => code), again: again.map(({ account }) => account) };
}

/** What the doctor says of the vault as a whole. */
async function examined(under: readonly string[] = []): Promise<unknown> {
  const { stdout } = await stage.vault(['doctor', '--offline', '--json'], { under });
  const { checks } = JSON.parse(stdout) as {
    checks: { check: string; code: string | null; remedy: string }[];
  };
  return checks.filter(({ check }) => check === 'integrity').map(({ code, remedy }) => [code, remedy]);
}

describe('yesterday’s database', () => {
  it('returns valid tokens and refreshes nothing until it is accepted', async () => {
    copyFileSync(database(), inVault('yesterday.db'));
    expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
    copyFileSync(inVault('yesterday.db'), database());
    stage.tokenRequests();

    const valid = await stage.vault(['token', ADA]);
    expect([valid.exitCode, valid.stderr]).toEqual([0, '']);
    expect(await refusal(['token', ADA, '--refresh'])).toMatchObject({
      exitCode: 9,
      code: 'vault_rolled_back',
      hint: ACCEPT,
    });
    expect(await refusal(['refresh', '--all', '--force'])).toMatchObject({ code: 'vault_rolled_back' });
    expect(stage.tokenRequests()).toBe(0);

    const login = await stage.logIn([], { person: 'ada' });
    expect([login.exitCode, login.stdout]).toEqual([0, `${ADA}\n`]);
    expect(login.stderr).toContain(ACCEPT);
    stage.tokenRequests();
    expect(await refusal(['token', ADA, '--refresh'])).toMatchObject({ code: 'vault_rolled_back' });
    expect(stage.tokenRequests()).toBe(0);

    expect(await examined()).toEqual([['vault_rolled_back', ACCEPT]]);
    expect(await accept()).toEqual({ found: ['vault_rolled_back'], again: [ADA, 'demo/grace@example.com'] });
    expect(await examined()).toEqual([[null, null]]);
    expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
    expect(readFileSync(inVault('security.log'), 'utf8')).toContain('"rollback_accepted"');
  });
});

describe('a copy of the vault', () => {
  it('in another folder returns tokens and refreshes nothing; the original works on', async () => {
    const copy = join(stage.home.root, 'copy');
    cpSync(stage.home.vault, copy, { recursive: true });
    const env = { VAULT_HOME: copy };
    stage.tokenRequests();
    expect((await stage.vault(['token', ADA], { env })).exitCode).toBe(0);
    const refused = await refusal(['token', ADA, '--refresh'], env);
    expect(refused).toMatchObject({ exitCode: 9, code: 'vault_cloned', hint: ACCEPT });
    expect(stage.tokenRequests()).toBe(0);
    expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
  });

  it('on another machine refreshes nothing until it is accepted there', async (context) => {
    needs(context, 'namespaces of its own');
    const id = join(stage.home.root, 'machine-id');
    writeFileSync(id, `${'ab'.repeat(16)}\n`);
    const under = ['unshare', '--mount', 'sh', '-c', `mount --bind ${id} /etc/machine-id && exec "$@"`, 'sh'];
    const there = { under };
    stage.tokenRequests();
    expect((await stage.vault(['token', ADA], there)).exitCode).toBe(0);
    const refused = await stage.vault(['token', ADA, '--refresh'], there);
    expect([refused.exitCode, refused.stdout]).toEqual([9, '']);
    expect(refused.stderr).toContain(ACCEPT);
    expect(await examined(under)).toEqual([['vault_cloned', ACCEPT]]);
    expect(stage.tokenRequests()).toBe(0);
    expect(await accept({}, under)).toMatchObject({ found: ['vault_cloned'] });
    expect((await stage.vault(['token', ADA, '--refresh'], there)).exitCode).toBe(0);
    // Here the vault that went on elsewhere is no older copy: what was stored there is in it.
    expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
  });

  it('is assumed for a vault whose marks were deleted, until it is accepted', async () => {
    const before = readdirSync(inVault('marks'));
    rmSync(inVault('marks'), { recursive: true });
    expect(await refusal(['token', ADA, '--refresh'])).toMatchObject({
      code: 'vault_cloned',
      message: expect.stringContaining(inVault('marks')),
    });
    expect(await accept()).toMatchObject({ found: ['vault_cloned'] });
    expect(readdirSync(inVault('marks'))).toEqual(before);
    expect((await stage.vault(['refresh', '--all', '--force'])).exitCode).toBe(0);
  });
});

describe('a row that was tampered with', () => {
  it.each([
    ['was deleted', "DELETE FROM accounts WHERE label LIKE 'ada%'", /1 account is missing/],
    [
      'was renamed',
      "UPDATE accounts SET label = 'eve@example.com' WHERE label LIKE 'ada%'",
      /demo\/eve@example\.com was altered/,
    ],
  ])('and that %s is not reported as one that never existed', async (_, sql, said) => {
    tamper(sql);
    expect((await stage.vault(['list'])).exitCode).toBe(0);
    for (const args of [
      ['token', ADA],
      ['show', ADA],
      ['refresh', ADA],
      ['revoke', ADA, '--yes'],
    ]) {
      expect(await refusal(args)).toMatchObject({
        exitCode: 9,
        code: 'vault_damaged',
        message: expect.stringMatching(said),
      });
    }
    stage.tokenRequests();
    expect(await refusal(['refresh', '--all', '--force'])).toMatchObject({ exitCode: 9 });
    expect(stage.tokenRequests()).toBe(0);
  });

  it('and that was restored from an older copy is not used for a refresh', async () => {
    const aside = `ATTACH '${inVault('aside')}' AS aside`;
    tamper(`${aside}; CREATE TABLE aside.kept AS SELECT * FROM accounts`);
    expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
    tamper(`${aside}; INSERT OR REPLACE INTO accounts SELECT * FROM aside.kept WHERE label LIKE 'ada%'`);
    stage.tokenRequests();
    expect(await refusal(['token', ADA, '--refresh'])).toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining('restored from an older copy (generation 1 instead of 2)'),
    });
    expect(stage.tokenRequests()).toBe(0);
  });
});

describe('a process killed between the commit and the mark', () => {
  it('leaves a vault that is current', async (context) => {
    needs(context, 'strace');
    const [mark = ''] = readdirSync(inVault('marks'));
    const kept = readFileSync(join(inVault('marks'), mark));
    const kill = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:signal=SIGKILL'];
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-P', join(inVault('marks'), mark), ...kill];
    // Nobody is left who would answer the browser.
    await stage.logIn([], { person: 'ada' }, { under }).catch(() => null);
    expect(readFileSync(join(inVault('marks'), mark))).toEqual(kept);
    const opened = new Database(database(), { readonly: true });
    expect(opened.prepare("SELECT generation FROM accounts WHERE label LIKE 'ada%'").pluck().get()).toBe(2);
    opened.close();
    expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
    expect(readFileSync(join(inVault('marks'), mark))).not.toEqual(kept);
  });
});

describe('a vault that cannot be opened', () => {
  it('reports the cause: wrong key, no key, damaged file or newer schema', async () => {
    const key = readFileSync(inVault('master.key'));
    const told: Refusal[] = [];
    writeFileSync(inVault('master.key'), Buffer.alloc(32, 9).toString('base64url'));
    told.push(await refusal(['token', ADA]));
    rmSync(inVault('master.key'));
    told.push(await refusal(['token', ADA]));
    writeFileSync(inVault('master.key'), key, { mode: 0o600 });
    tamper('UPDATE ledger SET sealed = zeroblob(80)');
    told.push(await refusal(['token', 'demo/nobody']));
    tamper('PRAGMA user_version = 99');
    told.push(await refusal(['token', ADA]));
    expect(told.map(({ code }) => code)).toEqual([
      'key_wrong',
      'key_missing',
      'vault_damaged',
      'vault_newer',
    ]);
    expect(new Set(told.map(({ message }) => message)).size).toBe(4);
  });
});
