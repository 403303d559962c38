import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { AddonState } from '../health/contract.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import { VERSION } from '../version.js';

/* How the native addon is recorded and looked at: never for a token that is valid, which must cost little. */

interface AddonParts {
  readonly host: Pick<Host, 'versions'>;
  readonly paths: Pick<Paths, 'state'>;
  readonly files: Files;
}

/** Records it where it is not recorded yet. That it could not be recorded keeps nothing from working. */
export async function noteAddon(parts: AddonParts & { readonly clock: Pick<Clock, 'now'> }): Promise<void> {
  const { file, addon, addons } = await addonOf(parts);
  try {
    if (addon !== null) addons.recordAddon(file, addon, parts.files, parts.clock.now());
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
}

/** As it is and as it was recorded; null where there is none. */
export async function addonState(parts: AddonParts): Promise<AddonState | null> {
  const { file, addon, addons } = await addonOf(parts);
  if (addon === null) return null;
  const { sha256Of, recordedAddon } = addons;
  return {
    addon,
    sha256: sha256Of(addon.path),
    file,
    recorded: recordedAddon(file, addon.path, parts.files),
  };
}

async function addonOf({ host, paths }: AddonParts) {
  const [addons, { nativeBinding }] = await Promise.all([
    import('../system/native-addon.js'),
    import('../stores/sqlite-library.js'),
  ]);
  const addon = addons.addonAt(nativeBinding(), { vault: VERSION, modules: host.versions.modules });
  return { file: join(paths.state, 'addon.json'), addon, addons };
}
