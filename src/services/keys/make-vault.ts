import { join } from 'node:path';
import type { AuditEvent } from '../../audit/events.js';
import { random } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { Store } from '../../stores/contract.js';
import { masterReference } from '../../vault/master-key.js';
import { newVault } from '../../vault/new-vault.js';
import { lineOf } from '../../vault/queued-events.js';
import { holdingVault } from './keys.js';
import { establishMaster, readBackFrom, undone } from './new-master.js';
import type { VaultAccessDeps } from './vault-access.js';

const VAULT_ID_BYTES = 16;

/**
 * Makes a key and a vault for it. Two first runs at once must not each make a key: the slower one would hold a key that is
 * stored nowhere. So everything from the first look to the finished file happens under one lock, and the key is read back
 * from its source before anything is sealed with it.
 *
 * @throws VaultError `vault_exists`; the source's and the store's codes
 */
export async function makeVault(deps: VaultAccessDeps, source: KeySource): Promise<Store> {
  deps.files.ensureFolder(deps.paths.data);
  return holdingVault(deps, async () => {
    if (await deps.factory.exists()) {
      throw new VaultError('vault_exists', `a vault already exists at ${deps.paths.database}`, {
        hint: 'vault list\nvault key status',
      });
    }
    return createWith(deps, source);
  });
}

async function createWith(deps: VaultAccessDeps, source: KeySource): Promise<Store> {
  const vaultId = random(VAULT_ID_BYTES);
  const made = await establishMaster(source, masterReference(vaultId, 1), deps.readBack ?? readBackFrom);
  let putBack: (() => void) | null = null;
  let marked: string | null = null;
  try {
    const marks = await deps.marks();
    putBack = await deps.rememberKeySource(source);
    const said: readonly AuditEvent[] = [
      { event: 'vault_created', key_source: source.kind },
      ...(putBack === null ? [] : [{ event: 'configuration_changed', what: 'key_source' } as const]),
    ];
    const { head, mark } = newVault({
      vaultId,
      source: source.kind,
      master: made.master,
      parameters: made.parameters,
      now: deps.clock.now(),
      where: marks.where,
      lines: said.map((event) => lineOf(deps.events, event)).filter((line) => line !== null),
    });
    marked = join(marks.folder, mark.name);
    const store = await deps.factory.create(head, () => marks.create(mark.name, mark.bytes));
    for (const event of said) deps.audit.record(event, 'chained');
    return store;
  } catch (failure) {
    const isAnothers = failure instanceof VaultError && failure.code === 'vault_exists';
    const exists = await deps.factory.exists();
    // What failed after the database had got its name takes nothing back: the key is the one that opens it.
    if (exists && !isAnothers) throw failure;
    putBack?.();
    // A mark without a vault would say that there was one.
    if (marked !== null && !exists) deps.files.remove(marked);
    throw await undone(made, failure);
  } finally {
    made.master.fill(0);
  }
}
