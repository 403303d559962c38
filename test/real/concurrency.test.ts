import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { slow } from '../doubles/demo-faults.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const many = (count: number, args: readonly string[]) =>
  Promise.all(Array.from({ length: count }, () => stage.vault(args)));

describe('many processes at once', () => {
  it('make one request when many need the token of one expired account', async () => {
    const account = await stage.logInExpired();
    stage.tokenRequests();
    const runs = await many(30, ['token', account]);
    expect(runs.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(stage.tokenRequests()).toBe(1);
  });

  it('make one request for each account when they need several', async () => {
    const accounts = [
      await stage.logInExpired(),
      await stage.logInExpired(['--login-hint', 'grace@example.com']),
    ];
    expect(new Set(accounts).size).toBe(2);
    stage.tokenRequests();
    const runs = (await Promise.all(accounts.map((account) => many(10, ['token', account])))).flat();
    expect(runs.map(({ exitCode }) => exitCode)).toEqual(Array(20).fill(0));
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(2);
    expect(stage.tokenRequests()).toBe(2);
  });

  it('never send a refresh token twice, even with a slow server and refresh --all', async () => {
    await stage.logInExpired();
    stage.demo.next('token', slow('after', 1_000));
    const runs = await Promise.all([
      many(8, ['token', 'demo']),
      many(2, ['refresh', '--all']),
      many(2, ['token', 'demo', '--refresh']),
    ]);
    expect(runs.flat().map(({ exitCode }) => exitCode)).toEqual(Array(12).fill(0));
    expect([...stage.demo.refreshUses.values()].every((uses) => uses === 1)).toBe(true);
  });

  it('make one vault with one key when the first logins run together', async () => {
    const people = ['ada', 'grace'] as const;
    const logins = await Promise.all(people.map((person) => stage.logIn([], { person })));
    expect(logins.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    for (const { stdout } of logins) {
      expect((await stage.vault(['token', stdout.trim()])).exitCode).toBe(0);
    }
  });
});
