import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { orElse, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Host, Paths } from './contract.js';
import { appleFolders, windowsFolders } from './paths-rest.js';

const APP = 'token-vault';
const PROFILE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What the vault without a profile is called where a name is needed. */
export const DEFAULT_PROFILE = 'default';

export function isProfileName(name: string): boolean {
  return PROFILE.test(name);
}

/**
 * The paths of the vault: below `VAULT_HOME` when set, else in the platform's data, configuration and state folders (XDG
 * Base Directory Specification, Apple's and Microsoft's conventions). A profile is a folder below each. The current
 * directory never matters.
 *
 * @param profile null: `VAULT_PROFILE` decides, where an empty string means none
 * @throws VaultError `config_invalid`
 */
export function resolvePaths(host: Pick<Host, 'env' | 'platform'>, profile: string | null): Paths {
  const named = profile ?? host.env['VAULT_PROFILE'] ?? '';
  const name = named === DEFAULT_PROFILE ? '' : named;
  // An unset variable in `--profile "$WHO"` must not select the default vault.
  if (profile === '' || (name !== '' && !isProfileName(name))) {
    throw new VaultError(
      'config_invalid',
      'a profile name is made of letters, digits, dots, dashes and underscores',
      { hint: `for example: ${command('list', 'work')}` },
    );
  }
  const roots = baseFolders(host);
  const under = (root: string) => (name === '' ? root : join(root, 'profiles', name));
  const data = under(roots.data);
  const config = under(roots.config);
  const state = under(roots.state);
  return {
    data,
    config,
    state,
    database: join(data, 'vault.db'),
    locks: join(data, 'locks'),
    configFile: join(config, 'config.json'),
    envFile: join(config, '.env'),
    keyFile: join(config, 'master.key'),
    securityLog: join(state, 'security.log'),
    marks: join(state, 'marks'),
    secondMarks: secondMarks(host),
    machineFile: join(state, 'machine'),
    profile: name === '' ? null : name,
  };
}

interface Roots {
  readonly data: string;
  readonly config: string;
  readonly state: string;
}

function baseFolders({ env, platform }: Pick<Host, 'env' | 'platform'>): Roots {
  const override = env['VAULT_HOME'];
  if (override !== undefined && override !== '') {
    if (!isAbsolute(override)) {
      throw new VaultError('config_invalid', 'VAULT_HOME must be an absolute path', {
        hint: 'for example: export VAULT_HOME="$HOME/.token-vault"',
      });
    }
    return { data: override, config: override, state: override };
  }
  return platformFolders({ env, platform }, homeFolder({ env, platform }));
}

/**
 * In the state folder that would be used without `VAULT_HOME`. Only when the environment sets a home: nothing is written
 * where no user would look for it.
 */
function secondMarks({ env, platform }: Pick<Host, 'env' | 'platform'>): Paths['secondMarks'] {
  const apart = env['VAULT_HOME'] ?? '';
  const stated = platform === 'linux' ? absolute(env['XDG_STATE_HOME']) : null;
  const home = stated ?? absolute(env[platform === 'win32' ? 'USERPROFILE' : 'HOME']);
  if (apart === '' || home === null) return null;
  const { state } = platformFolders({ env, platform }, home);
  return { home, folder: join(state, 'second-marks'), apart };
}

function platformFolders({ env, platform }: Pick<Host, 'env' | 'platform'>, home: string): Roots {
  if (platform === 'win32') return windowsFolders(env, home, APP);
  if (platform === 'darwin') return appleFolders(home, APP);
  const xdg = (variable: string, fallback: string) =>
    join(absolute(env[variable]) ?? join(home, fallback), APP);
  return {
    data: xdg('XDG_DATA_HOME', '.local/share'),
    config: xdg('XDG_CONFIG_HOME', '.config'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
  };
}

function homeFolder({ env, platform }: Pick<Host, 'env' | 'platform'>): string {
  const home = absolute(env[platform === 'win32' ? 'USERPROFILE' : 'HOME']) ?? absolute(registeredHome());
  if (home !== null) return home;
  throw new VaultError('config_invalid', 'there is no home folder to keep the vault in', {
    hint: 'name an absolute folder: export VAULT_HOME=/path/to/vault',
  });
}

/** From the user list of the system, in which a container's user may be missing. */
function registeredHome(): string | undefined {
  return orElse(() => userInfo().homedir, undefined);
}

/** The XDG specification says to ignore relative paths. */
function absolute(path: string | undefined): string | null {
  return path !== undefined && isAbsolute(path) ? path : null;
}
