import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import type { Addon, AddonRecord } from '../system/native-addon.js';
import { VERSION } from '../version.js';

/* Records the native addon and compares it with the record. Never loaded for a valid token. */

/** The native addon as it is and as it was recorded. */
export interface AddonState {
  readonly addon: Addon;
  /** In hex. */
  readonly sha256: string;
  /** Where it is recorded. */
  readonly file: string;
  readonly recorded: AddonRecord | null;
}

interface AddonParts {
  readonly host: Pick<Host, 'versions' | 'ownNode'>;
  readonly paths: Pick<Paths, 'state'>;
  readonly files: Files;
}

/** Records it unless it is recorded already. A failure to record it is ignored. */
export async function noteAddon(parts: AddonParts & { readonly clock: Pick<Clock, 'now'> }): Promise<void> {
  const { recordAddon } = await import('../system/native-addon.js');
  const addon = await addonOf(parts);
  try {
    if (addon !== null) recordAddon(fileOf(parts), addon, parts.files, parts.clock.now());
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
}

/** The native addon as it is, and as it was recorded; null where there is none. */
export async function addonState(parts: AddonParts): Promise<AddonState | null> {
  const { recordedAddon, sha256Of } = await import('../system/native-addon.js');
  const addon = await addonOf(parts);
  if (addon === null) return null;
  const file = fileOf(parts);
  return {
    addon,
    sha256: sha256Of(addon.path),
    file,
    recorded: recordedAddon(file, addon.path, parts.files),
  };
}

async function addonOf({ host }: AddonParts) {
  const [{ addonAt }, { nativeBinding }] = await Promise.all([
    import('../system/native-addon.js'),
    import('../stores/sqlite-open.js'),
  ]);
  return addonAt(nativeBinding(), { vault: VERSION, modules: host.versions.modules }, host.ownNode);
}

function fileOf({ paths }: AddonParts): string {
  return join(paths.state, 'addon.json');
}
