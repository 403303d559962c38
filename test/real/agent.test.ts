import { chmodSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TOKEN_FORMATS } from '../../src/services/token/token-formats.js';
import { slow } from '../doubles/demo-faults.js';
import { curl, printedKey, type RunningAgent, socketOf, startAgent } from '../harness/agent.js';
import { startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage, type StageOptions } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

let stage: DemoStage;
let agents: RunningAgent[];
beforeEach(async () => {
  stage = await openDemoStage();
  agents = [];
});
afterEach(async () => {
  for (const agent of agents) await agent.kill();
  expect(await stage.close()).toEqual([]);
});

async function start(args: readonly string[] = []): Promise<RunningAgent> {
  const agent = await startAgent(stage.home, args);
  agents.push(agent);
  return agent;
}

const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const status = async (agent: RunningAgent) => JSON.parse((await agent.curl('/status')).body);
const auditLines = () =>
  readFileSync(join(stage.home.vault, 'security.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Hides the key file, as a cron job finds a keychain that is locked. */
function withoutKey<T>(action: () => Promise<T>): Promise<T> {
  const key = join(stage.home.vault, 'master.key');
  renameSync(key, `${key}.away`);
  return action().finally(() => renameSync(`${key}.away`, key));
}

async function otherStage(options: StageOptions): Promise<void> {
  await stage.close();
  stage = await openDemoStage(options);
}

describe('the agent', () => {
  it('returns to curl what vault token prints, in every format, over a private socket', async (context) => {
    needs(context, 'curl');
    const account = (await stage.logIn()).stdout.trim();
    const plain = await stage.vault(['token', account]);
    const agent = await start();
    expect([mode(agent.socket), mode(dirname(agent.socket))]).toEqual(['600', '700']);
    const path = await stage.vault(['agent', '--socket-path']);
    expect(path).toMatchObject({ exitCode: 0, stdout: `${agent.socket}\n` });
    for (const name of [account, 'demo', ''])
      expect(await agent.curl(`/token/${name}`)).toEqual({ exitCode: 0, status: 200, body: plain.stdout });
    for (const format of TOKEN_FORMATS.filter((each) => each !== 'raw')) {
      const { stdout } = await stage.vault(['token', account, '--format', format], {
        env: { VAULT_KEY_FILE: '/nowhere/but/with/the/agent' },
      });
      expect(await agent.curl(`/token/demo?format=${format}`)).toMatchObject({ status: 200, body: stdout });
    }
    const shared = await agent.curl('/token/demo?format=xoauth2&user=office@example.com');
    expect(Buffer.from(shared.body, 'base64').toString()).toMatch(
      /^user=office@example\.com\x01auth=Bearer /,
    );
    const missing = await agent.curl('/token/nobody', ['--fail']);
    expect(missing).toMatchObject({ exitCode: 22, status: 404 });
    const scope = await agent.curl('/token/demo?scope=calendar');
    expect(scope.status).toBe(403);
    expect(JSON.parse(scope.body).error).toMatchObject({
      code: 'scope_missing',
      exit_code: 7,
      hint: expect.stringContaining('vault login demo'),
    });
    expect(await agent.curl('/token/demo', ['-X', 'DELETE'])).toMatchObject({ status: 405 });
  });

  it('runs once; agents started at the same time fail and name it', async () => {
    const both = ['one', 'two'].map(() => startVault(['agent'], stage.home));
    const first = await Promise.race(both.map(({ done }) => done));
    expect(first).toMatchObject({ exitCode: 10, stdout: '' });
    expect(first.stderr).toMatch(/an agent is already running for this vault: process \d+, since 2/);
    const shown = await stage.vault(['agent', 'status', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ running: true, socket: socketOf(stage.home) });
    expect(both.map(({ child }) => child.pid)).toContain(JSON.parse(shown.stdout).pid);
    expect((await stage.vault(['agent', 'stop'])).exitCode).toBe(0);
    expect((await Promise.all(both.map(({ done }) => done))).map(({ exitCode }) => exitCode).sort()).toEqual([
      0, 10,
    ]);
    expect(await stage.vault(['agent', 'status'])).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('refreshes what expires soon, including later logins, and writes audit lines', async () => {
    const agent = await start();
    expect(await agent.curl('/token/demo')).toMatchObject({ status: 404 });
    const account = await stage.logInExpired();
    expect(await agent.curl('/token/demo')).toMatchObject({ status: 200 });
    expect((await agent.stop()).exitCode).toBe(0);
    stage.demo.knobs.accessTokenLifetime = 300;
    await stage.vault(['refresh', account, '--force']);
    stage.demo.knobs.accessTokenLifetime = 3_600;
    stage.tokenRequests();
    const second = await start();
    await second.process.stderrLine(/refreshed, expires in 59m/);
    expect(stage.tokenRequests()).toBe(1);
    expect(await status(second)).toMatchObject({
      last_check: { accounts: 1, results: [{ account, outcome: 'refreshed' }] },
    });
    await second.stop();
    expect(auditLines().map(({ event }) => event)).toEqual([
      'agent_started',
      'vault_created',
      'configuration_changed',
      'login_started',
      'login_finished',
      'refreshed',
      'token_given',
      'agent_stopped',
      'refreshed',
      'agent_started',
      'refreshed',
      'agent_stopped',
    ]);
  });

  it('finishes requests in flight when it is stopped, and leaves nothing behind', async () => {
    const agent = await start();
    // Its first check, were it late, would refresh the account before anybody asks.
    await expect.poll(async () => (await status(agent)).last_check).not.toBeNull();
    const account = await stage.logInExpired();
    // It opens the vault for this while the key is there, and refreshes nothing.
    expect((await agent.curl('/token/demo?scope=calendar')).status).toBe(403);
    // Longer than a silent agent is waited for.
    stage.demo.next('token', slow('after', 2_800));
    stage.tokenRequests();
    const [run, asked, stopped] = await withoutKey(async () => {
      const waiting = stage.vault(['token', account]);
      // It has reached the agent, however long its start took; curl needs a moment at most.
      await expect.poll(() => stage.tokenRequests()).toBe(1);
      const asked = agent.curl('/token/demo');
      await setTimeout(1_200);
      return Promise.all([waiting, asked, agent.stop()]);
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(asked).toEqual({ exitCode: 0, status: 200, body: run.stdout });
    expect(stopped).toMatchObject({ exitCode: 0, signal: null });
    expect(existsSync(agent.socket)).toBe(false);
    expect((await stage.vault(['token', account])).stdout).toBe(run.stdout);
    expect(stage.tokenRequests()).toBe(0);
  });
});

describe('vault token beside an agent', () => {
  it('needs no key source, and prints the same', async () => {
    const account = (await stage.logIn()).stdout.trim();
    const own = await stage.vault(['token', account, '--json']);
    const agent = await start();
    await expect.poll(async () => (await status(agent)).last_check).not.toBeNull();
    await withoutKey(async () => {
      expect((await stage.vault(['token', account, '--json'])).stdout).toBe(own.stdout);
      expect(await stage.vault(['token', account, '--scope', 'calendar'])).toMatchObject({ exitCode: 7 });
      await agent.stop();
      expect(await stage.vault(['token', account])).toMatchObject({ exitCode: 6, stdout: '' });
    });
  });

  it('never asks the agent where the key is in a file, so a hung agent costs nothing', async () => {
    const account = (await stage.logIn()).stdout.trim();
    const agent = await start();
    await expect.poll(async () => (await status(agent)).last_check).not.toBeNull();
    agent.process.child.kill('SIGSTOP');
    const run = await stage.vault(['token', account, '--verbose']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    agent.process.child.kill('SIGCONT');
    expect((await agent.curl('/token/demo')).body).toBe(run.stdout);
    expect((await status(agent)).tokens).toBe(1);
  });

  it('works without a killed agent, whose socket the next agent replaces', async () => {
    await otherStage(printedKey());
    const account = (await stage.logIn()).stdout.trim();
    const killed = await start();
    await killed.kill();
    expect(existsSync(killed.socket)).toBe(true);
    expect(await stage.vault(['agent', 'status'])).toMatchObject({ exitCode: 3 });
    expect(await stage.vault(['token', account])).toMatchObject({ exitCode: 0, stderr: '' });
    const next = await start();
    expect(await next.curl(`/token/${account}`)).toMatchObject({ status: 200 });
  });

  it('works without a hung agent, and reports it with --verbose', async () => {
    await otherStage(printedKey());
    const account = await stage.logInExpired();
    const agent = await start(['--every', '1h', '--ahead', '2h']);
    await agent.process.stderrLine(/refreshed/);
    agent.process.child.kill('SIGSTOP');
    const run = await stage.vault(['token', account, '--verbose']);
    expect(run).toMatchObject({ exitCode: 0, stderr: 'vault: the agent does not answer\n' });
    expect(await stage.vault(['agent', 'status'])).toMatchObject({ exitCode: 10 });
    agent.process.child.kill('SIGCONT');
    expect((await agent.curl('/token/demo')).body).toBe(run.stdout);
  });

  it('does not ask a socket that another user could have made', async () => {
    await otherStage(printedKey());
    const account = (await stage.logIn()).stdout.trim();
    const agent = await start();
    const asked = async () => {
      const before = (await status(agent)).tokens;
      expect((await stage.vault(['token', account])).exitCode).toBe(0);
      return (await status(agent)).tokens - before;
    };
    expect(await asked()).toBe(1);
    chmodSync(dirname(agent.socket), 0o777);
    expect(await asked()).toBe(0);
    chmodSync(dirname(agent.socket), 0o700);
    chmodSync(agent.socket, 0o666);
    expect(await asked()).toBe(0);
    chmodSync(agent.socket, 0o600);
    const other = (await stage.vault(['token', account, '--profile', 'other'])).exitCode;
    expect([other, await asked()]).toEqual([2, 1]);
  });

  it('records returned tokens in the trail while it runs', async (context) => {
    needs(context, 'curl');
    await stage.logIn();
    const agent = await start();
    const waiting = () => statSync(join(stage.home.vault, 'audit', 'queue')).size;
    expect(await agent.curl('/token/demo#[1-100]')).toMatchObject({ exitCode: 0 });
    const each = waiting() / 100;
    await agent.curl('/token/demo#[1-1400]');
    expect(waiting()).toBeLessThan(1_000 * each);
    await agent.stop();
    const { stdout } = await stage.vault(['audit', '--json', '--limit', '5000']);
    expect(stdout.match(/"event":"token_given"/g)).toHaveLength(1_500);
    expect((await stage.vault(['audit', '--verify'])).exitCode).toBe(0);
  });

  it('finds the agent of a vault whose path is too long for a socket', async () => {
    const deep = join(stage.home.vault, 'x'.repeat(90));
    const env = { VAULT_HOME: deep };
    const path = (await stage.vault(['agent', '--socket-path'], { env })).stdout.trim();
    expect(path).toMatch(/^\/(?:tmp\/token-vault-\d+|run\/user\/\d+\/token-vault)\/[0-9a-f]{32}\.sock$/);
    const agent = await startAgent(stage.home, [], { env });
    agents.push(agent);
    expect([mode(path), mode(dirname(path))]).toEqual(['600', '700']);
    expect(await curl(path, '/token')).toMatchObject({ status: 404 });
    expect((await agent.stop()).exitCode).toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});
