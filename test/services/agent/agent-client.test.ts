import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentSocket } from '../../../src/access/agent-socket.js';
import { MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import {
  type AgentClientContext,
  agentStatus,
  askAgent,
  stopAgent,
} from '../../../src/services/agent/agent-client.js';
import { AGENT_LOCK } from '../../../src/services/agent/agent-report.js';
import { tokenDocument } from '../../../src/services/token/token-formats-rest.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import { sqliteLocks } from '../../../src/stores/locks.js';
import { accountExample } from '../../doubles/account.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

const REQUEST = { selector: 'google', minValid: 5 * MINUTE, scopes: [], refresh: false, withIdentity: false };
const account = accountExample();
const DOCUMENT = tokenDocument({ account, accessToken: { reveal: () => 'access-token-example' } } as never);
type Answer = Awaited<ReturnType<AgentSocket['ask']>>;

async function ask(answer: Answer, more: Partial<TokenRequest> = {}) {
  const details: string[] = [];
  const asked: string[] = [];
  const socket: Pick<AgentSocket, 'ask'> = {
    ask: async (...question) => {
      asked.push(...question);
      return answer;
    },
  };
  const ctx = { detail: (line: string) => void details.push(line) };
  return { given: await askAgent(ctx, socket, { ...REQUEST, ...more }), details, asked };
}

const answered = (status: number, body: unknown, more: Partial<TokenRequest> = {}) =>
  ask({ status, body: typeof body === 'string' ? body : JSON.stringify(body) }, more);

describe('a token from the agent', () => {
  it.each([
    [{}, '/token/google?format=json&min_valid=300s'],
    [{ selector: null, minValid: 1 }, '/token/?format=json&min_valid=1s'],
    [
      { selector: 'notion/Büro', scopes: ['a b', 'c'] },
      '/token/notion%2FB%C3%BCro?format=json&min_valid=300s&scope=a+b&scope=c',
    ],
    [{ withIdentity: true }, '/token/google?format=json&min_valid=300s&email=yes'],
    [{ idToken: true as const }, '/token/google?format=json&min_valid=300s&id_token=yes'],
    [{ refused: 'ab' }, '/token/google?format=json&min_valid=300s&refused=ab'],
  ])('is requested by the public route: %j', async (request, target) => {
    const { asked } = await answered(200, DOCUMENT, request);
    expect(asked).toEqual(['GET', target]);
  });

  it('is the id_token if that is asked for', async () => {
    const body = tokenDocument({
      account,
      accessToken: { reveal: () => 'id-token' },
      isIdToken: true,
    } as never);
    const { given } = await answered(200, body, { idToken: true });
    expect(given).toMatchObject({ isIdToken: true });
    expect(given).not.toBeInstanceOf(VaultError);
    expect((await answered(200, DOCUMENT, { idToken: true })).given).toBeNull();
  });

  it('is equivalent to one that this process reads', async () => {
    const body = { ...DOCUMENT, email: 'alice@example.com', warning: 'it ends soon' };
    const { given, details } = await answered(200, body);
    const { provider, label, tokenType, expiresAt, grantedScopes } = account;
    expect(given).toMatchObject({
      account: { provider, label, tokenType, expiresAt, grantedScopes },
      email: 'alice@example.com',
      warning: 'it ends soon',
    });
    expect(given instanceof VaultError ? null : given?.accessToken.reveal()).toBe('access-token-example');
    expect(details).toEqual([]);
  });

  it('is refused if its type is neither Bearer nor printed', async () => {
    const body = { ...DOCUMENT, token_type: 'DPoP' };
    expect((await answered(200, body)).given).toMatchObject({ code: 'token_type_unsupported' });
    expect((await answered(200, body, { anyType: true })).given).toMatchObject({
      account: { tokenType: 'DPoP' },
    });
  });

  it('that is missing comes with the reason', async () => {
    const error = { code: 'login_needed', message: 'log in', hint: 'vault login google', exit_code: 4 };
    const { given, details } = await answered(409, { error });
    expect(given).toMatchObject({ code: 'login_needed', message: 'log in', hint: 'vault login google' });
    expect(details).toEqual(['the agent has no token (login_needed)']);
  });

  it('that does not arrive in time is reported as busy to a caller without the key', async () => {
    const { given, details } = await ask('timeout');
    expect(given).toMatchObject({ code: 'busy', hint: 'vault agent status' });
    expect(details).toEqual(['the agent does not answer']);
  });

  it.each([
    ['nothing', () => ask(null), 'the agent does not answer'],
    ['no JSON', () => answered(200, '<html>'), 'cannot be read'],
    ['null', () => answered(200, 'null'), 'cannot be read'],
    ['no token', () => answered(200, { ...DOCUMENT, access_token: '' }), 'cannot be read'],
    ['no type', () => answered(200, { ...DOCUMENT, token_type: null }), 'cannot be read'],
    ['no account', () => answered(200, { ...DOCUMENT, account: null }), 'cannot be read'],
    ['an unknown code', () => answered(500, { error: { code: 'toString', message: 'x' } }), 'cannot be read'],
    ['no message', () => answered(500, { error: { code: 'busy' } }), 'cannot be read'],
  ])('is not read from an answer with %s', async (_, asking, said) => {
    const { given, details } = await asking();
    expect(given).toBeNull();
    expect(details).toEqual([expect.stringContaining(said)]);
  });
});

const RUNNING = { status: 200, body: '{"running":true,"pid":4711}' };

let folder: VaultFolder;
let ctx: AgentClientContext;
let socket: AgentSocket;
beforeEach(() => {
  folder = vaultFolder();
  const locks = sqliteLocks(folder.paths.locks, folder.files, clockDouble(NOW));
  ctx = { ...folder, locks, interruption: new AbortController().signal } as never;
  socket = {
    exists: () => true,
    path: () => '/home/ada/agent.sock',
    assertPrivate: () => {},
    ask: async () => RUNNING,
  };
});
afterEach(() => folder.remove());

describe('asking for the status of the agent', () => {
  it('returns its own answer', async () => {
    expect(await agentStatus(ctx, socket)).toEqual({ running: true, pid: 4711 });
  });

  it('finds no agent without a socket, and creates nothing', async () => {
    socket = { ...socket, exists: () => false };
    await expect(agentStatus(ctx, socket)).rejects.toMatchObject({ code: 'agent_not_running', exitCode: 3 });
    expect(folder.files.exists(folder.paths.locks)).toBe(false);
  });

  it('distinguishes a killed agent from a hung one by its lock', async () => {
    socket = { ...socket, ask: async () => null };
    await expect(agentStatus(ctx, socket)).rejects.toMatchObject({ code: 'agent_not_running' });
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(agentStatus(ctx, socket)).rejects.toMatchObject({ code: 'busy' });
    await lock.release();
  });

  it('does not report that none runs if only the socket is missing', async () => {
    socket = { ...socket, exists: () => false };
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(agentStatus(ctx, socket)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('has no private socket'),
    });
    await lock.release();
  });

  it('reports a socket of another user, and whether an agent is running', async () => {
    const foreign = new VaultError('vault_permissions', 'the folder belongs to another user', { hint: 'ls' });
    const assertPrivate = () => {
      throw foreign;
    };
    socket = { ...socket, exists: () => false, assertPrivate };
    await expect(agentStatus(ctx, socket)).rejects.toBe(foreign);
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(agentStatus(ctx, socket)).rejects.toMatchObject({
      exitCode: 9,
      hint: expect.stringMatching(/^ls\nan agent runs and tries again at its next check/),
    });
    await lock.release();
  });

  it.each([
    ['its own error', '{"error":{"code":"vault_damaged","message":"damaged"}}', 'vault_damaged'],
    ['nothing that makes sense', '<html>', 'busy'],
  ])('passes on %s', async (_, body, code) => {
    socket = { ...socket, ask: async () => ({ status: 500, body }) };
    await expect(agentStatus(ctx, socket)).rejects.toMatchObject({ code });
  });
});

describe('asking the agent to stop', () => {
  it('waits until it has closed the vault', async () => {
    const asked: string[] = [];
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    const clock = clockDouble(NOW);
    clock.onSleep = () => lock.release();
    const ask: AgentSocket['ask'] = async (method, target) => {
      asked.push(`${method} ${target}`);
      return { ...RUNNING, status: 202 };
    };
    const locks = sqliteLocks(folder.paths.locks, folder.files, clock);
    expect(await stopAgent({ ...ctx, locks }, { ...socket, ask })).toBe(4711);
    expect(asked).toEqual(['POST /stop']);
    expect(clock.slept).toHaveLength(1);
  });

  it('does not suggest starting one if there is none to stop', async () => {
    const none = stopAgent(ctx, { ...socket, exists: () => false });
    await expect(none).rejects.toMatchObject({ code: 'agent_not_running', hint: undefined });
  });

  it('names a process that does not stop, and what else can be done', async () => {
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(stopAgent(ctx, socket)).rejects.toMatchObject({
      code: 'busy',
      hint: expect.stringContaining('kill -9 4711'),
    });
    await lock.release();
  });
});
