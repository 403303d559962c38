import { SECOND } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, NotChecked, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { withDeadline } from '../domain/waiting.js';
import { abuse } from './abuse.js';
import { clients } from './clients.js';
import { clock } from './clock.js';
import { configuration } from './configuration.js';
import type { Check, HealthContext } from './contract.js';
import { database } from './database.js';
import { disk } from './disk.js';
import { endpoints } from './endpoints.js';
import { git } from './git.js';
import { grants } from './grants.js';
import { integrity } from './integrity.js';
import { keyChanges, keychain, keySource } from './keys.js';
import { addon, node } from './node.js';
import { permissions } from './permissions.js';
import { redirect } from './redirect.js';
import { notify, scheduler } from './unattended.js';

/** In the order of the report. To add a check: a constant in a file beside this one, and a line here. */
export const CHECKS: readonly Check[] = [
  configuration,
  permissions,
  disk,
  keySource,
  keychain,
  database,
  integrity,
  keyChanges,
  abuse,
  clients,
  endpoints,
  redirect,
  grants,
  scheduler,
  notify,
  clock,
  node,
  addon,
  git,
];

/** The limit for one check; all run at once. */
const CHECK_TIMEOUT = 12 * SECOND;

export interface CheckResult {
  readonly check: Pick<Check, 'name' | 'title' | 'group'>;
  readonly findings: readonly Finding[];
}

/**
 * Runs all checks at once; a failing or hanging check does not affect the others.
 *
 * @param onDone called as each check ends
 * @returns in the order of the checks
 */
export function runChecks(
  checks: readonly Check[],
  ctx: HealthContext,
  signal: AbortSignal,
  onDone: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  return Promise.all(
    checks.map(async (check) => {
      const result = { check, findings: await runOne(check, ctx, signal) };
      onDone(result);
      return result;
    }),
  );
}

async function runOne(check: Check, ctx: HealthContext, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return await withDeadline(ctx.clock, CHECK_TIMEOUT, check.run(ctx), tooSlow, signal);
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof NotChecked) return [skipped(failure.message)];
    if (failure instanceof VaultError) return [problemOf(failure)];
    // The message of a foreign failure may quote a secret.
    const kind = failure instanceof Error ? ` (${failure.name})` : '';
    const remedy = `report it with the output of: ${command('doctor --json --verbose')}`;
    return [problem('unexpected', `this check itself failed${kind}`, remedy)];
  }
}

function tooSlow(): readonly Finding[] {
  const message = `the check did not end within ${formatDuration(CHECK_TIMEOUT)}`;
  const remedy = `try again when the machine and the network are less busy: ${command('doctor')}`;
  return [warning(message, remedy)];
}
