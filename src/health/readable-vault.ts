import { type Finding, NotLookedAt, skipped } from '../domain/finding.js';
import type { Store } from '../stores/contract.js';
import type { HealthDeps } from './contract.js';

/**
 * The vault's rows, for a check that is about what stands in them.
 *
 * @returns a finding instead, where there is no vault or its schema is not this version's; the check `database` says more
 * @throws NotLookedAt when the database cannot be read
 */
export async function readableVault(deps: Pick<HealthDeps, 'inspect'>): Promise<Store | Finding> {
  const inspection = await deps.inspect().catch(() => {
    throw new NotLookedAt('the database cannot be read');
  });
  if (inspection === null) return skipped('there is no vault yet');
  const { isVault, schemaVersion, knownVersion, store } = inspection;
  return isVault && schemaVersion === knownVersion ? store : skipped('the database has another form');
}
