import { WRONG_PASSPHRASES, wrongPassphrases } from '../../audit/abuse.js';
import type { Audit } from '../../audit/events.js';
import { formatDuration, SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { EventQueue, TrailTable } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';

const LONGEST_PAUSE = 30 * SECOND;

export interface OpeningRateDeps {
  /** Null where there is no vault. */
  readonly trail: () => Promise<TrailTable | null>;
  readonly queue: EventQueue;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notice: (line: string) => void;
  readonly interruption: AbortSignal;
}

/**
 * After a few wrong passphrases each further one waits before it is read: 1, 2, 4 s and so on up to half a minute. It is never
 * refused, because the owner must be able to get in. Other sources do not wait: nobody guesses 32 random bytes.
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
    const pause = Math.min(LONGEST_PAUSE, SECOND * 2 ** (count - WRONG_PASSPHRASES));
    deps.audit.record({ event: 'passphrases_slowed', count });
    deps.notice(
      `${count} wrong passphrases were given within the last 15 minutes, so this one waits ${formatDuration(pause)}; vault audit --since 1h shows them`,
    );
    await deps.clock.sleep(pause, deps.interruption);
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
