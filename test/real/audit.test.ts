import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asItWas } from '../harness/as-it-was.js';
import { VAULT_JS } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

const ADA = 'demo/ada@example.com';
const GRACE = 'demo/grace@example.com';

let stage: DemoStage;
let good: string;

beforeAll(async () => {
  stage = await openDemoStage({ server: { knobs: { reuseGrace: 600 } } });
  good = join(stage.home.root, 'good');
  await stage.logIn([], { person: 'ada' });
  await stage.logIn([], { person: 'grace' });
  for (const account of [ADA, GRACE]) await stage.vault(['token', account]);
  await stage.vault(['refresh', '--all', '--force']);
  expect(await verified()).toMatchObject({ exitCode: 0, whole: true, fault: null });
  cpSync(stage.home.vault, good, { recursive: true });
});
beforeEach(() => asItWas(stage.home, good));
afterAll(async () => {
  expect(await stage.close()).toEqual([]);
});

async function verified() {
  const { exitCode, stdout } = await stage.vault(['audit', '--verify', '--json']);
  return { exitCode, ...(JSON.parse(stdout) as Record<string, unknown>) };
}

async function shown(...args: readonly string[]) {
  const { stdout } = await stage.vault(['audit', '--limit', '100000', '--json', ...args]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line) as { seq: number | null; event: string; account: string | null } & Record<
          string,
          unknown
        >,
    );
}

function tamper(sql: string): void {
  const database = new Database(join(stage.home.vault, 'vault.db'));
  database.exec(sql);
  database.close();
}

describe('the trail of a vault', () => {
  it('shows who did what to which account, in order, without address or token', async () => {
    const lines = await shown();
    expect(lines.map(({ event }) => event).slice(0, 4)).toEqual([
      'vault_created',
      'configuration_changed',
      'login_started',
      'login_finished',
    ]);
    expect(lines[0]).not.toHaveProperty('unproved');
    expect(lines.filter(({ event }) => event === 'token_given').map(({ account }) => account)).toEqual([
      ADA,
      GRACE,
    ]);
    expect(lines.filter(({ event }) => event === 'refreshed')).toHaveLength(2);
    const given = lines.find(({ event }) => event === 'token_given');
    expect(given).toMatchObject({
      uid: process.getuid?.(),
      pid: expect.any(Number),
      parent: expect.stringMatching(/^[\x21-\x7e]{1,16}$/),
      terminal: expect.any(Boolean),
      subject: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const logged = readFileSync(join(stage.home.vault, 'security.log'), 'latin1').trim().split('\n');
    const idsOf = (of: readonly Record<string, unknown>[]) => of.map((line) => line['id']).sort();
    expect(idsOf(logged.map((line) => JSON.parse(line)))).toEqual(idsOf(lines));
    expect(await shown('--account', ADA)).toEqual(lines.filter(({ account }) => account === ADA));
    const database = new Database(join(stage.home.vault, 'vault.db'), { readonly: true });
    const bodies = database.prepare('SELECT body FROM audit').pluck().all().join('\n');
    database.close();
    expect(bodies + readFileSync(join(stage.home.vault, 'security.log'), 'utf8')).not.toContain(
      '@example.com',
    );
  });

  it.each([
    [
      'edited',
      `UPDATE audit SET body = replace(body, 'token_given', 'refreshed') WHERE seq = 7`,
      'edited',
      7,
    ],
    ['deleted', 'DELETE FROM audit WHERE seq = 4', 'missing', 4],
    [
      'reordered',
      'UPDATE audit SET seq = -5 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = -5',
      'edited',
      5,
    ],
    [
      'duplicated',
      "INSERT INTO audit SELECT (SELECT max(seq) + 1 FROM audit), at, body, 'copy', mac FROM audit WHERE seq = 3",
      'added',
      null,
    ],
    ['cut off at the end', 'DELETE FROM audit WHERE seq > 5', 'tail_cut', 6],
  ])('in which an entry was %s fails with exit 9 at the first bad entry', async (_name, sql, kind, seq) => {
    const last = (await shown()).length;
    tamper(sql);
    expect(await verified()).toMatchObject({
      exitCode: 9,
      whole: false,
      fault: { kind, seq: seq ?? last + 1 },
    });
    expect((await stage.vault(['token', ADA])).exitCode).toBe(0);
  });

  it('of an older copy does not pass the check', async () => {
    cpSync(join(stage.home.vault, 'vault.db'), join(stage.home.vault, 'older.db'));
    await stage.vault(['refresh', ADA, '--force']);
    copyFileSync(join(stage.home.vault, 'older.db'), join(stage.home.vault, 'vault.db'));
    expect(await verified()).toMatchObject({
      exitCode: 9,
      whole: false,
      fault: null,
      standing: 'rolled_back',
    });
  });

  it('needs the key to be verified, but not to be read', async () => {
    const env = { VAULT_KEY_FILE: join(stage.home.root, 'no-such-key') };
    const { exitCode } = await stage.vault(['audit', '--verify'], { env });
    expect(exitCode).toBe(6);
    expect((await stage.vault(['audit'], { env })).exitCode).toBe(0);
    expect((await shown()).at(-1)).toMatchObject({ event: 'open_failed', code: 'key_missing', seq: null });
  });

  it('is one chain after twenty concurrent processes, some of them killed', async (context) => {
    needs(context, 'the built command line');
    const before = (await shown()).length;
    const runs = Array.from({ length: 20 }, (_, n) => {
      const args =
        n % 5 === 0
          ? ['refresh', n % 2 === 0 ? ADA : GRACE, '--force']
          : ['token', n % 2 === 0 ? ADA : GRACE];
      const child = spawn(process.execPath, [VAULT_JS, ...args], { env: stage.home.env, stdio: 'ignore' });
      if (n % 7 === 3) setTimeout(() => child.kill('SIGKILL'), 40 * n);
      return new Promise<number | null>((resolve) => child.on('close', resolve));
    });
    const codes = await Promise.all(runs);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThan(8);
    expect(await verified()).toMatchObject({ exitCode: 0, whole: true });
    const lines = await shown();
    expect(lines.every(({ seq }) => seq !== null)).toBe(true);
    const given = lines.slice(before).filter(({ event }) => event === 'token_given').length;
    const printed = codes.filter((code, n) => code === 0 && n % 5 !== 0).length;
    expect(given).toBeGreaterThanOrEqual(printed);
    expect(readdirSync(join(stage.home.vault, 'audit'))).toEqual([]);
  });

  it('does not keep a token from being printed when it cannot be written', async () => {
    rmSync(join(stage.home.vault, 'audit'), { recursive: true, force: true });
    writeFileSync(join(stage.home.vault, 'audit'), '');
    const { exitCode, stdout, stderr } = await stage.vault(['token', ADA]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^demo-access-\S+\n$/);
    expect(stderr).toContain('security.log only, not in the audit trail of the vault');
    expect((await stage.vault(['refresh', ADA, '--force'])).exitCode).toBe(0);
  });

  it('reports queued lines that were altered, also in status', async () => {
    await stage.vault(['token', ADA]);
    const queue = join(stage.home.vault, 'audit', 'queue');
    expect(existsSync(queue)).toBe(true);
    writeFileSync(queue, readFileSync(queue, 'utf8').replace('token_given', 'refreshed'), { mode: 0o600 });
    appendFileSync(queue, 'rubbish\u001b[31m\n');
    expect(await verified()).toMatchObject({ exitCode: 0 });
    const status = JSON.parse((await stage.vault(['status', '--json'])).stdout);
    expect(status.abuse).toMatchObject([{ kind: 'queue_altered' }]);
    expect((await shown()).at(-1)).toMatchObject({ event: 'queue_altered', count: 2 });
  });
});
