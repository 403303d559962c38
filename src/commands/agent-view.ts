import { accountName } from '../domain/account.js';
import { formatDuration, SECOND } from '../domain/duration.js';
import { errorDocument } from '../domain/errors.js';
import { moment, relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { AgentCheck, AgentEvent } from '../services/agent/agent-contract.js';
import { type AgentStatus, checkDocument } from '../services/agent/agent-report.js';
import type { RefreshResult } from '../services/refresh/refresh-all.js';
import type { Io } from '../ui/io.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { hintLines } from './account-view.js';

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
