import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { AGENT_LOCK } from '../../../src/services/agent/agent.js';
import { type AgentTalkDeps, agentStatus, stopAgent } from '../../../src/services/agent/agent-talk.js';
import { sqliteLocks } from '../../../src/stores/locks.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

const RUNNING = { status: 200, headers: {}, body: '{"running":true,"pid":4711}' };

let folder: VaultFolder;
let deps: AgentTalkDeps;
beforeEach(() => {
  folder = vaultFolder();
  deps = {
    isThere: () => true,
    refuseUnsafe: () => {},
    ask: async () => RUNNING,
    locks: sqliteLocks(folder.paths.locks, folder.files, clockDouble(NOW)),
    interruption: new AbortController().signal,
  };
});
afterEach(() => folder.remove());

describe('asking how the agent is', () => {
  it('gives its own answer', async () => {
    expect(await agentStatus(deps)).toEqual({ running: true, pid: 4711 });
  });

  it('finds that none runs where there is no socket, and makes nothing there to find out', async () => {
    deps = { ...deps, isThere: () => false };
    await expect(agentStatus(deps)).rejects.toMatchObject({ code: 'agent_not_running', exitCode: 3 });
    expect(folder.files.exists(folder.paths.locks)).toBe(false);
  });

  it('tells one that was killed from one that hangs by the lock, which only the living hold', async () => {
    deps = { ...deps, ask: async () => null };
    await expect(agentStatus(deps)).rejects.toMatchObject({ code: 'agent_not_running' });
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(agentStatus(deps)).rejects.toMatchObject({ code: 'busy' });
    await lock.release();
  });

  it('does not say that none runs where only the socket is gone: a second one could not start', async () => {
    deps = { ...deps, isThere: () => false };
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(agentStatus(deps)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('its socket is gone'),
    });
    await lock.release();
  });

  it('says that another user could answer there, and whether an agent runs that tries again', async () => {
    const foreign = new VaultError('vault_permissions', 'the folder belongs to another user', { hint: 'ls' });
    const refuseUnsafe = () => {
      throw foreign;
    };
    deps = { ...deps, isThere: () => false, refuseUnsafe };
    await expect(agentStatus(deps)).rejects.toBe(foreign);
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(agentStatus(deps)).rejects.toMatchObject({
      exitCode: 9,
      hint: expect.stringMatching(/^ls\nan agent runs and tries again at its next check/),
    });
    await lock.release();
  });

  it.each([
    ['its own error', '{"error":{"code":"vault_damaged","message":"damaged"}}', 'vault_damaged'],
    ['nothing that makes sense', '<html>', 'busy'],
  ])('passes on %s', async (_, body, code) => {
    deps = { ...deps, ask: async () => ({ status: 500, headers: {}, body }) };
    await expect(agentStatus(deps)).rejects.toMatchObject({ code });
  });
});

describe('asking the agent to stop', () => {
  it('asks, and waits until it has let go of the vault', async () => {
    const asked: string[] = [];
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    const clock = clockDouble(NOW);
    clock.onSleep = () => lock.release();
    const ask: AgentTalkDeps['ask'] = async (method, target) => {
      asked.push(`${method} ${target}`);
      return { ...RUNNING, status: 202 };
    };
    const locks = sqliteLocks(folder.paths.locks, folder.files, clock);
    expect(await stopAgent({ ...deps, ask, locks })).toBe(4711);
    expect(asked).toEqual(['POST /stop']);
    expect(clock.slept).toHaveLength(1);
  });

  it('does not tell to start one where none is to be stopped', async () => {
    const none = stopAgent({ ...deps, isThere: () => false });
    await expect(none).rejects.toMatchObject({ code: 'agent_not_running', hint: undefined });
  });

  it('says who does not, and what else can be done', async () => {
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(stopAgent(deps)).rejects.toMatchObject({
      code: 'busy',
      hint: expect.stringContaining('kill -9 4711'),
    });
    await lock.release();
  });
});
