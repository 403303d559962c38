import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logIn } from '../harness/login.js';
import { OIDC_PROVIDER } from '../harness/oidc-server.js';
import { type OidcStage, openOidcStage } from '../harness/oidc-stage.js';
import { signingInAs } from '../harness/oidc-walk.js';

let stage: OidcStage;
beforeAll(async () => {
  stage = await openOidcStage();
});
afterAll(() => stage.close());

const vault = (...args: string[]) => stage.vault(...args);
const json = <T>(...args: string[]): Promise<T> => stage.json(...args);
const tokenRequests = () => stage.tokenRequests();
const logInAs = (person: string, ...args: string[]) =>
  logIn(stage.home, [OIDC_PROVIDER, ...args], signingInAs(person));

async function works(accessToken: string): Promise<boolean> {
  const answer = await fetch(`${stage.server.issuer}/me`, {
    headers: { authorization: `Bearer ${accessToken.trim()}` },
  });
  return answer.ok;
}

interface Listed {
  readonly accounts: readonly { account: string; status: string; has_refresh_token: boolean }[];
}

describe('the life of an account at a real authorization server', () => {
  it('begins with a login that prints its name', async () => {
    expect(await logInAs('alice')).toMatchObject({ exitCode: 0, stdout: 'acme/alice@example.com\n' });
    const { accounts } = await json<Listed>('list');
    expect(accounts).toMatchObject([
      { account: 'acme/alice@example.com', status: 'active', has_refresh_token: true },
    ]);
  });

  it('returns a valid token without asking the server', async () => {
    const before = tokenRequests();
    const first = await vault('token', 'acme');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await works(first.stdout)).toBe(true);
    expect((await vault('token')).stdout).toBe(first.stdout);
    expect(tokenRequests()).toBe(before);
  });

  it('survives one rotation of the refresh token after the other', async () => {
    const seen = new Set([(await vault('token')).stdout]);
    for (let round = 0; round < 4; round += 1) {
      const { exitCode, stdout } = await vault('token', '--refresh');
      expect(exitCode).toBe(0);
      expect(await works(stdout)).toBe(true);
      seen.add(stdout);
    }
    expect(seen.size).toBe(5);
  });

  it('gets a new token when the old one expires too soon', async () => {
    stage.server.accessTokenLifetime = 120;
    const short = await vault('token', '--refresh');
    stage.server.accessTokenLifetime = 3_600;
    const before = tokenRequests();
    await sleep(1_200);
    const long = await vault('token', '--min-valid', '119s');
    expect(long.stdout).not.toBe(short.stdout);
    expect(tokenRequests()).toBe(before + 1);
  });

  it('is not changed by a dry run, which sends nothing', async () => {
    const before = tokenRequests();
    const { results } = await json<{ results: unknown[] }>('refresh', '--all', '--dry-run');
    expect(results).toMatchObject([{ account: 'acme/alice@example.com', outcome: 'would_refresh' }]);
    expect(tokenRequests()).toBe(before);
  });

  it('is refreshed with all the others, or skipped when it is not due', async () => {
    const first = await json<{ summary: unknown }>('refresh', '--all');
    expect(first.summary).toMatchObject({ refreshed: 1, failed: 0 });
    const second = await json<{ summary: unknown }>('refresh', '--all', '--days', '0');
    expect(second.summary).toMatchObject({ refreshed: 0, skipped: 1 });
  });

  it('stays one account when the same user logs in again', async () => {
    const again = await logInAs('alice', '--as', 'work', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ account: 'acme/work', created: false });
    expect((await json<Listed>('list')).accounts.map(({ account }) => account)).toEqual(['acme/work']);
  });

  it('keeps its name when another user logs in with it', async () => {
    const mine = (await vault('token')).stdout;
    const refused = await logInAs('bob', '--as', 'work');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await vault('token', 'acme/work')).stdout).toBe(mine);
  });

  it('must be named once there is a second account', async () => {
    expect((await logInAs('bob')).stdout).toBe('acme/bob@example.com\n');
    const ambiguous = await vault('token', 'acme');
    expect(ambiguous).toMatchObject({ exitCode: 3, stdout: '' });
    expect(ambiguous.stderr).toMatch(/acme\/bob@example\.com[\s\S]*acme\/work/);
    expect((await vault('token', 'acme/b')).exitCode).toBe(0);
  });

  it('ends at the server and here when it is revoked', async () => {
    const { stdout: last } = await vault('token', 'acme/work');
    const revoked = await json<{ results: unknown[] }>('revoke', 'acme/work', '--yes');
    expect(revoked.results).toMatchObject([{ account: 'acme/work', outcome: 'revoked' }]);
    expect(stage.server.requests.get('POST /token/revocation')).toBeGreaterThan(0);
    expect(await works(last)).toBe(false);
    expect(await vault('token', 'acme/work')).toMatchObject({ exitCode: 3, stdout: '' });
    expect((await json<Listed>('list')).accounts).toHaveLength(1);
  });

  it('leaves no secret in output or files', () => {
    expect(stage.canaries.size).toBeGreaterThan(20);
    expect(stage.broken()).toEqual([]);
  });
});
