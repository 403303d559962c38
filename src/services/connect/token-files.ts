import { dirname } from 'node:path';
import type { Context } from '../../context.js';
import { EXIT_CODES, VaultError } from '../../domain/errors.js';
import { MIN_VALID } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { Vault } from '../../vault/vault.js';
import { type NameContext, selectAccount } from '../select-account.js';
import type { TokenRequest } from '../token/token-request.js';
import { readConnections } from './connections.js';

/* Files with a token, for programs that read a file and run no helper: `vault connect` writes them, and the agent keeps them fresh. */

export type GetToken = (request: TokenRequest) => Promise<ValidToken>;

/** A private file, replaced in one step, so that a reader never sees a part of a token. @throws VaultError as `getToken` */
export async function writeTokenFile(
  { files }: Pick<Context, 'files'>,
  file: string,
  account: string,
  getToken: GetToken,
): Promise<void> {
  const wanted = { selector: account, minValid: MIN_VALID, scopes: [], refresh: false, withIdentity: false };
  const { accessToken } = await getToken(wanted);
  files.ensureFolder(dirname(file));
  files.replace(file, Buffer.from(accessToken.reveal(), 'utf8'));
}

/**
 * Writes the files whose account has changed since the last call; the first call writes all.
 *
 * @param withVault runs an action with the vault as it is now
 */
export function tokenFileKeeper(
  ctx: NameContext & Pick<Context, 'files' | 'notice' | 'paths'>,
  withVault: <T>(action: (vault: Vault | null) => Promise<T>) => Promise<T>,
  getToken: GetToken,
): () => Promise<void> {
  const written = new Map<string, number>();

  async function keep(file: string, account: string): Promise<void> {
    const { generation } = await withVault((vault) =>
      selectAccount({ ...ctx, wantedAccount: null }, vault, account, 'token'),
    );
    if (written.get(file) === generation && ctx.files.exists(file)) return;
    await writeTokenFile(ctx, file, account, getToken);
    written.set(file, generation);
  }

  return async () => {
    for (const { account, changes } of readConnections(ctx))
      for (const change of changes) {
        if (change.kind !== 'token') continue;
        await keep(change.file, account).catch((failure: unknown) => {
          if (!(failure instanceof VaultError)) throw failure;
          // What is wrong with the account, the check has reported.
          if (failure.exitCode === EXIT_CODES.vault_not_writable)
            ctx.notice(`the token in ${change.file} was not renewed: ${failure.message}`, failure.hint);
        });
      }
  };
}
