import { defaultSetting } from '../../config/key-source.js';
import type { KnownKeySource } from '../../health/contract.js';
import type { KeySource, KeySourceSetting } from '../../keysources/contract.js';
import type { VaultHead } from '../../stores/contract.js';

/**
 * The source this machine uses, then the others the vault has a key in, except for a command that is not in use: nothing here
 * says how to run it.
 *
 * @param head null where there is no vault, or it cannot be read
 */
export async function knownKeySources(
  inForce: KeySourceSetting,
  head: VaultHead | null,
  sourceFor: (setting: KeySourceSetting) => Promise<KeySource>,
): Promise<readonly KnownKeySource[]> {
  const kinds = new Set((head?.masterKeys ?? []).map(({ source }) => source));
  kinds.delete(inForce.kind);
  const others = [...kinds].flatMap((kind) => defaultSetting(kind) ?? []);
  const known = [{ setting: inForce, inUse: true }, ...others.map((setting) => ({ setting, inUse: false }))];
  return Promise.all(known.map(async ({ setting, inUse }) => ({ source: await sourceFor(setting), inUse })));
}
