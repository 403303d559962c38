import { type Account, accountName } from '../domain/account.js';
import { errorDocument } from '../domain/error-forms.js';
import { VaultError } from '../domain/errors.js';
import { count } from '../domain/wording.js';
import {
  type RevokeReport,
  type RevokeRequest,
  type RevokeResult,
  type RevokeResultKind,
  revocationTargets,
  revokeAccounts,
} from '../services/revoke/revoke.js';
import type { Io } from '../ui/io.js';
import {
  concludeBulk,
  type FailureCodes,
  type OutcomeWords,
  outcomeTable,
  SELECTION_OPTIONS,
  selection,
} from './bulk.js';
import type { Command } from './spec.js';
import { given } from './spec.js';
import { warnStillConnected } from './still-connected.js';

const NAMED_IN_QUESTION = 10;

const FAILURES: FailureCodes<RevokeResultKind> = {
  revoked: null,
  forgotten: null,
  would_revoke: null,
  transient: 'provider_unavailable',
  refused: 'client_refused',
};

const WORDS: OutcomeWords<RevokeResultKind> = {
  revoked: ['revoked', 'green'],
  forgotten: ['removed here', 'yellow'],
  would_revoke: ['would be revoked', 'green'],
  transient: ['failed for now', 'yellow'],
  refused: ['refused', 'red'],
};

interface RevokeInput {
  readonly request: RevokeRequest;
  readonly yes: boolean;
}

export const revoke: Command<RevokeInput> = {
  arguments: [
    { name: 'account', description: 'account names or unique prefixes', variadic: true, values: 'account' },
  ],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '--dry-run', description: 'show what would happen; send and change nothing' },
    {
      flags: '--local',
      description: 'remove the account here even if the provider cannot be reached or refuses',
    },
    { flags: '--yes', description: 'do not ask' },
  ],
  examples: {
    'revoke google/work': 'asks first',
    'revoke --all --dry-run': 'what would happen',
    'revoke notion --local --yes': 'remove the account here without asking',
  },

  parse(raw) {
    return {
      request: {
        ...selection(raw),
        dryRun: given(raw, '--dry-run'),
        local: given(raw, '--local'),
      },
      yes: given(raw, '--yes'),
    };
  },

  async run(ctx, { request, yes }, io) {
    const confirmed =
      yes || request.dryRun ? request : await confirm(() => revocationTargets(ctx, request), request, io);
    const { aliases } = await ctx.accountNames();
    const report = await revokeAccounts(ctx, confirmed);
    const removed = report.results.filter(({ outcome }) => outcome === 'revoked' || outcome === 'forgotten');
    const gone = removed.map(({ account }) => accountName(account));
    const former = Object.keys(aliases).filter((alias) => gone.includes(aliases[alias] ?? ''));
    try {
      printRevocation(report, request, io);
    } finally {
      warnStillConnected(ctx, [...gone, ...former], io);
    }
  },
};

/** @param request as it was typed @throws VaultError `some_failed`, or the failure of a single account */
export function printRevocation(report: RevokeReport, request: RevokeRequest, io: Io): void {
  const { results } = report;
  if (io.json) io.document(reportDocument(report));
  else if (results.length === 0) io.say('there is no account to revoke');
  else if (request.dryRun) outcomeTable(results, WORDS, io);
  else for (const result of results) sayResult(result, io);
  if (request.dryRun) return;
  const single = request.selectors.length === 1;
  concludeBulk(results, FAILURES, { single, participle: 'revoked' }, io);
}

/** @returns a request for exactly the confirmed accounts, so that `--all` does not include one that is added meanwhile */
export async function confirm(
  find: () => Promise<readonly Account[]>,
  request: RevokeRequest,
  io: Io,
): Promise<RevokeRequest> {
  if (!io.interactive) {
    throw new VaultError('usage', 'a revocation cannot be undone, and this is not a terminal to confirm it', {
      hint: 'add --yes to go ahead, or --dry-run to see what would happen',
    });
  }
  const targets = await find();
  if (targets.length === 0) return request;
  if (!(await io.confirm(question(targets, request.local)))) {
    throw new VaultError('interrupted', 'not confirmed, so nothing was revoked');
  }
  return { ...request, selectors: targets.map(accountName), all: false, provider: null };
}

function question(targets: readonly Account[], local: boolean): string {
  const verb = local ? 'Revoke, or at least remove here,' : 'Revoke';
  const [only, second] = targets.map(accountName);
  if (second === undefined) return `${verb} ${only}? Everything that uses it loses access.`;
  const named = targets.slice(0, NAMED_IN_QUESTION).map(accountName).join(', ');
  const more = targets.length > NAMED_IN_QUESTION ? ` and ${targets.length - NAMED_IN_QUESTION} more` : '';
  return `${verb} ${count(targets.length, 'account')} (${named}${more})? Everything that uses them loses access.`;
}

function sayResult({ account, outcome, reason, manageUrl }: RevokeResult, io: Io): void {
  if (FAILURES[outcome] !== null) return;
  io.say(`${accountName(account)}: ${reason}`, outcome === 'revoked' ? 'green' : 'yellow');
  if (outcome === 'forgotten' && manageUrl !== null) io.say(`  revoke the grant itself at ${manageUrl}`);
}

function reportDocument({ results }: RevokeReport) {
  return {
    results: results.map(({ account, outcome, reason, manageUrl, error }) => ({
      account: accountName(account),
      outcome,
      reason,
      manage_url: manageUrl,
      error: error === null ? null : errorDocument(error),
    })),
  };
}
