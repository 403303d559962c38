import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { renewedToken } from './refused.js';
import { type TokenContext, token } from './token.js';

export interface ExecRequest {
  readonly selector: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The environment variable that holds the token; null: none. */
  readonly variable: string | null;
  /** Whether Google's libraries in the program get their tokens from a metadata server. */
  readonly metadataServer: boolean;
  /** The exit code by which the program reports that its token was refused; null: none. */
  readonly retryExit: number | null;
  /** Milliseconds. */
  readonly minValid: number;
  readonly scopes: readonly string[];
}

type ExecContext = TokenContext & Pick<Context, 'runInForeground' | 'release' | 'serveDescendants'>;

/** Our own settings. Other programs' `VAULT_ADDR` and the like are not among them. */
const OWN_SETTINGS = /^VAULT_(?:HOME|PROFILE|ACCOUNT|KEY_FILE|PASSPHRASE_(?:FILE|FD))$|_CLIENT_SECRET$/;

/**
 * Runs a program with a valid access token in its environment. When it ends with the exit code that means "unauthorized", the
 * account is refreshed and the program is run once more, unless it was asked to stop.
 *
 * @param warn gets the warnings
 * @returns the program's exit code
 * @throws VaultError as {@link token}, before the first run or the second; `command_not_found`, `command_not_executable`
 */
export async function execute(
  ctx: ExecContext,
  request: ExecRequest,
  warn: (line: string) => void,
): Promise<number> {
  const wanted = {
    ...request,
    verb: 'exec' as const,
    refresh: false,
    withIdentity: request.metadataServer,
  };
  const valid = await token(ctx, wanted);
  const first = await runWith(ctx, request, valid, warn);
  if (first.exitCode !== request.retryExit || first.stopped) return first.exitCode;
  const renewed = await renewedToken((again) => token(ctx, again), wanted, valid);
  return (await runWith(ctx, request, renewed, warn)).exitCode;
}

async function runWith(
  ctx: ExecContext,
  request: ExecRequest,
  { account, accessToken, warning }: ValidToken,
  warn: (line: string) => void,
) {
  const { program, args, variable, metadataServer } = request;
  if (warning !== null) warn(warning);
  // The program may run for days. Copies of a key that Node made stay in memory nevertheless.
  await ctx.release();
  const inherited = Object.entries(ctx.host.env).filter(([name]) => !OWN_SETTINGS.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    ...(variable !== null && { [variable]: accessToken.reveal() }),
  };
  if (!metadataServer) return ctx.runInForeground(program, args, env);
  const { metadataEnvironment, serveMetadata } = await import('./metadata-server.js');
  const server = await serveMetadata(ctx, () => tokenMeanwhile(ctx, request, accountName(account)));
  try {
    return await ctx.runInForeground(program, args, metadataEnvironment(server.host, env));
  } finally {
    await server.close();
  }
}

/** A token while the program runs, when nothing may be printed; the key is not kept from one to the next. */
async function tokenMeanwhile(ctx: ExecContext, request: ExecRequest, selector: string): Promise<ValidToken> {
  try {
    const wanted = { ...request, selector, refresh: false, withIdentity: true };
    return await token({ ...ctx, notice: () => undefined }, wanted);
  } finally {
    await ctx.release();
  }
}

/** A name that shells and programs can read. @throws VaultError `usage` */
export function checkVariable(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new VaultError(
    'usage',
    '--env takes the name of a variable: letters, digits and _, not beginning with a digit',
  );
}
