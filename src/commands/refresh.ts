import { type Account, accountName } from '../domain/account.js';
import { DAY } from '../domain/duration.js';
import { formatDuration, parseDays } from '../domain/duration-text.js';
import { errorDocument } from '../domain/error-forms.js';
import { relative, rfc3339 } from '../domain/time.js';
import { openHint } from '../services/refresh/open-refresh.js';
import {
  type RefreshReport,
  type RefreshRequest,
  type RefreshResult,
  type RefreshResultKind,
  refreshAccounts,
} from '../services/refresh/refresh-all.js';
import { withdrawalWarning } from '../services/refresh/refresh-warnings.js';
import type { Io } from '../ui/io.js';
import { progressOn } from '../ui/progress.js';
import { hintLines } from './account-view.js';
import {
  concludeBulk,
  type FailureCodes,
  type OutcomeWords,
  outcomeTable,
  SELECTION_OPTIONS,
  selection,
} from './bulk.js';
import type { Command } from './spec.js';
import { given, text, wholeNumber } from './spec.js';

const DEFAULT_CONCURRENCY = 16;
const MAX_CONCURRENCY = 64;
const MOST_SKIPPED = 10;

const FAILURES: FailureCodes<RefreshResultKind> = {
  refreshed: null,
  skipped: null,
  would_refresh: null,
  login_needed: 'login_needed',
  transient: 'provider_unavailable',
  refused: 'client_refused',
  busy: 'busy',
  error: 'unexpected',
};

const WORDS: OutcomeWords<RefreshResultKind> = {
  refreshed: ['refreshed', 'green'],
  skipped: ['skipped', 'dim'],
  would_refresh: ['would be refreshed', 'green'],
  login_needed: ['needs login', 'red'],
  transient: ['failed for now', 'yellow'],
  refused: ['refused', 'red'],
  busy: ['in use', 'yellow'],
  error: ['failed', 'red'],
};

export const refresh: Command<RefreshRequest> = {
  arguments: [
    { name: 'account', description: 'account names or unique prefixes', variadic: true, values: 'account' },
  ],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '--days <days>', description: 'refresh what expires within this many days', defaultText: '7' },
    { flags: '--dry-run', description: 'show what would happen; send and change nothing' },
    {
      flags: '--concurrency <n>',
      description: 'how many requests to send at a time',
      defaultText: String(DEFAULT_CONCURRENCY),
    },
    { flags: '--force', description: 'also refresh tokens that do not expire soon' },
  ],
  examples: {
    'refresh --all --days 3': 'what expires within three days, for cron',
    'refresh --all --dry-run': 'what would happen, and why',
    'refresh google/work --force': 'this one, now',
  },

  parse(raw) {
    const days = text(raw, '--days');
    return {
      ...selection(raw),
      within: days === null ? 7 * DAY : parseDays(days, '--days'),
      force: given(raw, '--force'),
      dryRun: given(raw, '--dry-run'),
      concurrency: wholeNumber(raw, '--concurrency', 1, MAX_CONCURRENCY) ?? DEFAULT_CONCURRENCY,
    };
  },

  async run(ctx, request, io) {
    const { onResult, onPause, stop } = progressOf(request, io);
    printRefresh(await refreshAccounts(ctx, request, onResult, onPause).finally(stop), request, io);
  },
};

/** @throws VaultError `some_failed`, or the failure of a single account */
export function printRefresh(report: RefreshReport, request: RefreshRequest, io: Io): void {
  if (io.json) io.document(reportDocument(report));
  else if (report.results.length === 0) io.say('there is no account to refresh');
  else if (request.dryRun) outcomeTable(report.results, WORDS, io);
  if (!io.json) sayWarnings(report, io);
  // A dry run succeeds, whatever it found.
  if (request.dryRun) return;
  const single = request.selectors.length === 1;
  const summary = () => {
    if (!io.json && report.results.length > 0) sayReport(report, io);
  };
  concludeBulk(report.results, FAILURES, { single, participle: 'refreshed', summary }, io);
}

export function progressOf(request: RefreshRequest, io: Io) {
  const { step, note, stop } = progressOn(io);
  return {
    onResult(result: RefreshResult, _done: number, total: number): void {
      // One account needs no bar, and a failure is printed at the end, with what helps.
      if (request.dryRun || total === 1 || (io.screen === null && FAILURES[result.outcome] !== null)) return;
      step(describe(result, io), total);
    },
    onPause(account: Account, milliseconds: number): void {
      note(`${accountName(account)}: waiting ${formatDuration(milliseconds)}, as the provider asks`);
    },
    stop,
  };
}

function sayReport({ results }: RefreshReport, io: Io): void {
  const [only, second] = results;
  if (only !== undefined && second === undefined) {
    if (FAILURES[only.outcome] !== null) return;
    io.say(describe(only, io));
    sayWhatHelps(only, io);
    return;
  }
  saySkipped(results, io);
  const { refreshed, skipped, failed } = summaryOf(results);
  const logins = results.filter(({ outcome }) => outcome === 'login_needed').length;
  const parts = [
    `${refreshed} refreshed`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(logins > 0 ? [`${logins} ${logins === 1 ? 'needs' : 'need'} a new login`] : []),
    ...(failed > logins ? [`${failed - logins} failed`] : []),
  ];
  io.say(parts.join(', '), failed > 0 ? 'yellow' : 'green');
}

/** Once more on a terminal, where the progress bar has shown them only for a moment. */
function saySkipped(results: readonly RefreshResult[], io: Io): void {
  const skipped = results.filter(({ outcome }) => outcome === 'skipped');
  for (const result of skipped.slice(0, MOST_SKIPPED)) {
    if (io.screen !== null) io.say(describe(result, io), 'dim');
    sayWhatHelps(result, io);
  }
  const more = skipped.length - MOST_SKIPPED;
  if (more > 0 && io.screen !== null) io.say(`and ${more} more skipped`, 'dim');
}

/** Of those that are skipped, only one with an open outcome needs the user. */
function sayWhatHelps({ account, outcome, openSince }: RefreshResult, io: Io): void {
  if (outcome !== 'skipped' || openSince === undefined) return;
  for (const line of hintLines(openHint(account, io.now()))) io.say(line);
}

/** With `--quiet` as well: the next refresh does not repeat them. */
function sayWarnings({ results }: RefreshReport, io: Io): void {
  for (const { account, withdrawnScopes = [], warning } of results) {
    if (warning !== undefined) io.warn(`warning: ${warning}`, 'yellow');
    if (withdrawnScopes.length > 0)
      io.warn(`warning: ${withdrawalWarning(account, withdrawnScopes)}`, 'yellow');
  }
}

function describe({ account, outcome, reason }: RefreshResult, io: Io): string {
  const name = accountName(account);
  if (FAILURES[outcome] !== null && reason.includes(name)) return reason;
  if (outcome !== 'refreshed') {
    const words = `${WORDS[outcome][0]}: ${reason}`;
    return reason.includes(name) ? words : `${name}: ${words}`;
  }
  return account.expiresAt === null
    ? `${name}: refreshed`
    : `${name}: refreshed, expires ${relative(account.expiresAt, io.now())}`;
}

function reportDocument({ results }: RefreshReport) {
  return {
    results: results.map(
      ({ account, outcome, reason, error, withdrawnScopes = [], warning = null, openSince = null }) => ({
        account: accountName(account),
        outcome,
        reason,
        expires_at: rfc3339(account.expiresAt),
        withdrawn_scopes: withdrawnScopes,
        warning,
        open_since: rfc3339(openSince),
        error: error === null ? null : errorDocument(error),
      }),
    ),
    summary: summaryOf(results),
  };
}

function summaryOf(results: readonly RefreshResult[]) {
  const number = (test: (outcome: RefreshResultKind) => boolean) =>
    results.filter((result) => test(result.outcome)).length;
  return {
    refreshed: number((outcome) => outcome === 'refreshed'),
    skipped: number((outcome) => outcome === 'skipped'),
    failed: number((outcome) => FAILURES[outcome] !== null),
    would_refresh: number((outcome) => outcome === 'would_refresh'),
  };
}
