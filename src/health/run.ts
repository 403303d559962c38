import { withDeadline } from '../domain/async.js';
import { formatDuration, SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, NotLookedAt, problem, problemOf, skipped, warning } from '../domain/finding.js';
import type { Check, HealthDeps } from './contract.js';

/** How long one check may take. All of them run at once. */
const PATIENCE = 12 * SECOND;

export interface CheckResult {
  readonly check: Pick<Check, 'name' | 'title' | 'group'>;
  readonly findings: readonly Finding[];
}

/**
 * Runs all checks, none of which can keep another from running.
 *
 * @param onDone told of each as it ends
 * @returns in the order of the checks
 */
export function runChecks(
  checks: readonly Check[],
  deps: HealthDeps,
  signal: AbortSignal,
  onDone: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  return Promise.all(
    checks.map(async (check) => {
      const result = { check, findings: await runOne(check, deps, signal) };
      onDone(result);
      return result;
    }),
  );
}

async function runOne(check: Check, deps: HealthDeps, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return await withDeadline(deps.clock, PATIENCE, check.run(deps), tooSlow, signal);
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof NotLookedAt) return [skipped(failure.message)];
    if (failure instanceof VaultError) return [problemOf(failure)];
    // The message of a failure that is not ours may quote anything.
    const kind = failure instanceof Error ? ` (${failure.name})` : '';
    return [
      problem('unexpected', `this check itself failed${kind}`, 'report it: vault doctor --json --verbose'),
    ];
  }
}

function tooSlow(): readonly Finding[] {
  const message = `it did not come to an end within ${formatDuration(PATIENCE)}`;
  return [warning(message, 'try again when the machine and the network are less busy: vault doctor')];
}
