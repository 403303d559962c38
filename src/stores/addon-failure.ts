import { VaultError } from '../domain/errors.js';

/** Explains why the native addon cannot be loaded. @returns other failures as they are */
export function asAddonFailure(failure: unknown): unknown {
  const code = failure instanceof Error && 'code' in failure ? failure.code : null;
  if (!(failure instanceof Error) || (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_DLOPEN_FAILED'))
    return failure;
  // As the loader writes it: version `GLIBC_2.34' not found.
  if (failure.message.includes('GLIBC')) {
    return new VaultError(
      'installation_broken',
      'the native addon of better-sqlite3 was built for a system with a newer C library than this one',
      { hint: 'install token-vault with npm, which builds it for this system', cause: failure },
    );
  }
  return new VaultError(
    'installation_broken',
    'better-sqlite3 is not built for this version of Node: install scripts were not allowed, or Node has changed since',
    {
      hint: 'in the folder where token-vault is installed, type: npm rebuild better-sqlite3',
      cause: failure,
    },
  );
}
