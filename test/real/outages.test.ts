import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DemoFault } from '../../src/demo/contract.js';
import { garbage, htmlPage, oauthRefusal, rateLimited, serverError } from '../doubles/demo-faults.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

/** Outlasts every retry. */
const ALWAYS = 50;

async function status(): Promise<unknown> {
  const { accounts } = JSON.parse((await stage.vault(['list', '--json'])).stdout) as {
    accounts: { status: string }[];
  };
  return accounts[0]?.status;
}

describe('a provider that fails', () => {
  it.each<[string, DemoFault]>([
    ['503', serverError()],
    ['429', rateLimited(null)],
  ])('with %s changes nothing, and the next try after it works', async (_, fault) => {
    const account = await stage.logInExpired();
    stage.demo.next('token', fault, ALWAYS);
    const failed = await stage.vault(['token', account]);
    expect(failed).toMatchObject({ exitCode: 5, stdout: '' });
    expect(failed.stderr).not.toMatch(/vault login/);
    expect(await status()).not.toBe('login_needed');
    await exhaust();
    expect((await stage.vault(['token', account])).exitCode).toBe(0);
  });

  it('and names a time is not asked before it, unless the user says so', async () => {
    const account = await stage.logInExpired();
    stage.demo.next('token', rateLimited('900'), ALWAYS);
    expect((await stage.vault(['token', account])).exitCode).toBe(5);
    expect(stage.tokenRequests()).toBeGreaterThan(0);
    const early = await stage.vault(['token', account]);
    expect(early).toMatchObject({ exitCode: 5, stdout: '' });
    expect(early.stderr).toMatch(/is tried again in 1[45]m/);
    const bulk = await stage.vault(['refresh', '--all', '--json']);
    expect(JSON.parse(bulk.stdout).summary).toMatchObject({ skipped: 1, refreshed: 0, failed: 0 });
    expect(stage.tokenRequests()).toBe(0);
    expect(await status()).toBe('active');
    await exhaust();
    expect((await stage.vault(['token', account, '--refresh'])).exitCode).toBe(0);
  });

  it.each<[string, DemoFault]>([
    ['the page of a captive portal', htmlPage()],
    ['garbage', garbage],
  ])('with %s does not affect a valid token', async (_, fault) => {
    stage.demo.knobs.accessTokenLifetime = 120;
    await stage.logIn();
    stage.demo.next('token', fault, ALWAYS);
    const { stdout } = await stage.vault(['token', 'demo', '--min-valid', '119s']);
    expect(stdout).toMatch(/^demo-access-/);
  });

  it('that cannot be reached is a network failure, not a reason to log in', async () => {
    const account = await stage.logInExpired();
    await stage.demo.close();
    expect(await stage.vault(['token', account])).toMatchObject({ exitCode: 5, stdout: '' });
  });

  it('that ended the grant causes a login hint and is not asked again', async () => {
    const account = await stage.logInExpired();
    stage.demo.endAllGrants();
    stage.tokenRequests();
    const first = await stage.vault(['token', account]);
    expect(first).toMatchObject({ exitCode: 4, stdout: '' });
    expect(first.stderr).toMatch(/hint: .*vault login demo/);
    expect(stage.tokenRequests()).toBe(1);
    expect((await stage.vault(['token', account])).exitCode).toBe(4);
    expect(stage.tokenRequests()).toBe(0);
    expect((await stage.logIn()).exitCode).toBe(0);
    expect((await stage.vault(['token', account])).exitCode).toBe(0);
  });

  it('that refuses the client causes no login hint', async () => {
    const account = await stage.logInExpired();
    stage.demo.next('token', oauthRefusal('invalid_client', 401), ALWAYS);
    const refused = await stage.vault(['token', account]);
    expect(refused).toMatchObject({ exitCode: 11, stdout: '' });
    expect(refused.stderr).not.toMatch(/vault login/);
  });

  it('that issues no new refresh token leaves the old one in use', async () => {
    stage.demo.knobs.refreshTokens = 'keep';
    await stage.logIn();
    for (let round = 0; round < 3; round += 1) {
      expect((await stage.vault(['token', 'demo', '--refresh'])).exitCode).toBe(0);
    }
    expect([...stage.demo.refreshUses.values()]).toEqual([3]);
  });

  it('with an odd answer does not cost the new refresh token', async () => {
    await stage.logIn();
    stage.demo.knobs.answerMembers = {
      expires_in: 'soon',
      token_type: 7,
      id_token: 'not.a.token',
      scope: null,
    };
    await stage.vault(['token', 'demo', '--refresh']);
    stage.demo.knobs.answerMembers = {};
    expect((await stage.vault(['token', 'demo', '--refresh'])).exitCode).toBe(0);
    expect(stage.demo.log.filter(({ kind }) => kind === 'reuse_detected')).toEqual([]);
  });

  it('that cannot revoke leaves the account in place, except with --local', async () => {
    await stage.logIn();
    stage.demo.next('revoke', serverError(), ALWAYS);
    expect((await stage.vault(['revoke', 'demo', '--yes'])).exitCode).toBe(5);
    expect(await status()).toBe('active');
    expect((await stage.vault(['revoke', 'demo', '--yes', '--local'])).exitCode).toBe(0);
    expect(await status()).toBeUndefined();
  });
});

/** Uses up the misfortunes that are left. */
async function exhaust(): Promise<void> {
  for (let left = ALWAYS; left > 0; left -= 1) {
    const answer = await fetch(stage.demo.endpoints.token, { method: 'POST' });
    if (answer.status === 400) return;
    await answer.arrayBuffer();
  }
}
