import { holdingVault } from '../../access/vault-lock.js';
import { accountNamesIn, namesInConfig } from '../../config/account-names.js';
import { changedConfigJson } from '../../config/config-json.js';
import type { Context } from '../../context.js';
import type { AccountNames } from '../../domain/account-names.js';
import type { ChangedSetting } from '../../domain/audit-events.js';

export type ChangeContext = Pick<
  Context,
  'audit' | 'files' | 'interruption' | 'locks' | 'paths' | 'readText'
>;

/**
 * Replaces a settings file atomically, one process at a time.
 *
 * @param change gets its text, null when there is no such file, and returns the new one
 * @returns whether the text is another one now
 * @throws VaultError `vault_not_writable`, `vault_permissions`, `busy`; what `change` throws, and then nothing is changed
 */
export async function changeSettings(
  ctx: ChangeContext,
  file: string,
  what: ChangedSetting,
  change: (text: string | null) => string | Promise<string>,
): Promise<boolean> {
  const { audit, files, paths, readText } = ctx;
  return holdingVault(
    ctx,
    async () => {
      const before = readText(file);
      const after = await change(before);
      if (after === before) return false;
      files.ensureFolder(paths.config);
      files.replace(file, Buffer.from(after, 'utf8'));
      audit.record({ event: 'configuration_changed', what });
      return true;
    },
    ctx.interruption,
  );
}

/** Changes aliases and defaults in `config.json`. @throws VaultError as {@link changeSettings}, `config_invalid` */
export async function changeNames(
  ctx: ChangeContext,
  change: (names: AccountNames) => AccountNames,
): Promise<void> {
  const { configFile } = ctx.paths;
  await changeSettings(ctx, configFile, 'config_file', (text) =>
    changedConfigJson(text, configFile, (config) => ({
      ...config,
      ...namesInConfig(change(accountNamesIn(config, configFile))),
    })),
  );
}
