import { describe, expect, it } from 'vitest';
import { agent, printSocket, printStopped, sayEvent, showStatus } from '../../src/commands/agent.js';
import { HOUR, MINUTE, SECOND } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import type { AgentEvent, AgentStatus } from '../../src/services/agent/agent-report.js';
import type { Io } from '../../src/ui/io.js';
import { accountExample } from '../doubles/account.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const STATUS: AgentStatus = {
  running: true,
  pid: 4711,
  version: '1.2.3',
  socket: '/home/ada/agent.sock',
  started_at: '2026-03-01T09:00:00.000Z',
  check_every_seconds: 300,
  refresh_ahead_seconds: 600,
  concurrency: 4,
  next_check_at: '2026-03-01T12:04:00.000Z',
  tokens: 12,
  last_check: {
    at: '2026-03-01T11:59:00.000Z',
    accounts: 3,
    login_needed: 1,
    results: [
      { account: 'google/ada', outcome: 'refreshed', reason: 'ends soon', expires_at: null, error: null },
    ],
    error: null,
  },
};

function printed(print: (io: Io) => void, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  print(io);
  return written;
}

describe('vault agent', () => {
  it.each([
    ['', { action: 'run', request: { every: 5 * MINUTE, ahead: 10 * MINUTE, concurrency: 4 } }],
    ['--every 30s --ahead 1h', { request: { every: 30 * SECOND, ahead: HOUR, concurrency: 4 } }],
    ['--concurrency 1', { request: { concurrency: 1 } }],
    ['status', { action: 'status' }],
    ['stop', { action: 'stop' }],
    ['--socket-path', { action: 'socket-path' }],
    ['install --every 10m --ahead 20m', { action: 'install', request: { every: 10 * MINUTE } }],
  ])('understands "%s"', async (line, expected) => {
    expect(await inputOf(agent, line)).toMatchObject(expected);
  });

  it.each([
    ['restart', /^unknown command 'agent restart'$/],
    ['status --socket-path', /^unknown option '--socket-path'$/],
    ['status --every 5m', /^unknown option '--every'$/],
    ['uninstall --credential-file /k', /^unknown option/],
    ['--every 5s', /ten seconds/],
    ['--every 10m', /longer than --every/],
    ['--concurrency 0', /from 1 to 64/],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(agent, line)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });

  it('prints where it listens', () => {
    const print = (io: Io) => printSocket('/home/ada/agent.sock', io);
    expect(printed(print).stdout).toBe('/home/ada/agent.sock\n');
    expect(printed(print, { json: true }).stdout).toBe('{"socket":"/home/ada/agent.sock"}\n');
  });

  it('stops the running agent', () => {
    const print = (io: Io) => printStopped(4711, io);
    expect(printed(print).stderr).toBe('the agent (process 4711) has stopped\n');
    expect(printed(print, { json: true }).stdout).toBe('{"stopped":true,"pid":4711}\n');
  });
});

describe('vault agent status', () => {
  const status = (given: AgentStatus, options: TerminalOptions = {}) =>
    printed((io) => showStatus(given, io), options);

  it('prints the state of the agent', async () => {
    expect((await status(STATUS)).stdout).toBe(`running     process 4711, version 1.2.3
since       3h ago (2026-03-01 09:00 UTC)
socket      /home/ada/agent.sock
tokens      12 returned
checks      every 5m, tokens that expire within 10m
next check  in 4m (2026-03-01 12:04 UTC)
last check  1m ago (2026-03-01 11:59 UTC)
accounts    3, 1 of them needs a login
it found    google/ada: refreshed: ends soon
`);
  });

  it('prints a check under way, and the reason of a failed check', async () => {
    const error = {
      code: 'key_locked' as const,
      message: 'the keychain is locked',
      hint: null,
      exit_code: 6,
    };
    const last_check = { at: STATUS.started_at, accounts: 0, login_needed: 0, results: [], error };
    const { stdout } = await status({ ...STATUS, next_check_at: null, last_check });
    expect(stdout).toContain('next check  under way\n');
    expect(stdout).toContain('it found    nothing could be refreshed: the keychain is locked\n');
    expect((await status({ ...STATUS, last_check: null })).stdout).not.toContain('last check');
  });

  it('prints the socket’s document with --json, and nothing with --quiet', async () => {
    expect((await status(STATUS, { json: true })).stdout).toBe(`${JSON.stringify(STATUS)}\n`);
    expect(await status(STATUS, { quiet: true })).toEqual({ stdout: '', stderr: '' });
  });
});

describe('a running agent', () => {
  const account = accountExample();
  const locked = new VaultError('key_locked', 'the keychain is locked', { hint: 'unlock it\nor add one' });
  const failed = { account, outcome: 'transient', reason: 'no network', error: null } as const;
  const refreshed = { ...failed, outcome: 'refreshed', reason: 'ends soon' } as const;
  const check = { at: NOW, accounts: 1, loginNeeded: 0, results: [refreshed, failed], error: null };
  const EVENTS: AgentEvent[] = [
    { kind: 'started', socket: '/home/ada/agent.sock', pid: 4711 },
    { kind: 'checked', check, nextCheckAt: NOW + MINUTE, news: check },
    {
      kind: 'checked',
      check: { ...check, results: [], error: locked },
      nextCheckAt: NOW,
      news: { results: [], error: locked },
    },
    {
      kind: 'socket',
      socket: null,
      error: new VaultError('vault_permissions', '/tmp/x is not ours', { hint: 'ls' }),
    },
    { kind: 'socket', socket: '/run/other.sock', error: null },
    { kind: 'stopping', waiting: 2 },
    { kind: 'stopped' },
  ];
  const running = (options: TerminalOptions = {}) =>
    printed((io) => {
      for (const event of EVENTS) sayEvent(event, io);
    }, options);

  it('prints events on stderr, and nothing on stdout', async () => {
    expect(await running()).toEqual({
      stdout: '',
      stderr: `the agent is running (process 4711) and listens on /home/ada/agent.sock
google/alice@example.com: refreshed, expires in 52m
google/alice@example.com: transient: no network
nothing can be refreshed: the keychain is locked
  hint: unlock it
  hint: or add one
the agent continues without its socket, and tries again at each check: /tmp/x is not ours
  hint: ls
the agent listens on /run/other.sock
stopping: finishing 2 requests
the agent has stopped
`,
    });
  });

  it('prints only failures with --quiet', async () => {
    expect((await running({ quiet: true })).stderr).toBe(`google/alice@example.com: transient: no network
nothing can be refreshed: the keychain is locked
  hint: unlock it
  hint: or add one
the agent continues without its socket, and tries again at each check: /tmp/x is not ours
  hint: ls
`);
  });

  it('prints one document a line with --json', async () => {
    const { stdout, stderr } = await running({ json: true });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(stderr).toBe('');
    expect(lines).toMatchObject([
      { event: 'started', pid: 4711, socket: '/home/ada/agent.sock' },
      {
        event: 'checked',
        at: '2026-03-01T12:00:00.000Z',
        next_check_at: '2026-03-01T12:01:00.000Z',
        results: [{ account: 'google/alice@example.com', outcome: 'refreshed' }, { outcome: 'transient' }],
      },
      { event: 'checked', error: { code: 'key_locked', hint: 'unlock it\nor add one' } },
      { event: 'socket', socket: null, error: { code: 'vault_permissions', hint: 'ls' } },
      { event: 'socket', socket: '/run/other.sock', error: null },
      { event: 'stopping', waiting: 2 },
      { event: 'stopped' },
    ]);
  });
});
