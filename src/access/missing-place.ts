import { closest } from '../domain/closest.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Host, Paths } from '../system/contract.js';
import { readOnlyFs } from '../system/files/read-only.js';
import { DEFAULT_PROFILE } from '../system/paths.js';
import { profileNames } from '../system/profiles.js';

/**
 * Where there is no vault: its place may be mistyped. A profile that has no folder, or a `VAULT_HOME` that is none, is not taken
 * for an empty vault.
 *
 * @throws VaultError `config_invalid`
 */
export function requirePlace(host: Pick<Host, 'env' | 'platform'>, paths: Paths): void {
  const isFolder = (path: string) => readOnlyFs.info(readOnlyFs.real(path) ?? path)?.kind === 'folder';
  const { profile } = paths;
  const home = host.env['VAULT_HOME'] ?? '';
  if (profile !== null && !isFolder(paths.data) && !isFolder(paths.config)) {
    const names = [DEFAULT_PROFILE, ...profileNames(host)];
    const guess = closest(profile, names);
    const others = names.length > 1 ? [`profiles: ${names.join(', ')}`] : [];
    const meant = guess === null ? others : [`did you mean ${guess}?`];
    throw new VaultError('config_invalid', `there is no profile ${profile} yet`, {
      hint: [...meant, `to make it, step by step: ${command('setup', profile)}`].join('\n'),
    });
  }
  if (home === '' || isFolder(home)) return;
  const isMissing = readOnlyFs.info(home) === null;
  const what = isMissing ? 'does not exist' : 'is not a folder';
  const make = `\nto make a vault there: mkdir -p -m 700 ${quoted(home)}; ${command('init')}`;
  throw new VaultError('config_invalid', `VAULT_HOME is ${home}, which ${what}`, {
    hint: `check it: echo "$VAULT_HOME"${isMissing ? make : ''}`,
  });
}
