import { agentSocket } from '../access/agent-socket.js';
import { accountName } from '../domain/account.js';
import { MINUTE, SECOND } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { errorDocument } from '../domain/error-forms.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import { moment, relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import { runAgent } from '../services/agent/agent.js';
import { agentStatus, stopAgent } from '../services/agent/agent-client.js';
import type { AgentCheck, AgentEvent, AgentRequest } from '../services/agent/agent-report.js';
import { type AgentStatus, checkDocument } from '../services/agent/agent-report.js';
import type { RefreshResult } from '../services/refresh/refresh-all.js';
import type { Io } from '../ui/io.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { hintLines } from './account-view.js';
import {
  CREDENTIAL_OPTION,
  credentialPath,
  KIND_OPTION,
  KINDS,
  runSchedule,
  type ScheduleInput,
} from './schedule.js';
import type { Command, OptionSpec, RawInput } from './spec.js';
import { duration, given, oneOf, text, wholeNumber } from './spec.js';

const EVERY = { usual: 5 * MINUTE, least: 10 * SECOND };
const AHEAD = 10 * MINUTE;
const CONCURRENCY = { usual: 4, most: 64 };

type Action = 'run' | 'socket-path' | 'status' | 'stop' | 'install' | 'uninstall';

const RUNNING_OPTIONS: readonly OptionSpec[] = [
  { flags: '--every <duration>', description: 'time from one check to the next', defaultText: '5m' },
  {
    flags: '--ahead <duration>',
    description: 'refresh tokens that expire within this time',
    defaultText: '10m',
  },
  {
    flags: '--concurrency <n>',
    description: 'how many requests to send at a time',
    defaultText: String(CONCURRENCY.usual),
  },
];

interface AgentInput {
  readonly action: Action;
  readonly request: AgentRequest;
  /** For `install` and `uninstall`; else null. */
  readonly service: ScheduleInput | null;
}

export const agent: Command<AgentInput> = {
  // A signal is the normal end.
  ignoresLateSignal: true,
  arguments: [],
  options: [...RUNNING_OPTIONS, { flags: '--socket-path', description: 'print the path of its socket' }],
  subcommands: [
    {
      name: 'status',
      summary: 'show the status of the agent; exit 0 if it runs, 3 if not',
      arguments: [],
      options: [],
      examples: { 'agent status --quiet': 'only the exit code' },
    },
    {
      name: 'stop',
      summary: 'stop the agent; it finishes what is in flight first',
      arguments: [],
      options: [],
      examples: { 'agent stop': 'returns when it has stopped' },
    },
    {
      name: 'install',
      summary: 'run the agent as a service that starts with your session',
      arguments: [],
      options: [...RUNNING_OPTIONS, KIND_OPTION, CREDENTIAL_OPTION],
      examples: {
        'agent install': 'use the scheduler that this machine has',
        'agent install --every 10m --ahead 15m': 'the service runs with these options',
      },
    },
    {
      name: 'uninstall',
      summary: 'remove the service',
      arguments: [],
      options: [KIND_OPTION],
      examples: { 'agent uninstall': 'stop the agent and remove the service' },
    },
  ],
  examples: {
    agent: 'run it here; Ctrl-C ends it',
    'agent status': 'exit 0 if it runs, 3 if not',
    'agent --socket-path': 'print SOCKET, for: curl -sf --unix-socket SOCKET http://vault/token/google',
    'agent stop': 'finishes what is in flight first',
    'agent install': 'run it as a service that starts with your session',
  },

  parse(raw) {
    const every = duration(raw, '--every', EVERY.usual);
    const ahead = duration(raw, '--ahead', AHEAD);
    const concurrency = wholeNumber(raw, '--concurrency', 1, CONCURRENCY.most) ?? CONCURRENCY.usual;
    if (every < EVERY.least) throw new VaultError('usage', '--every must be at least ten seconds');
    // No token may expire between two checks, the second one a tenth late.
    if (ahead < every * 1.1)
      throw new VaultError(
        'usage',
        '--ahead must be longer than --every, or tokens expire between two checks',
      );
    const action = actionOf(raw);
    const service = action === 'install' || action === 'uninstall' ? agentService(raw, action) : null;
    return { action, request: { every, ahead, concurrency }, service };
  },

  async run(ctx, { action, request, service }, io) {
    if (service !== null) return runSchedule(ctx, service, io);
    switch (action) {
      case 'socket-path':
        return printSocket(agentSocket(ctx).path(), io);
      case 'status':
        return showStatus(await agentStatus(ctx), io);
      case 'stop':
        return printStopped(await stopAgent(ctx), io);
      default:
        return runAgent(ctx, request, (event) => sayEvent(event, io));
    }
  },
};

function actionOf(raw: RawInput): Action {
  const [named] = raw.args;
  if (named !== undefined) return named as Action;
  return given(raw, '--socket-path') ? 'socket-path' : 'run';
}

export function printSocket(socket: string, io: Io): void {
  if (io.json) io.document({ socket });
  else io.data(`${socket}\n`);
}

export function printStopped(pid: number, io: Io): void {
  if (io.json) io.document({ stopped: true, pid });
  else io.say(`the agent (process ${pid}) has stopped`);
}

/**
 * `vault agent install` and `uninstall`: as a service, the agent runs with the options that it is installed with.
 *
 * @throws VaultError `usage`
 */
function agentService(raw: RawInput, action: 'install' | 'uninstall'): ScheduleInput {
  const kind = oneOf(raw, '--kind', KINDS);
  if (action === 'uninstall') return { action: 'unschedule', request: { purpose: 'agent', kind } };
  const credential = credentialPath(raw);
  const options = ['--every', '--ahead', '--concurrency'].flatMap((option) => {
    const value = text(raw, option);
    return value === null ? [] : [option, value];
  });
  const words = credential === null ? options : [...options, '--credential-file', credential];
  const install = ['agent install', ...words.map(quoted)].join(' ');
  return {
    action: 'schedule',
    request: {
      purpose: 'agent',
      install: true,
      kind,
      every: null,
      args: ['agent', '--quiet', ...options],
      credential,
      typed: { show: install, install, uninstall: 'agent uninstall' },
    },
  };
}

/** Prints each event when it happens: as a line for the journal, or with `--json` as one document per line. */
export function sayEvent(event: AgentEvent, io: Io): void {
  if (io.json) {
    io.document(eventDocument(event));
    return;
  }
  switch (event.kind) {
    case 'started':
      io.say(`the agent is running (process ${event.pid}) and listens on ${event.socket}`);
      break;
    case 'checked':
      sayNews(event.news, io);
      break;
    case 'socket':
      sayOfSocket(event, io);
      break;
    case 'stopping':
      if (event.waiting > 0) io.say(`stopping: finishing ${count(event.waiting, 'request')}`);
      break;
    case 'stopped':
      io.say('the agent has stopped');
  }
}

/** Failures are printed with `--quiet` as well. */
function sayNews({ results, error }: Pick<AgentCheck, 'results' | 'error'>, io: Io): void {
  if (error !== null) {
    io.warn(`nothing can be refreshed: ${error.message}`, 'red');
    for (const line of hintLines(error.hint)) io.warn(line);
  }
  for (const result of results) sayResult(result, io);
}

function sayOfSocket({ socket, error }: Extract<AgentEvent, { kind: 'socket' }>, io: Io): void {
  if (error === null) {
    io.say(`the agent listens on ${socket}`);
    return;
  }
  io.warn(`the agent continues without its socket, and tries again at each check: ${error.message}`, 'red');
  for (const line of hintLines(error.hint)) io.warn(line);
}

function sayResult({ account, outcome, reason, error }: RefreshResult, io: Io): void {
  const name = accountName(account);
  if (outcome === 'refreshed') {
    const end = account.expiresAt === null ? '' : `, expires ${relative(account.expiresAt, io.now())}`;
    io.say(`${name}: refreshed${end}`);
    return;
  }
  io.warn(`${name}: ${outcome}: ${reason}`, 'yellow');
  for (const line of hintLines(error?.hint)) io.warn(line);
}

function eventDocument(event: AgentEvent): Readonly<Record<string, unknown>> {
  switch (event.kind) {
    case 'started':
      return { event: event.kind, pid: event.pid, socket: event.socket };
    case 'checked':
      return {
        event: event.kind,
        ...checkDocument(event.check),
        next_check_at: rfc3339(event.nextCheckAt),
      };
    case 'socket':
      return {
        event: event.kind,
        socket: event.socket,
        error: event.error === null ? null : errorDocument(event.error),
      };
    case 'stopping':
      return { event: event.kind, waiting: event.waiting };
    case 'stopped':
      return { event: event.kind };
  }
}

/** With `--json`, the agent's own answer. */
export function showStatus(status: AgentStatus, io: Io): void {
  if (io.json) io.document(status);
  else if (!io.quiet) io.data(renderBlock(entries(status, io.now()), io.columns, io.theme));
}

function entries(status: AgentStatus, now: number): Entry[] {
  const { last_check: last, next_check_at: next } = status;
  const schedule = `every ${seconds(status.check_every_seconds)}, tokens that expire within ${seconds(status.refresh_ahead_seconds)}`;
  return [
    ['running', `process ${status.pid}, version ${status.version}`],
    ['since', moment(Date.parse(status.started_at), now)],
    ['socket', status.socket],
    ['tokens', `${status.tokens} returned`],
    ['checks', schedule],
    ['next check', next === null ? 'under way' : moment(Date.parse(next), now)],
    ...(last === null ? [] : lastCheck(last, now)),
  ];
}

function lastCheck(check: NonNullable<AgentStatus['last_check']>, now: number): Entry[] {
  const lines = check.results.map(({ account, outcome, reason }) => `${account}: ${outcome}: ${reason}`);
  const failed = check.error === null ? [] : [`nothing could be refreshed: ${check.error.message}`];
  const needLogin =
    check.login_needed === 0
      ? ''
      : `, ${check.login_needed} of them ${check.login_needed === 1 ? 'needs' : 'need'} a login`;
  return [
    ['last check', moment(Date.parse(check.at), now)],
    ['accounts', `${check.accounts}${needLogin}`],
    ['it found', [...failed, ...lines, ...(failed.length + lines.length === 0 ? ['nothing due'] : [])]],
  ];
}

function seconds(number: number): string {
  return formatDuration(number * SECOND);
}
