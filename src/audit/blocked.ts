import { DAY } from '../domain/duration.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';
import { since } from './reading.js';

const SEARCHED = 30 * DAY;
const BLOCKS: readonly unknown[] = ['vault_rolled_back', 'vault_cloned'];
const LIFTS: readonly unknown[] = ['rollback_accepted', 'refreshed', 'vault_created'];

/**
 * When the vault was found to be an older copy or at another place, so that nothing is refreshed. Needs no key, so it is known only
 * once a command with the key has noticed it.
 *
 * @param trail null where there is no vault
 * @returns milliseconds since the epoch; null when it was accepted or refreshed since, or never found
 */
export async function blockedSince(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<number | null> {
  for await (const { at, said } of since(now - SEARCHED, trail, queue)) {
    if (said['event'] === 'integrity_alarm' && BLOCKS.includes(said['code'])) return at;
    if (LIFTS.includes(said['event'])) return null;
  }
  return null;
}
