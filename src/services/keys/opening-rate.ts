import { WRONG_PASSPHRASES, wrongPassphrases } from '../../audit/abuse.js';
import { VaultError } from '../../domain/errors.js';
import type { EventQueue } from '../../stores/audit-queue.js';
import type { TrailTable } from '../../stores/contract.js';
import { type SlowDownDeps, slowDown } from '../slow-down.js';

export interface OpeningRateDeps extends SlowDownDeps {
  /** Null where there is no vault. */
  readonly trail: () => Promise<TrailTable | null>;
  readonly queue: EventQueue;
}

/**
 * After a few wrong passphrases each further one waits before it is read; see {@link slowDown}. Other sources do not wait: nobody
 * guesses 32 random bytes.
 *
 * @returns waits for the turn of one more passphrase; rejects with the interruption's reason
 */
export function passphraseTurns(deps: OpeningRateDeps): () => Promise<void> {
  let waitedFor = 0;
  return async () => {
    const count = await countOf(deps);
    const before = waitedFor;
    waitedFor = count;
    // A command that has waited and opened the vault may need the passphrase again, and has guessed nothing meanwhile.
    if (count < WRONG_PASSPHRASES || count === before) return;
    const why = `${count} wrong passphrases were given within the last 15 minutes`;
    await slowDown(deps, count - WRONG_PASSPHRASES, { event: 'passphrases_slowed', count }, why);
  };
}

/** Where it cannot be told, the damage is said by whoever opens the vault. */
async function countOf({ trail, queue, clock }: OpeningRateDeps): Promise<number> {
  try {
    return await wrongPassphrases(await trail(), queue, clock.now());
  } catch (failure) {
    if (failure instanceof VaultError) return 0;
    throw failure;
  }
}
