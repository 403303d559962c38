import type { KeySources } from '../../access/key-sources-rest.js';
import { holdingVault, VAULT_LOCK_TIMEOUT } from '../../access/vault-lock.js';
import { unlockAudited } from '../../access/with-keyring.js';
import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { count } from '../../domain/wording.js';
import type { MasterKeyRow, VaultHead } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill } from '../../stores/spill.js';
import { dataKeyIds } from '../../vault/data-keys.js';
import type { DataKeyRotation, OpenMaster } from '../../vault/data-rotation.js';
import { storeAllWaiting } from '../login/waiting-logins.js';
import { type KeysContext, requireStore } from './changes.js';

/** Accounts that are sealed under new keys in one commit, and locked meanwhile. */
const BATCH = 50;

export interface RotateDataContext extends KeysContext, Pick<Context, 'vault' | 'interruption'> {
  readonly keys: KeysContext['keys'] & Pick<KeySources, 'usual'>;
  spill(): Promise<Pick<Spill, 'find' | 'all'>>;
}

export interface RotatedDataKeys {
  /** How many accounts this run has sealed under the new keys. */
  readonly accounts: number;
  /** This run has finished an interrupted one. */
  readonly resumed: boolean;
  /** Ids of the old data keys. */
  readonly dropped: readonly number[];
  /** Ids of the new data keys. */
  readonly dataKeys: readonly number[];
  /** When those were made: by the interrupted run, if this one has resumed it. */
  readonly madeAt: number;
}

/**
 * Replaces the data keys, or finishes what an interrupted run has begun: the new keys are written into the vault, every
 * account is sealed under them in batches, and when nothing needs the old keys any more they are deleted. The vault works
 * for every process meanwhile.
 *
 * @param report called after each batch with the accounts done so far and how many there are
 * @throws VaultError the vault's own codes; `key_unavailable` when a master key that has to wrap the new keys is not
 * available; `busy` when something still needs the old keys, which then stay
 */
export async function rotateDataKeys(
  ctx: RotateDataContext,
  report: (done: number, total: number) => void,
): Promise<RotatedDataKeys> {
  const store = await requireStore(ctx.access);
  const rotate = async () => {
    const head = await store.head();
    const vault = await ctx.vault();
    if (vault === null) throw new Error('the vault has vanished');
    const rotation = await vault.rotation();
    const resumed = dataKeyIds(head).replaced.length > 0;
    if (!resumed) await begin(ctx, head, rotation);
    const accounts = await sealEverything(ctx, rotation, report).catch(async (failure: unknown) => {
      if (!(failure instanceof VaultError && isInterruption(failure))) throw failure;
      throw stopped(failure, (await store.accounts()).length, (await rotation.behind()).length);
    });
    await storeSpilled(ctx);
    const { replaced: dropped } = dataKeyIds(await store.head());
    const event = { event: 'data_keys_replaced', accounts } as const;
    if (!(await rotation.finish(event))) throw stillNeeded();
    ctx.audit.record(event, 'chained');
    const after = await store.head();
    return { accounts, resumed, dropped, dataKeys: dataKeyIds(after).newest, madeAt: madeAt(after) };
  };
  return holdingVault(ctx, rotate, ctx.interruption);
}

function madeAt({ wrappedKeys }: VaultHead): number {
  return Math.max(...wrappedKeys.map(({ createdAt }) => createdAt));
}

async function begin(ctx: RotateDataContext, head: VaultHead, rotation: DataKeyRotation): Promise<void> {
  const masters: OpenMaster[] = [];
  try {
    for (const row of head.masterKeys) masters.push({ row, master: await masterOf(ctx, head, row) });
    const event = { event: 'data_keys_added' } as const;
    await rotation.begin(masters, event);
    ctx.audit.record(event, 'chained');
  } finally {
    for (const { master } of masters) master.fill(0);
  }
}

/** Every master key has to wrap the new data keys, or it would no longer open the vault. */
async function masterOf(ctx: RotateDataContext, head: VaultHead, row: MasterKeyRow): Promise<Uint8Array> {
  const inUse = await ctx.keys.current();
  const isInUse = inUse.kind === row.source;
  const source = isInUse ? inUse : await ctx.keys.usual(row.source);
  if (source === null) throw notAvailable(row, null);
  try {
    const { master, keyring } = await unlockAudited(
      ctx.audit,
      ctx.paths.database,
      { ...head, masterKeys: [row] },
      source,
    );
    keyring.wipe();
    return master;
  } catch (failure) {
    if (isInUse || !(failure instanceof VaultError) || failure.exitCode !== notAvailable(row, null).exitCode)
      throw failure;
    throw notAvailable(row, failure);
  }
}

function notAvailable({ source }: MasterKeyRow, why: VaultError | null): VaultError {
  return new VaultError(
    'key_unavailable',
    `all master keys of the vault are needed to replace the data keys, but the one in the source ${source} is not available${why === null ? '' : `: ${why.message}`}`,
    {
      hint: [
        ...(source === 'passphrase'
          ? [
              'name a private file that holds its passphrase:',
              `VAULT_PASSPHRASE_FILE=/path/to/passphrase ${rotateCommand()}`,
            ]
          : []),
        'run it on a machine that has that key, or remove the key and add it again afterwards:',
        command(`key remove ${source}`),
        rotateCommand(),
        command(`key add ${source === 'command' ? 'command -- …' : source}`),
      ].join('\n'),
      ...(why !== null && { cause: why }),
    },
  );
}

/** @returns how many accounts were sealed under the new keys */
async function sealEverything(
  ctx: RotateDataContext,
  rotation: DataKeyRotation,
  report: (done: number, total: number) => void,
): Promise<number> {
  const unreadable = new Map<string, Account>();
  let done = 0;
  // Begins again for accounts that were being refreshed, or that another process has sealed under the old keys meanwhile.
  for (let timeout = 0; ; timeout = VAULT_LOCK_TIMEOUT) {
    const behind = await rotation.behind();
    const before = done;
    for (let at = 0; at < behind.length; at += BATCH) {
      ctx.interruption.throwIfAborted();
      const batch = await sealBatch(ctx, rotation, behind.slice(at, at + BATCH), timeout);
      done += batch.done;
      for (const account of batch.unreadable) unreadable.set(account.id, account);
      report(done, before + behind.length);
    }
    if (behind.length === 0) return done;
    if (done > before || timeout === 0) continue;
    throw unreadable.size > 0 ? cannotBeOpened([...unreadable.values()]) : stillNeeded();
  }
}

/** @param timeout 0: skips accounts that are being refreshed */
async function sealBatch(
  { locks, interruption }: { readonly locks: Locks; readonly interruption: AbortSignal },
  rotation: DataKeyRotation,
  accountIds: readonly string[],
  timeout: number,
) {
  const held: { readonly id: string; release(): Promise<void> }[] = [];
  try {
    for (const id of accountIds) {
      try {
        const { release } = await locks.acquire(id, timeout, interruption);
        held.push({ id, release });
      } catch (failure) {
        if (timeout > 0 || !(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
      }
    }
    return await rotation.reseal(held.map(({ id }) => id));
  } finally {
    for (const { release } of held) await release();
  }
}

function cannotBeOpened(accounts: readonly Account[]): VaultError {
  const names = accounts.map(accountName).join(', ');
  const forget = accounts.map((account) => command(`revoke ${shellName(account)} --local`));
  return new VaultError(
    'vault_damaged',
    `the old data keys cannot be deleted yet: these accounts still need them and cannot be opened: ${names}`,
    { hint: ['remove these accounts here, then continue:', ...forget, rotateCommand()].join('\n') },
  );
}

/**
 * Stores the spilled answers: they may hold the only refresh token of a grant, and only the old data keys open them. An
 * answer that those do not open either is lost already.
 *
 * @throws VaultError when an answer cannot be stored: then the old data keys stay
 */
async function storeSpilled(ctx: RotateDataContext): Promise<void> {
  const spill = await ctx.spill();
  const [failed] = await storeAllWaiting({ ...ctx, spill }, VAULT_LOCK_TIMEOUT);
  if (failed === undefined) return;
  const { account, error } = failed;
  throw new VaultError(
    error.code,
    `kept the old data keys: new tokens of ${accountName(account)} could not be stored yet, and only the old keys can open them: ${error.message}`,
    { hint: `${command(`refresh ${shellName(account)}`)}\n${rotateCommand()}`, cause: error },
  );
}

/** @param behind accounts that only the old data keys open */
function stopped({ code }: VaultError, accounts: number, behind: number): VaultError {
  return new VaultError(
    code,
    `the new data keys are in use for ${accounts - behind} of ${count(accounts, 'account')}; the old keys are kept for the rest`,
    { hint: rotateCommand() },
  );
}

function stillNeeded(): VaultError {
  return new VaultError(
    'busy',
    'another process used the old data keys meanwhile, so they are kept for now',
    { hint: rotateCommand() },
  );
}

function rotateCommand(): string {
  return command('key rotate --data');
}
