import { agentSocket } from '../access/agent-socket.js';
import { MINUTE, SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import { runAgent } from '../services/agent/agent.js';
import { agentStatus, stopAgent } from '../services/agent/agent-client.js';
import type { AgentRequest } from '../services/agent/agent-contract.js';
import type { Io } from '../ui/io.js';
import { sayEvent, showStatus } from './agent-view.js';
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
