import { VaultError } from '../../domain/errors.js';
import type { ExecRequest, TokenRequest, ValidToken } from '../contract.js';
import { renewedToken } from '../refresh/renewed-token.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ExecDeps {
  readonly token: (request: TokenRequest) => Promise<ValidToken>;
  /** Runs a program to its end in our place. `stopped`: somebody asked it to stop meanwhile. @throws VaultError */
  readonly run: (
    program: string,
    args: readonly string[],
    env: Environment,
  ) => Promise<{ readonly exitCode: number; readonly stopped: boolean }>;
  /**
   * Closes keys, files and helpers until the next token is asked for: the program may run for days. Copies of a key that Node
   * made stay in memory all the same.
   */
  readonly rest: () => Promise<void>;
  readonly env: Environment;
}

/** What is ours in the environment. Other programs' `VAULT_ADDR` and the like are not. */
const OWN_SETTINGS = /^VAULT_(?:HOME|PROFILE|KEY_FILE|PASSPHRASE_(?:FILE|FD))$|_CLIENT_SECRET$/;

/**
 * Runs a program with a valid access token in its environment. When it ends with the exit code that says "unauthorized",
 * the account is refreshed and the program is run once more, unless somebody has asked it to stop.
 *
 * @param warn told what a person should know though nothing failed
 * @returns the program's exit code
 * @throws VaultError as `ensureValid`, before the first run or the second; `command_not_found`, `command_not_executable`
 */
export async function execute(
  deps: ExecDeps,
  request: ExecRequest,
  warn: (line: string) => void,
): Promise<number> {
  const wanted = { ...request, refresh: false, withIdentity: false };
  const token = await deps.token(wanted);
  const first = await runWith(deps, request, token, warn);
  if (first.exitCode !== request.retryExit || first.stopped) return first.exitCode;
  const renewed = await renewedToken(deps.token, wanted, token);
  return (await runWith(deps, request, renewed, warn)).exitCode;
}

async function runWith(
  deps: ExecDeps,
  { program, args, variable }: ExecRequest,
  { accessToken, warning }: ValidToken,
  warn: (line: string) => void,
) {
  if (warning !== null) warn(warning);
  await deps.rest();
  const inherited = Object.entries(deps.env).filter(([name]) => !OWN_SETTINGS.test(name));
  return deps.run(program, args, { ...Object.fromEntries(inherited), [variable]: accessToken.reveal() });
}

/** A name that shells and programs can read. @throws VaultError `usage` */
export function checkVariable(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new VaultError(
    'usage',
    '--env takes the name of a variable: letters, digits and _, no digit in front',
  );
}
