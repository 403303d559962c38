import { type Account, accountName } from '../../domain/account.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import { shellName } from '../../domain/hints.js';
import { count } from '../../domain/wording.js';
import type { KeySource } from '../../keysources/contract.js';
import type { MasterKeyRow, VaultHead } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill } from '../../stores/spill.js';
import type { DataKeyRotation, OpenMaster } from '../../vault/data-rotation.js';
import { dataKeyIds } from '../../vault/master-key.js';
import type { Vault } from '../../vault/vault.js';
import { takeInAll } from '../login/waiting-logins.js';
import type { RotatedDataKeys } from './key-changes-contract.js';
import { holdingVault, type KeysDeps, PATIENCE, present } from './keys.js';
import { unlockNoting } from './unlock.js';

const PASSPHRASE_FILE = [
  'name a private file that holds its passphrase:',
  'VAULT_PASSPHRASE_FILE=/path/to/passphrase vault key rotate --data',
];
/** Accounts that are sealed anew in one commit, and held against refreshes meanwhile. */
const BATCH = 50;

export interface RotateDataDeps extends KeysDeps {
  readonly vault: () => Promise<Vault | null>;
  /** Where this machine would look for a master key of this kind; null: it has to be named. */
  readonly usualSource: (kind: string) => Promise<KeySource | null>;
  readonly spill: Pick<Spill, 'find' | 'all'>;
  readonly interruption: AbortSignal;
}

/**
 * Puts new data keys in the place of the old ones, or goes on where an earlier run was cut off: the new keys come into the
 * vault, every account is sealed anew in batches, and when nothing needs the old keys any more they go. The vault works for
 * every process all the while.
 *
 * @param report called after each batch with the accounts done so far and how many there are
 * @throws VaultError as {@link KeyChangeUseCases.rotateDataKeys}
 */
export async function rotateDataKeys(
  deps: RotateDataDeps,
  report: (done: number, total: number) => void,
): Promise<RotatedDataKeys> {
  const store = await present(deps);
  const rotate = async () => {
    const head = await store.head();
    const vault = await deps.vault();
    if (vault === null) throw new Error('the vault was there a moment ago');
    const rotation = await vault.rotation();
    const resumed = dataKeyIds(head).replaced.length > 0;
    if (!resumed) await begin(deps, head, rotation);
    const accounts = await sealEverything(deps, rotation, report).catch(async (failure: unknown) => {
      if (!(failure instanceof VaultError && isInterruption(failure))) throw failure;
      throw stopped(failure, (await store.accounts()).length, (await rotation.behind()).length);
    });
    await takeInWaiting(deps);
    const { replaced: dropped } = dataKeyIds(await store.head());
    const event = { event: 'data_keys_replaced', accounts } as const;
    if (!(await rotation.finish(event))) throw stillNeeded();
    deps.audit.record(event, 'chained');
    const after = await store.head();
    return { accounts, resumed, dropped, dataKeys: dataKeyIds(after).newest, madeAt: madeAt(after) };
  };
  return holdingVault(deps, rotate, deps.interruption);
}

function madeAt({ wrappedKeys }: VaultHead): number {
  return Math.max(...wrappedKeys.map(({ createdAt }) => createdAt));
}

async function begin(deps: RotateDataDeps, head: VaultHead, rotation: DataKeyRotation): Promise<void> {
  const masters: OpenMaster[] = [];
  try {
    for (const row of head.masterKeys) masters.push({ row, master: await masterOf(deps, head, row) });
    const event = { event: 'data_keys_added' } as const;
    await rotation.begin(masters, event);
    deps.audit.record(event, 'chained');
  } finally {
    for (const { master } of masters) master.fill(0);
  }
}

/** Every master key has to wrap the new data keys, or it would not open the vault any more. */
async function masterOf(deps: RotateDataDeps, head: VaultHead, row: MasterKeyRow): Promise<Uint8Array> {
  const inUse = await deps.present();
  const isInUse = inUse.kind === row.source;
  const source = isInUse ? inUse : await deps.usualSource(row.source);
  if (source === null) throw outOfReach(row, null);
  try {
    const { master, keyring } = await unlockNoting(deps, { ...head, masterKeys: [row] }, source);
    keyring.wipe();
    return master;
  } catch (failure) {
    if (isInUse || !(failure instanceof VaultError) || failure.exitCode !== outOfReach(row, null).exitCode)
      throw failure;
    throw outOfReach(row, failure);
  }
}

function outOfReach({ source }: MasterKeyRow, why: VaultError | null): VaultError {
  return new VaultError(
    'key_unavailable',
    `new data keys have to be wrapped by every master key of the vault, and the one in the source ${source} is out of reach here${why === null ? '' : `: ${why.message}`}`,
    {
      hint: [
        ...(source === 'passphrase' ? PASSPHRASE_FILE : []),
        'run it where that key is at hand, or take it out and add it again afterwards:',
        `vault key remove ${source}`,
        'vault key rotate --data',
        `vault key add ${source === 'command' ? 'command -- …' : source}`,
      ].join('\n'),
      ...(why !== null && { cause: why }),
    },
  );
}

/** @returns how many accounts were sealed anew */
async function sealEverything(
  deps: RotateDataDeps,
  rotation: DataKeyRotation,
  report: (done: number, total: number) => void,
): Promise<number> {
  const unreadable = new Map<string, Account>();
  let done = 0;
  // Begins again for accounts that were being refreshed, or that another process has sealed under the old keys meanwhile.
  for (let patience = 0; ; patience = PATIENCE) {
    const behind = await rotation.behind();
    const before = done;
    for (let at = 0; at < behind.length; at += BATCH) {
      deps.interruption.throwIfAborted();
      const batch = await sealBatch(deps, rotation, behind.slice(at, at + BATCH), patience);
      done += batch.done;
      for (const account of batch.unreadable) unreadable.set(account.id, account);
      report(done, before + behind.length);
    }
    if (behind.length === 0) return done;
    if (done > before || patience === 0) continue;
    throw unreadable.size > 0 ? cannotBeOpened([...unreadable.values()]) : stillNeeded();
  }
}

/** @param patience with 0 an account that is being refreshed is left for later */
async function sealBatch(
  { locks, interruption }: { readonly locks: Locks; readonly interruption: AbortSignal },
  rotation: DataKeyRotation,
  accountIds: readonly string[],
  patience: number,
) {
  const held: { readonly id: string; release(): Promise<void> }[] = [];
  try {
    for (const id of accountIds) {
      try {
        const { release } = await locks.acquire(id, patience, interruption);
        held.push({ id, release });
      } catch (failure) {
        if (patience > 0 || !(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
      }
    }
    return await rotation.reseal(held.map(({ id }) => id));
  } finally {
    for (const { release } of held) await release();
  }
}

function cannotBeOpened(accounts: readonly Account[]): VaultError {
  const names = accounts.map(accountName).join(', ');
  const forget = accounts.map((account) => `vault revoke ${shellName(account)} --local`);
  return new VaultError(
    'vault_damaged',
    `the new data keys seal everything but what does not open: ${names}; the old ones stay until that is gone`,
    {
      hint: ['forget what does not open, and go on:', ...forget, 'vault key rotate --data'].join('\n'),
    },
  );
}

/**
 * What could not be stored waits outside the database, may be all there is of a grant, and opens under the old data keys alone.
 * What does not open under them either loses nothing with them.
 *
 * @throws VaultError when something cannot be stored: then the old data keys stay
 */
async function takeInWaiting(deps: RotateDataDeps): Promise<void> {
  const [failed] = await takeInAll(deps, PATIENCE);
  if (failed === undefined) return;
  const { account, error } = failed;
  throw new VaultError(
    error.code,
    `an answer for ${accountName(account)} waits beside the vault and needs the old data keys, which stay until it is stored: ${error.message}`,
    { hint: `vault refresh ${shellName(account)}\nvault key rotate --data`, cause: error },
  );
}

/** @param behind accounts that only the old data keys open */
function stopped({ code }: VaultError, accounts: number, behind: number): VaultError {
  return new VaultError(
    code,
    `${code}: the new data keys are in use, with ${accounts - behind} of ${count(accounts, 'account')} sealed anew; the old ones stay for the others`,
    { hint: 'vault key rotate --data' },
  );
}

function stillNeeded(): VaultError {
  return new VaultError(
    'busy',
    'something was sealed under the old data keys meanwhile, so they stay for now',
    {
      hint: 'vault key rotate --data',
    },
  );
}
