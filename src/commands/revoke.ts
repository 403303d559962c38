import { type Account, accountName } from '../domain/account.js';
import { errorDocument, VaultError } from '../domain/errors.js';
import { count } from '../domain/wording.js';
import type {
  RevokeReport,
  RevokeRequest,
  RevokeResult,
  RevokeResultKind,
  UseCases,
} from '../services/contract.js';
import type { Io } from '../ui/io.js';
import { concludeBulk, type FailureCodes, outcomeTable, SELECTION_OPTIONS, selection } from './bulk.js';
import type { Command } from './spec.js';
import { given } from './spec.js';

const NAMED_IN_QUESTION = 10;

const FAILURES: FailureCodes<RevokeResultKind> = {
  revoked: null,
  forgotten: null,
  would_revoke: null,
  transient: 'provider_unavailable',
  refused: 'client_refused',
};

interface RevokeInput {
  readonly request: RevokeRequest;
  readonly yes: boolean;
}

/** Takes access back: at the provider first, then here. */
export const revoke: Command<RevokeInput> = {
  name: 'revoke',
  summary: 'take access back at the provider and forget it here',
  arguments: [{ name: 'account', description: 'names, or unique beginnings of names', variadic: true }],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '--dry-run', description: 'say what would happen; send nothing, change nothing' },
    { flags: '--local', description: 'forget it here even if the provider cannot be told' },
    { flags: '--yes', description: 'do not ask' },
  ],
  examples: [
    { line: 'vault revoke google/work', says: 'asks first' },
    { line: 'vault revoke --all --dry-run', says: 'what would happen' },
    { line: 'vault revoke notion --local --yes', says: 'forget it here, without a question' },
  ],

  parse(raw) {
    return {
      request: {
        ...selection(raw, 'vault revoke google/work'),
        dryRun: given(raw, '--dry-run'),
        local: given(raw, '--local'),
      },
      yes: given(raw, '--yes'),
    };
  },

  async run(useCases, { request, yes }, io) {
    const confirmed = yes || request.dryRun ? request : await confirm(useCases, request, io);
    const report = await useCases.revoke(confirmed);
    const { results } = report;
    if (io.json) io.document(reportDocument(report));
    else if (results.length === 0) io.say('there is no account to revoke');
    else if (request.dryRun) outcomeTable(results, io);
    else for (const result of results) sayResult(result, io);
    if (request.dryRun) return;
    const single = request.selectors.length === 1;
    concludeBulk(results, FAILURES, { single, participle: 'revoked' }, io);
  },
};

/**
 * @returns a request for exactly the accounts a person said yes to, so that one added meanwhile is not caught by `--all`
 */
async function confirm(useCases: UseCases, request: RevokeRequest, io: Io): Promise<RevokeRequest> {
  if (!io.interactive) {
    throw new VaultError('usage', 'there is nobody to ask, and a revocation cannot be undone', {
      hint: 'add --yes to go ahead, or --dry-run to see what would happen',
    });
  }
  const targets = await useCases.revocationTargets(request);
  if (targets.length === 0) return request;
  if (!(await io.confirm(question(targets, request.local)))) {
    throw new VaultError('interrupted', 'not confirmed, so nothing was revoked');
  }
  return { ...request, selectors: targets.map(accountName), all: false, provider: null };
}

function question(targets: readonly Account[], local: boolean): string {
  const verb = local ? 'Revoke, or at least forget here,' : 'Revoke';
  const [only, second] = targets.map(accountName);
  if (second === undefined) return `${verb} ${only}? Whatever uses it loses access.`;
  const named = targets.slice(0, NAMED_IN_QUESTION).map(accountName).join(', ');
  const more = targets.length > NAMED_IN_QUESTION ? ` and ${targets.length - NAMED_IN_QUESTION} more` : '';
  return `${verb} ${count(targets.length, 'account')} (${named}${more})? Whatever uses them loses access.`;
}

function sayResult({ account, outcome, reason, manageUrl }: RevokeResult, io: Io): void {
  if (FAILURES[outcome] !== null) return;
  io.say(`${accountName(account)}: ${outcome}: ${reason}`, outcome === 'revoked' ? 'green' : 'yellow');
  if (outcome === 'forgotten' && manageUrl !== null) io.say(`  remove the grant itself at ${manageUrl}`);
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
