import { join } from 'node:path';
import { random } from '../crypto/derive.js';
import type { Audit, AuditEvent } from '../domain/audit-events.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { KeySource } from '../keysources/contract.js';
import type { Store, StoreFactory } from '../stores/contract.js';
import type { Locks } from '../stores/locks.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Clock, Files, Paths } from '../system/contract.js';
import { masterReference } from '../vault/master-key.js';
import { newVault } from '../vault/new-vault.js';
import { lineOf, type VaultEvents } from '../vault/queued-events.js';
import { establishMaster, type ReadBack, readBackFrom, undone } from './new-key.js';
import { holdingVault } from './vault-lock.js';

const VAULT_ID_BYTES = 16;

export interface NewVaultDeps {
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Events that wait for the vault's trail; left out: none. */
  readonly events?: VaultEvents;
  /** Writes the key source into the configuration. @returns undoes that; null when it was written there already */
  readonly rememberKeySource: (source: KeySource) => Promise<(() => void) | null>;
  /** Left out: from the source that made the key. */
  readonly readBack?: ReadBack;
  readonly marks: () => Promise<RollbackMarks>;
}

/**
 * Makes a key and a vault for it. Two first runs at once must not each make a key: the slower one would hold a key that is
 * stored nowhere. So everything from the check for a vault to the finished file happens under one lock, and the key is read
 * back from its source before anything is sealed with it.
 *
 * @throws VaultError `vault_exists`; the source's and the store's codes
 */
export async function makeVault(deps: NewVaultDeps, source: KeySource): Promise<Store> {
  deps.files.ensureFolder(deps.paths.data);
  return holdingVault(deps, async () => {
    if (await deps.factory.exists()) {
      throw new VaultError('vault_exists', `a vault already exists at ${deps.paths.database}`, {
        hint: `${command('list')}\n${command('key status')}`,
      });
    }
    return createWith(deps, source);
  });
}

async function createWith(deps: NewVaultDeps, source: KeySource): Promise<Store> {
  const vaultId = random(VAULT_ID_BYTES);
  const made = await establishMaster(source, masterReference(vaultId, 1), deps.readBack ?? readBackFrom);
  let undoConfiguration: (() => void) | null = null;
  let mark: string | null = null;
  try {
    const marks = await deps.marks();
    undoConfiguration = await deps.rememberKeySource(source);
    const events: readonly AuditEvent[] = [
      { event: 'vault_created', key_source: source.kind },
      ...(undoConfiguration === null
        ? []
        : [{ event: 'configuration_changed', what: 'key_source' } as const]),
    ];
    const fresh = newVault({
      vaultId,
      source: source.kind,
      master: made.master,
      parameters: made.parameters,
      now: deps.clock.now(),
      where: marks.where,
      lines: events.map((event) => lineOf(deps.events, event)).filter((line) => line !== null),
    });
    mark = join(marks.folder, fresh.mark.name);
    const { name, bytes } = fresh.mark;
    const store = await deps.factory.create(fresh.head, () => marks.create(name, bytes));
    for (const event of events) deps.audit.record(event, 'chained');
    return store;
  } catch (failure) {
    const isAnothers = failure instanceof VaultError && failure.code === 'vault_exists';
    const exists = await deps.factory.exists();
    // Once the database has its name, the key is the one that opens it: nothing is undone.
    if (exists && !isAnothers) throw failure;
    undoConfiguration?.();
    // A mark without a vault would mean that a vault has vanished.
    if (mark !== null && !exists) deps.files.remove(mark);
    throw await undone(made, failure);
  } finally {
    made.master.fill(0);
  }
}
