import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startVault } from '../../harness/cli.js';
import { type ImportStage, openImportStage, tokenJson } from '../../harness/import-stage.js';

let stage: ImportStage;
let file: string;

beforeEach(async () => {
  stage = await openImportStage();
  await stage.vault(['init']);
  file = stage.file('token.json', tokenJson(stage.demo, await stage.grant()));
});
afterEach(async () => {
  expect(stage.reuses()).toBe(0);
  expect(await stage.close()).toEqual([]);
});

const list = async () => JSON.parse((await stage.vault(['list', '--json'])).stdout).accounts;
const importAgain = async () => (await stage.importJson('google-auth', file)).results[0];

function storedAccounts(): number {
  const database = new Database(join(stage.home.vault, 'vault.db'), { readonly: true });
  try {
    return database.prepare('SELECT count(*) FROM accounts').pluck().get() as number;
  } catch {
    return 0;
  } finally {
    database.close();
  }
}

/** With the refresher that it has started. */
function killWithChildren(pid: number): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
  for (const each of [pid, ...children.map(Number)]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {}
  }
}

describe.skipIf(process.platform !== 'linux')('an import that is killed', () => {
  it('between storing the token and sending it loses nothing, and is finished by the next', async () => {
    const command = startVault(['import', 'google-auth', file], stage.home);
    while (storedAccounts() === 0 && command.child.exitCode === null) await sleep(1);
    killWithChildren(command.child.pid ?? 0);
    await command.done;
    expect(storedAccounts()).toBe(1);
    expect(await importAgain()).toMatchObject({ outcome: 'added', account: 'demo/ada@example.com' });
    expect(await list()).toMatchObject([{ account: 'demo/ada@example.com', status: 'active', reason: null }]);
  });

  it('while the server answers is finished by the next, which sends nothing more', async () => {
    stage.demo.next('token', { when: 'after', delay: 1_500, send: 'own' });
    const command = startVault(['import', 'google-auth', file], stage.home);
    while (stage.demo.requests.token < 2) await sleep(10);
    command.child.kill('SIGKILL');
    await command.done;
    await expect.poll(async () => (await list())[0]?.last_refresh_at, { timeout: 20_000 }).not.toBeNull();
    stage.tokenRequests();
    expect(await importAgain()).toMatchObject({ outcome: 'added', account: 'demo/ada@example.com' });
    expect(stage.tokenRequests()).toBe(0);
    expect((await stage.vault(['token', 'demo', '--refresh'])).exitCode).toBe(0);
  });
});

describe('an import that the server does not finish', () => {
  it('changes nothing where the token is refused', async () => {
    stage.demo.endAllGrants();
    const run = await stage.vault(['import', 'google-auth', file]);
    expect(run).toMatchObject({ exitCode: 4, stdout: '' });
    expect(run.stderr).toContain('no longer accepts the refresh token');
    expect(run.stderr).toContain('vault login demo');
    expect(await list()).toEqual([]);
  });

  it('changes nothing where the server only fails for now, and works later', async () => {
    const answer = { status: 503, headers: {}, body: 'busy' };
    stage.demo.next('token', { when: 'before', send: answer }, 2);
    const run = await stage.vault(['import', 'google-auth', file, '--provider', 'demo', '--as', 'x']);
    expect(run.exitCode).toBe(5);
    expect(run.stderr).toContain(`vault import google-auth ${file} --provider demo --as x`);
    expect(await importAgain()).toMatchObject({ outcome: 'added' });
    expect(await list()).toHaveLength(1);
  });

  it('is finished later where only the identity could not be read', async () => {
    const answer = { status: 503, headers: {}, body: 'busy' };
    stage.demo.knobs.omitMembers = ['id_token'];
    stage.demo.next('userinfo', { when: 'before', send: answer });
    expect((await stage.vault(['import', 'google-auth', file])).exitCode).toBe(5);
    expect(await list()).toMatchObject([{ has_refresh_token: true }]);
    stage.tokenRequests();
    expect(await importAgain()).toMatchObject({ outcome: 'added', account: 'demo/ada@example.com' });
    expect(stage.tokenRequests()).toBe(0);
  });

  it('does not send a token again that was replaced, though its account is gone', async () => {
    await stage.vault(['import', 'google-auth', file]);
    await stage.vault(['revoke', 'demo', '--local', '--yes']);
    stage.tokenRequests();
    const run = await stage.vault(['import', 'google-auth', file]);
    expect(run.exitCode).toBe(4);
    expect(run.stderr).toContain('has replaced it since');
    expect(stage.tokenRequests()).toBe(0);
  });
});
